// Package transport defines how a Watcher asks a service about a job. It has the [Transport]
// interface, the [Status] that a Transport returns, and the errors that a Watcher acts on. It
// imports no third-party package, so a Transport of your own needs no further dependency.
//
// A transport for a service of your own is one method:
//
//	type Builds struct{ db *sql.DB }
//
//	func (b Builds) Status(ctx context.Context, id string) (transport.Status, error) {
//		var done bool
//		row := b.db.QueryRowContext(ctx, `select done from builds where id = $1`, id)
//		if err := row.Scan(&done); err != nil {
//			return transport.Status{}, err
//		}
//		if done {
//			return transport.Status{ID: id, State: transport.Completed}, nil
//		}
//		return transport.Status{ID: id, State: transport.Running}, nil
//	}
//
// A transport that can do more implements further interfaces of this package. A Watcher finds them
// by type assertion.
package transport

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Transport asks a service about one job, once.
//
// Status returns what the service says about the job now. It must not retry for long or wait
// between polls, because the Watcher does that. It should return soon after ctx is done. An error
// counts as transient, and the watch goes on, unless it is an [*Error] that says otherwise. The
// context may outlive the call, so Status must end everything that it starts under ctx.
//
// A Transport must be safe for concurrent use.
type Transport interface {
	Status(ctx context.Context, id string) (Status, error)
}

// Creator is a Transport that can start a job. Create returns the id of the job.
type Creator interface {
	Create(ctx context.Context, req CreateRequest) (id string, err error)
}

// Starter is a Transport that can start a job and return the service's first answer about it. A
// Watcher prefers it to Creator.
//
// Start returns the job's first Status. Its ID is the id under which the job can be watched, and
// its RetryAfter is the wait before the first poll. A terminal State means that there is nothing to
// wait for; the ID may then be empty.
type Starter interface {
	Start(ctx context.Context, req CreateRequest) (Status, error)
}

// Fetcher is a Transport that can fetch the result of a completed job. It is for results that are
// not in the job's status, or are too large for it.
//
// Fetch returns the result of the job whose last Status is done. The caller reads it once and
// closes it. An error that matches [errors.ErrUnsupported] means that the result is done.Result.
type Fetcher interface {
	Fetch(ctx context.Context, done Status) (io.ReadCloser, error)
}

// CreateRequest describes the job that a Creator starts. The zero value starts the service's
// default job.
type CreateRequest struct {
	// Input describes the job in the transport's own terms. For an HTTP transport it is the body,
	// encoded as JSON.
	Input any
	// IdempotencyKey makes it safe to send a create twice: a service that knows the key returns the
	// job that it started before. A transport must not send a create twice without a key.
	IdempotencyKey string
}

// String returns the type of the input, and whether there is a key. It prints neither the input nor
// the key, because they may hold secrets.
func (r CreateRequest) String() string {
	text := "create"
	if r.Input != nil {
		text += fmt.Sprintf(" with an input of type %T", r.Input)
	}
	if r.IdempotencyKey != "" {
		text += " with an idempotency key"
	}
	return text
}

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (r CreateRequest) GoString() string { return r.String() }

// Canceler is a Transport that can ask a service to cancel a job. A nil error means that the
// service accepted the request. The job has ended when its Status says so.
type Canceler interface {
	Cancel(ctx context.Context, id string) error
}

// Conditional is a Transport that can ask whether a job has changed since an earlier answer, as
// HTTP does with If-None-Match. A Watcher calls StatusSince instead of Status once it has an answer
// with a Revision. If nothing changed, StatusSince returns last with the RetryAfter of the new
// answer.
type Conditional interface {
	StatusSince(ctx context.Context, id string, last Status) (Status, error)
}

// Batcher is a Transport that can ask about many jobs in one request.
//
// StatusBatch asks about at most MaxBatch jobs. No id occurs twice. It returns an [Answer] for each
// job, in any order. The ID of an Answer's Status names the job. If a job has no Answer, the
// Watcher asks about it again, in a smaller batch or alone. A Watcher asks about a single job by
// Status.
//
// The error is about the whole request. If it is an [*Error] of class [Oversized], the Watcher
// sends smaller batches from then on. If the error would end a watch, the Watcher halves the batch
// until the error is about a single job. So it ends only the watch of that job.
//
// A MaxBatch below 2 means that the Transport, as configured, cannot batch. A Watcher calls it
// once, when it is made.
type Batcher interface {
	StatusBatch(ctx context.Context, ids []string) ([]Answer, error)
	MaxBatch() int
}

// Fitter is a Batcher whose requests have another bound besides the number of jobs, such as the
// length of a URL.
//
// Fit returns how many of ids, counted from the first, fit into one request: at least 1 and at most
// len(ids), or 0 if there are no ids. A Watcher calls Fit before each batch and leaves the other
// jobs to later batches. Fit must be safe for concurrent use and fast, and must make no request.
type Fitter interface {
	Fit(ids []string) int
}

// Answer is what a batch says about one job: its Status, or the error that kept its status from
// being known. Status.ID is always set.
type Answer struct {
	Status Status
	Err    error
}

// Holder is a Transport whose service can keep a request open until the job changes, which is known
// as long polling. A Watcher calls Hold for some of its jobs and polls all others. The first
// request about a new job is never a hold.
//
// Hold returns when the job differs from last, or when about d has passed, whichever comes first.
// The argument last is the newest Status of the job. It is zero but for its ID if no poll was
// answered, and has no Revision if no answer had one. A Status that says nothing new is a valid
// result. An error that matches [errors.ErrUnsupported] means that requests about this job cannot
// be held, and that no request was made. The caller then polls.
//
// The deadline of ctx leaves time beyond d for the answer.
type Holder interface {
	Hold(ctx context.Context, id string, last Status, d time.Duration) (Status, error)
}

// Notifier delivers what a service says without being asked, as a webhook or a stream of events
// does. It may also be a Transport, or be used beside one.
//
// Notify calls notify for each Status that the service sends, from one goroutine or several, and
// returns when ctx is done or when notifications may have been missed. It need not return when a
// lost connection is resumed without a gap. Status.ID names the job. A Watcher keeps a Status of a
// job that nobody waits for yet for a minute. A call with the zero Status says that the Notifier
// has begun to listen. A Watcher polls at its usual pace until notify is first called.
//
// A Watcher runs Notify on one goroutine and calls it again, with backoff, after it has returned.
// If Notify returns an [*Error] of class [Permanent], it is not called again. Notify must return
// soon after ctx is done, and must not call notify after it has returned. The function notify does
// not block.
type Notifier interface {
	Notify(ctx context.Context, notify func(Status)) error
}

// Truster is a Notifier that says whether its terminal Statuses are final. If Trusted returns
// false, or a Notifier is not a Truster, a Watcher confirms a terminal Status by a poll before it
// ends a wait. Trusted is called once, when the Watcher is made.
type Truster interface {
	Notifier
	Trusted() bool
}
