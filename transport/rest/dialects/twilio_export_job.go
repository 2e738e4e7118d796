package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TwilioExportJob returns the dialect of jobs of Twilio's BulkExport for a kind of resource, such
// as Calls or Messages.
//
// A poll is GET /v1/Exports/Jobs/{id} with the SID and the token of an account, as the user and
// password of the base URL. A create is a form. The fetched result is the file of the job's first
// day. The file of another day is at /v1/Exports/{resource}/Days/{day}.
//
// Twilio reports how many days of a job have which status. A job is Failed when all days have ended
// and one of them has failed. It is Unknown while a day has a status that this dialect does not
// know.
//
// See https://www.twilio.com/docs/usage/bulkexport.
func TwilioExportJob(resource string) Service {
	exports := "/v1/Exports/" + segment(resource)
	return Service{
		Name:    "Twilio BulkExport jobs",
		Doc:     "https://www.twilio.com/docs/usage/bulkexport",
		BaseURL: "https://bulkexports.twilio.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: exports + "/Jobs", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v1/Exports/Jobs/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v1/Exports/Jobs/{id}"},
			Fetch:             rest.Call{Path: exports + "/Days/{result}"},
			ID:                "job_sid",
			// Each status stands once. Days that all completed leave no room for another one.
			State: "details[status=Running].status, details[status=Submitted].status, details[status=RunningToBeDeleted].status, " +
				"details[status=Failed].status, details[status=ErrorDuringRun].status, details[status=DeletedByUserRequest].status, " +
				"details[status=Completed].status, details[status=CompletedEmptyRecords].status, details[1].status, details[2].status",
			States: map[string]transport.State{
				"+, *, *, *, *, *, *, *, *, *": transport.Running,
				"-, +, *, *, *, *, *, *, *, *": transport.Pending,
				"-, -, +, *, *, *, *, *, *, *": transport.Running,
				"-, -, -, +, *, *, *, *, *, *": transport.Failed,
				"-, -, -, -, +, *, *, *, *, *": transport.Failed,
				"-, -, -, -, -, +, *, *, *, *": transport.Canceled,
				"-, -, -, -, -, -, +, -, -, *": transport.Completed,
				"-, -, -, -, -, -, -, +, -, *": transport.Completed,
				"-, -, -, -, -, -, +, +, *, -": transport.Completed,
				// Days in a status that is not named here.
				"-, -, -, -, -, -, +, -, +, *": transport.Unknown,
				"-, -, -, -, -, -, -, +, +, *": transport.Unknown,
				"-, -, -, -, -, -, +, +, *, +": transport.Unknown,
			},
			Result: "start_day",
		},
	}
}
