package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TrinoQuery returns the dialect of statements of Trino. They run as the given user.
//
// The input of a create is the text of the statement. The id is the URL of the next answer. Every
// answer names a new URL, which the Client polls next; a URL must not be polled twice. The
// statement has ended when an answer names no URL. Trino drops a statement that is not polled for
// five minutes.
//
// Behind a proxy that Trino is not configured for, the next URL has another origin: see
// [rest.AllowOrigin].
//
// The result is only the data of the last answer, which is often empty. The rows of a query are in
// all its answers. So use this dialect for statements that write, such as INSERT and CREATE TABLE
// AS.
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
