package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TrinoQuery returns the dialect of statements of Trino, which are run as a user.
//
// A create is the text of the statement. The id is the URL of the next answer: every answer names
// another one, which the Client follows, and an old one must not be asked for again. The statement
// is at its end when an answer names no next one. Trino drops a statement that nobody asks about
// for five minutes.
//
// Behind a proxy that Trino does not know, the next URL has another origin: see [rest.AllowOrigin].
//
// The result is that of the last answer alone, often none. What a query returns stands in all
// answers: this dialect waits for statements that write, such as INSERT and CREATE TABLE AS.
//
// See https://trino.io/docs/current/develop/client-protocol.html.
func TrinoQuery(user string) Service {
	return Service{
		Name: "Trino statements",
		Doc:  "https://trino.io/docs/current/develop/client-protocol.html",
		Dialect: rest.Dialect{
			Header:            map[string]string{"X-Trino-User": user},
			Create:            rest.Call{Path: "/v1/statement", Header: map[string]string{"Content-Type": "text/plain"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "{+id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "{+id}"},
			ID:                "nextUri",
			Next:              "nextUri",
			State:             "nextUri, stats.state, error.errorName",
			States: map[string]transport.State{
				"+, *, *":                    transport.Running,
				"+, QUEUED, *":               transport.Pending,
				"-, FINISHED, -":             transport.Completed,
				"-, FINISHED, +":             transport.Failed,
				"-, FAILED, *":               transport.Failed,
				"-, FAILED, USER_CANCELED":   transport.Canceled,
				"-, FINISHED, USER_CANCELED": transport.Canceled,
			},
			Fault:         "@code",
			Faults:        map[string]transport.Class{"503": transport.Throttled},
			Progress:      "stats.progressPercentage",
			ProgressScale: 100,
			Error:         "error.message, error.errorName",
			Result:        "data",
		},
	}
}
