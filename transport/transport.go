// Package transport says how a watch asks about a job: the Transport interface, the Status it
// answers with, and the errors that a Watcher knows how to act on. It needs the standard library
// only, so that the author of a plugin imports nothing else.
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
// What more a transport can do it says by implementing further interfaces of this package; a
// Watcher finds them by type assertion.
package transport

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Transport asks a service about one job, once.
//
// Status returns what the service says of the job now. It must not retry for long or wait between
// polls: that is the Watcher's part. It should return soon after ctx is done. An error is taken for
// transient, and the watch goes on, unless it is an *Error that says otherwise. The context may go
// on after Status has returned, so that what Status starts under it, Status ends.
//
// A Transport is used by many goroutines at once.
type Transport interface {
	Status(ctx context.Context, id string) (Status, error)
}

// Creator is a Transport that can start a job. Create returns the id under which the job can be
// watched.
type Creator interface {
	Create(ctx context.Context, req CreateRequest) (id string, err error)
}

// Starter is a Transport that can start a job and tell what the service said of it at once. A
// Watcher prefers it to Creator.
//
// Start returns the job's first Status. Its ID is the id under which the job can be watched, and
// its RetryAfter is the wait before the first poll. A terminal State means that there is nothing to
// wait for; the ID may then be empty.
type Starter interface {
	Start(ctx context.Context, req CreateRequest) (Status, error)
}

// Fetcher is a Transport that can ask for what a completed job produced, where that does not stand
// in its status or is too large for it.
//
// Fetch returns the result of the job whose last Status is done. The caller reads it once and
// closes it. An error that matches [errors.ErrUnsupported] means that the result stands in
// done.Result.
type Fetcher interface {
	Fetch(ctx context.Context, done Status) (io.ReadCloser, error)
}

// CreateRequest is what a Creator is asked to start. The zero value asks for the service's plain
// job.
type CreateRequest struct {
	// Input describes the job in the transport's own terms; for an HTTP transport it is the body,
	// encoded as JSON.
	Input any
	// IdempotencyKey makes it safe to ask twice: a service that knows the key answers with the job
	// it already started. A transport never sends a create again without one.
	IdempotencyKey string
}

// String says what a create was given. It prints neither the input nor the key, which may hold
// secrets.
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

// Canceler is a Transport that can ask a service to cancel a job. That Cancel returned nil means
// that the service took the request; the job has ended when its Status says so.
type Canceler interface {
	Cancel(ctx context.Context, id string) error
}

// Conditional is a Transport that can ask whether a job has changed since an earlier answer, as
// HTTP does with If-None-Match. A Watcher calls StatusSince in place of Status once it has an
// answer that carries a Revision. If nothing changed, StatusSince returns last, with the RetryAfter
// that the new answer names.
type Conditional interface {
	StatusSince(ctx context.Context, id string, last Status) (Status, error)
}

// Batcher is a Transport that can ask about many jobs in one request.
//
// StatusBatch asks about at most MaxBatch jobs, no id twice. It returns what the service says of
// each, in any order: the ID of an Answer's Status says whose it is. A job that no answer is about
// has not been answered, and is asked about alone the next time. The error is one of the whole
// request. If it is an *Error of class Oversized, the Watcher asks about fewer at a time from then
// on; if it is one that would end a watch, the Watcher asks about ever fewer of those jobs at a
// time, down to one, so that it ends no watch but the one that it is about. A Watcher asks about a
// single job by Status.
//
// MaxBatch below 2 means that the Transport can't batch as it is configured.
type Batcher interface {
	StatusBatch(ctx context.Context, ids []string) ([]Answer, error)
	MaxBatch() int
}

// Fitter is a Batcher whose requests have a further bound than the number of jobs, such as the
// length of a URL.
//
// Fit returns how many of ids, counted from the first, fit into one request: at least 1 and at most
// len(ids), or 0 if there are no ids. A Watcher calls Fit before each batch and leaves the other
// jobs to later batches. It may be called by many goroutines at once, makes no request, and must be
// fast.
type Fitter interface {
	Fit(ids []string) int
}

// Answer is what a batch says of one job: its Status, or the error with which it could not be told.
// Status.ID is set in either case.
type Answer struct {
	Status Status
	Err    error
}

// Holder is a Transport whose service can keep a request until the job changes, known as long
// polling. A Watcher calls Hold for some of its jobs, once each was seen by Status, and polls all
// others.
//
// Hold returns when the job differs from last, or when about d has passed, whichever comes first.
// last is the newest Status seen of the job; it has no Revision if none was seen. A Status that
// says nothing new is no fault. An error that matches [errors.ErrUnsupported] means that no request
// was made because this job's requests cannot be held; the caller then polls.
//
// The context leaves time beyond d for the answer itself.
type Holder interface {
	Hold(ctx context.Context, id string, last Status, d time.Duration) (Status, error)
}

// Notifier delivers what a service says without being asked, as a webhook or a stream of events
// does. It may be a Transport too, or stand beside one.
//
// Notify calls notify for each Status that the service sends, from one goroutine or several, and
// returns when ctx is done or when notifications may have been missed. A connection that is lost
// and resumed without a gap is no reason to return. Status.ID says which job is meant; jobs that
// nobody waits for are ignored. A call with the zero Status says that the Notifier listens, before
// the service has said anything. A Watcher polls at its usual pace until notify is first called.
//
// A Watcher runs Notify on one goroutine and calls it again, with backoff, after it has returned.
// Notify returns soon after ctx is done, and does not call notify after it has returned. notify
// does not block.
type Notifier interface {
	Notify(ctx context.Context, notify func(Status)) error
}

// Truster is a Notifier that says whether a terminal Status which it delivers is final. A Watcher
// confirms that of any other Notifier by a poll before it ends a wait.
type Truster interface {
	Notifier
	Trusted() bool
}
