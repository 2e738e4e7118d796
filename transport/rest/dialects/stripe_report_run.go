package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// StripeReportRun returns the dialect of report runs of Stripe.
//
// A poll is GET /v1/reporting/report_runs/{id} with a secret key. A create is a form, and may be
// repeated with an idempotency key. The result is the link to the file with the report. To fetch
// the file, pass its origin, https://files.stripe.com, and the secret key to
// [rest.WithOriginToken].
//
// Stripe cannot cancel a report run.
//
// The signature of a webhook is in the header Stripe-Signature: see webhook.Timed.
//
// See https://docs.stripe.com/api/reporting/report_run.
// The webhook is described at
// https://docs.stripe.com/api/events/object.
func StripeReportRun() Service {
	return Service{
		Name:    "Stripe report runs",
		Doc:     "https://docs.stripe.com/api/reporting/report_run",
		BaseURL: "https://api.stripe.com",
		Dialect: rest.Dialect{
			Create: rest.Call{Path: "/v1/reporting/report_runs", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			Status: rest.Call{Path: "/v1/reporting/report_runs/{id}"},
			Cancel: rest.Call{Path: "-"},
			Fetch:  rest.Call{Path: "{+result}"},
			ID:     "id",
			State:  "status",
			States: map[string]transport.State{
				"pending":   transport.Pending,
				"succeeded": transport.Completed,
				"failed":    transport.Failed,
			},
			Fault:    "@code, error.code",
			Faults:   map[string]transport.Class{"409, idempotency_key_in_use": transport.Transient},
			Error:    "error",
			Result:   "result.url",
			Created:  "created",
			Finished: "succeeded_at",
			Event:    rest.Event{At: "data.object"},
		},
	}
}
