package rest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Dialect says how a service speaks of jobs: how it is asked, and where in its JSON answers what
// stands. A field that is left zero has the default that its comment names, so that the zero
// Dialect is the default dialect.
//
// A place in an answer is a path: the keys on the way, joined by dots, such as "payload.status".
// "." is the whole answer, and "-" reads nothing. A key that is read and stands twice makes the
// answer malformed, and so does a status with a key on its way that stands in another case, too.
// Any other value that is missing, or not of the kind that is read there, counts as not said.
//
// Printing a Dialect, a Call or a Batch prints neither queries nor bodies, which may hold secrets.
type Dialect struct {
	// Create starts a job; the default is POST /.
	Create Call
	// Status asks about a job; the default is GET /status/{id}.
	Status Call
	// Cancel asks for a job's end; the default is DELETE /status/{id}.
	Cancel Call

	// Batch asks about many jobs in one request; the default is none.
	Batch Batch

	// CreateBody is sent, as JSON, by a create that was given no input; the default is no body.
	CreateBody any
	// IdempotencyHeader carries a create's idempotency key; the default is Idempotency-Key.
	IdempotencyHeader string
	// ID is where the answer to a create names the job; the default is payload.jobID.
	ID string

	// State is where the answer to a status call says how the job stands; the default is
	// payload.status. A string, a number or a boolean there is a word of States. An object or an
	// array makes the answer malformed.
	State string
	// States maps the service's words to states; the default is DefaultStates. A word that is not
	// found just so is looked for without regard to case and surrounding space, and a number by its
	// value, so that 2.0 is 2; such a word counts if it can mean one state only. The word "null"
	// stands for a state that is null or absent, and "" for an empty one. A word that States lacks
	// is [transport.Unknown], with the word in Raw. Without "null" in States, an answer of 202 or
	// 204 without a state is [transport.Pending], and any other is malformed.
	States map[string]transport.State
	// Strict makes a word that States lacks an error that matches transport.ErrMalformed.
	Strict bool

	// Progress is where a number says how much is done; the default is payload.progress.
	Progress string
	// ProgressScale is the progress of a job that is done; the default is 1. It is 100 for a
	// service that counts percent.
	ProgressScale float64
	// Message is where a text for a person stands; the default is payload.message.
	Message string
	// Error is where a text says why a job failed or was canceled; the default is payload.error. It
	// then takes the place of the message.
	Error string
	// Result is where the job's result stands; the default is payload.result.
	Result string
	// Revision is where a text tells two versions of the answer apart; the default is the answer's
	// ETag.
	Revision string
	// Created, Updated and Finished are where the job's times stand, as RFC 3339 or in seconds
	// since 1970; the default is nowhere.
	Created, Updated, Finished string

	// Classify, if not nil, has the last word on every answer to a status call: it is given the
	// HTTP status code, the body and what the client made of them, and what it returns is the
	// answer. An error that is not a *transport.Error counts as transient. The body has at most as
	// many bytes as WithMaxBody says and may be used only until Classify returns. Of a batch it is
	// given one item after another in place of the body, and no answer that is an error as a whole.
	Classify func(code int, body []byte, s transport.Status, err error) (transport.Status, error)
}

// Call is one way of asking.
type Call struct {
	// Method is the HTTP method.
	Method string
	// Path is appended to the base URL's path. It begins with a slash, may have a query, and is
	// sent with {id} replaced by the job's id, escaped. A query is kept out of logs and errors.
	Path string
}

// String returns the method and the path, without the query.
func (c Call) String() string { return c.Method + " " + withoutQuery(c.Path) }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (c Call) GoString() string { return c.String() }

// withoutQuery returns a path with its query masked.
func withoutQuery(path string) string {
	if path, query, _ := strings.Cut(path, "?"); query != "" {
		return path + "?" + redact.Mask
	}
	return path
}

// String returns how the service is asked about one job, and where the state stands in its answer.
func (d Dialect) String() string {
	d = d.WithDefaults()
	return d.Status.String() + ", state at " + d.State
}

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (d Dialect) GoString() string { return d.String() }

// WithDefaults returns d with each field that is zero set to its default, where it has one.
func (d Dialect) WithDefaults() Dialect {
	d.Create = Call{cmp.Or(d.Create.Method, http.MethodPost), cmp.Or(d.Create.Path, "/")}
	d.Status = Call{cmp.Or(d.Status.Method, http.MethodGet), cmp.Or(d.Status.Path, "/status/{id}")}
	d.Cancel = Call{cmp.Or(d.Cancel.Method, http.MethodDelete), cmp.Or(d.Cancel.Path, "/status/{id}")}
	d.Batch = d.Batch.withDefaults()
	d.IdempotencyHeader = cmp.Or(d.IdempotencyHeader, "Idempotency-Key")
	d.ID = cmp.Or(d.ID, "payload.jobID")
	d.State = cmp.Or(d.State, "payload.status")
	if d.States == nil {
		d.States = DefaultStates()
	}
	d.Progress = cmp.Or(d.Progress, "payload.progress")
	d.ProgressScale = cmp.Or(d.ProgressScale, 1)
	d.Message = cmp.Or(d.Message, "payload.message")
	d.Error = cmp.Or(d.Error, "payload.error")
	d.Result = cmp.Or(d.Result, "payload.result")
	return d
}
