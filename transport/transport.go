// Package transport defines how a Watcher asks a service about a job. It has the [Transport]
// interface, the [Status] that a Transport returns, and the errors that a Watcher acts on. It
// imports no third-party package, so a Transport of your own needs no further dependency.
//
// A transport for a service of your own is one method:
//
//	type Builds struct{ db *sql.DB }
//
//	func (b Builds) Status(ctx context.Context, id string) (transport.Status, error) {
//		if err := transport.CheckID(id); err != nil {
//			return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: err}
//		}
//		var done bool
//		err := b.db.QueryRowContext(ctx, `select done from builds where id = $1`, id).Scan(&done)
//		switch {
//		case errors.Is(err, sql.ErrNoRows):
//			return transport.Status{}, &transport.Error{Class: transport.NotFound, Err: err}
//		case err != nil:
//			return transport.Status{}, err
//		case done:
//			return transport.Status{ID: id, State: transport.Completed}, nil
//		default:
//			return transport.Status{ID: id, State: transport.Running}, nil
//		}
//	}
//
// A Transport that can do more, such as start a job, implements further interfaces of this package.
// A Watcher finds them by type assertion.
package transport

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Transport asks a service about one job, once.
//
// Status returns what the service says about the job now. It may repeat a failed request a few
// times, but must leave longer waits to the Watcher. An error counts as [Transient], and the watch
// goes on, unless it is an [*Error] of another class.
//
// Status should return soon after ctx ends. If ctx has ended before the call, Status must make no
// request and must return an error. The context may also outlive the call. Before Status returns,
// it must stop what it has started under ctx, such as a [context.AfterFunc].
//
// A Transport must be safe for concurrent use.
type Transport interface {
	Status(ctx context.Context, id string) (Status, error)
}

// Creator is a Transport that can start a job. Create starts it and returns its id. It must not
// send the request twice unless req has an IdempotencyKey.
type Creator interface {
	Create(ctx context.Context, req CreateRequest) (id string, err error)
}

// Starter is a Transport that can start a job and return the service's first answer about it. If a
// Transport is a Starter and a [Creator], a Watcher calls Start.
//
// Start returns the job's first Status. Its ID is the id by which the job can be polled, and its
// RetryAfter is the wait before the first poll. A terminal State means that the job has already
// ended; the ID may then be empty.
type Starter interface {
	Start(ctx context.Context, req CreateRequest) (Status, error)
}

// Fetcher is a Transport that can fetch the result of a completed job. It is for results that are
// not in the job's status, or are too large for it.
//
// Fetch returns the result of the job. The argument done is the terminal Status of the job. The
// caller reads the result once and closes it. An error that matches [errors.ErrUnsupported] means
// that done.Result is the result.
type Fetcher interface {
	Fetch(ctx context.Context, done Status) (io.ReadCloser, error)
}

// CreateRequest describes the job that a [Creator] or a [Starter] starts. The zero value starts the
// service's default job.
type CreateRequest struct {
	// Input describes the job in the transport's own terms. For an HTTP transport it is the body,
	// encoded as JSON.
	Input any
	// IdempotencyKey makes it safe to send the request twice: a service that has seen the key returns
	// the job that it started before. Without a key, a Transport must not send again a request that
	// may have started a job.
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
// service accepted the request. The job ends when its Status is terminal.
type Canceler interface {
	Cancel(ctx context.Context, id string) error
}

// Conditional is a Transport that can ask whether a job has changed since an earlier answer, as
// HTTP does with If-None-Match. A Watcher calls StatusSince instead of Status once it has an answer
// with a Revision. If the job has not changed, StatusSince returns last with the RetryAfter of the
// new answer.
//
// A cache that is out of order can say for ever that nothing has changed. Therefore the Watcher
// calls Status for the last poll before a limit, and for a poll that confirms a notification. It
// also calls Status for polls 65, 129, 257 and so on.
type Conditional interface {
	StatusSince(ctx context.Context, id string, last Status) (Status, error)
}

// Batcher is a Transport that can ask about many jobs in one request.
//
// StatusBatch asks about the jobs in ids. They are at least two and at most MaxBatch, and no id
// occurs twice. StatusBatch returns an [Answer] for each job, in any order. The ID of an Answer's
// Status names the job. If a job has no Answer, the Watcher asks about it again, in a smaller batch
// or alone. For a single job, the Watcher calls Status.
//
// An error of StatusBatch is about the whole request. If it is an [*Error] of class [Oversized],
// the Watcher sends smaller batches from then on. If the error would end a watch, the Watcher
// divides the batch until the error is about a single job. So it ends only the watch of that job.
//
// MaxBatch returns the largest number of jobs in one request. Less than 2 means that this Transport
// sends no batches. MaxBatch is called once, by jobstatus.New, which waits for it. So it must not
// block and must make no request.
type Batcher interface {
	StatusBatch(ctx context.Context, ids []string) ([]Answer, error)
	MaxBatch() int
}

// Fitter is a [Batcher] whose requests have another limit besides the number of jobs, such as the
// length of a URL.
//
// Fit returns how many of ids, counted from the first, fit into one request. The result is at least
// 1 and at most len(ids), or 0 if there are no ids. A Watcher calls Fit before each batch and
// leaves the other jobs to later batches. Fit must be fast and safe for concurrent use, and must
// make no request.
type Fitter interface {
	Fit(ids []string) int
}

// Answer is the result of a batch for one job: its Status, or an error if the Status could not be
// read. Status.ID is always set.
type Answer struct {
	Status Status
	Err    error
}

// Holder is a Transport whose service can keep a request open until the job changes, which is known
// as long polling. A Watcher calls Hold for some of its jobs and polls all others. The first
// request about a new job is never a hold.
//
// Hold returns when the job differs from last, or when about d has passed, whichever comes first.
// The argument last is the newest Status of the job, without its RetryAfter. If no poll was
// answered yet, only its ID is set. A Status that equals last is a valid result. So is a Status
// with neither a State nor a Raw: it says that there is nothing new. An error that matches
// [errors.ErrUnsupported] means that requests about this job cannot be held, and that no request
// was made. If its class is also [Throttled], the Transport has no room for another hold now. In
// both cases the Watcher polls.
//
// The deadline of ctx is later than d from now, so that there is time for the answer.
type Holder interface {
	Hold(ctx context.Context, id string, last Status, d time.Duration) (Status, error)
}

// Notifier receives what a service reports without being polled, by a webhook or a stream of
// events. It may also be a Transport, or be used together with one.
//
// Notify calls notify for each Status that the service sends, from one goroutine or several.
// Status.ID names the job. A call with the zero Status says that the Notifier has begun to listen.
// Until the first call, a Watcher polls as if it had no Notifier. If nobody waits for the job of a
// Status yet, the Watcher keeps the Status for a minute, for at most 4,096 jobs. A RetryAfter
// counts as at most five minutes, or as at most the quiet interval if the Notifier is not trusted.
//
// Notify returns when ctx is done, or when notifications may have been missed. It need not return
// if a lost connection is resumed without a gap.
//
// A Watcher runs Notify on one goroutine. After Notify has returned, the Watcher calls it again,
// after a wait that doubles from a second to a minute. The wait is longer if the error is an *Error
// whose RetryAfter is longer. If the error is an *Error of class Permanent or Unauthorized, the
// Watcher does not call it again. Notify must return soon after ctx is done, and must not call
// notify after it has returned. The function notify does not block, and is safe for concurrent use.
type Notifier interface {
	Notify(ctx context.Context, notify func(Status)) error
}

// Truster is a Notifier that says whether a terminal Status from it needs no confirmation. If
// Trusted returns true, a terminal Status ends the waits for its job. Otherwise, or if a Notifier
// is not a Truster, a Watcher first confirms the Status by a poll. Trusted is called once, before
// the first call of Notify. While it blocks, jobs are polled.
type Truster interface {
	Notifier
	Trusted() bool
}
