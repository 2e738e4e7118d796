package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ConvertAPIJob returns the dialect of asynchronous conversions of ConvertAPI from one format to
// another, such as from docx to pdf.
//
// A poll is GET /async/job/{id}. A create is a form with the file. The result is the list of files.
// Their links are on another host.
//
// The status code is the state of a conversion. About a conversion that failed, every answer is 500
// with a Code.
//
// The webhook has only the id of the conversion, so it makes a Watcher poll. ConvertAPI's pages do
// not name a signature of it. So put a secret into its URL: see webhook.SharedQuery.
//
// See https://docs.convertapi.com/docs/async-conversion.
func ConvertAPIJob(from, to string) Service {
	return Service{
		Name:    "ConvertAPI conversions",
		Doc:     "https://docs.convertapi.com/docs/async-conversion",
		BaseURL: "https://v2.convertapi.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/async/convert/" + segment(from) + "/to/" + segment(to), Header: map[string]string{"Content-Type": "multipart/form-data"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/async/job/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/async/job/{id}"},
			ID:                "JobId",
			State:             "@code, Code, Files",
			States: map[string]transport.State{
				"202, *, *": transport.Running,
				"200, -, +": transport.Completed,
				"500, +, *": transport.Failed,
			},
			Message: "Message",
			Result:  "Files",
		},
	}
}
