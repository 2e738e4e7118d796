// Package observe lets a program follow what a Watcher does, for metrics, traces and displays. It
// imports no third-party package.
//
//	ends := observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
//		if e.Kind == observe.WatchEnded {
//			log.Println(e.ID, e.Status.State, e.Attempt, "polls")
//		}
//		return ctx
//	})
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(ends))
//
// For the totals of a Watcher, no Observer is needed: see jobstatus.Watcher.Stats.
package observe

import (
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Observer receives each [Event] of a Watcher.
//
// Observe is called by the goroutine that does what the Event describes, so a slow Observe delays
// polls. Observe must be safe for concurrent use. It is called without a lock, so it may call the
// Watcher's Stats. It must not close the Watcher. A panic in Observe is logged, and the watch goes
// on.
//
// The poll's context carries the values of the context that Observe returns for [PollStarted].
// Nothing else of that context counts: its end does not end the poll. The returned context is also
// passed to Observe with PollEnded, so it can carry a trace. A nil result means ctx itself. The
// results for other Events are ignored. The Event and everything that it points to must not be used
// after Observe has returned.
//
// A Watcher has one Observer: a second WithObserver replaces the first. The example Several has a
// Func that calls several Observers.
type Observer interface {
	Observe(ctx context.Context, e *Event) context.Context
}

// Func is a function that serves as an Observer.
type Func func(ctx context.Context, e *Event) context.Context

// Observe calls f.
func (f Func) Observe(ctx context.Context, e *Event) context.Context { return f(ctx, e) }

// Kind is the kind of an [Event].
type Kind uint8

const (
	// PollStarted means that a request about the jobs of IDs is about to be made.
	PollStarted Kind = iota + 1
	// PollEnded means that the request was answered or failed. Took is how long it took, and Err is
	// the error of the whole request.
	PollEnded
	// Answered means that a poll of one pending job returned a status or an error. They are in Status
	// and Err. Wait is the time until the next poll. Changed reports whether consumers get the Status
	// as an update.
	Answered
	// WatchEnded means that a watch ended. If the job's terminal Status ended it, Err is nil.
	// Otherwise Err is the reason. A waiting method may return before the Observer is called.
	// Watcher.Close waits for the Observer as it waits for polls.
	WatchEnded
	// Notified means that a notification changed the Status of one pending job. If the Status is
	// terminal, WatchEnded follows.
	Notified
)

// String returns the name of the kind, such as "poll started".
func (k Kind) String() string {
	switch k {
	case PollStarted:
		return "poll started"
	case PollEnded:
		return "poll ended"
	case Answered:
		return "answered"
	case WatchEnded:
		return "watch ended"
	case Notified:
		return "notified"
	default:
		return "unknown"
	}
}

// Event describes one thing that a Watcher did. The fields that its Kind does not use are zero.
type Event struct {
	// Kind says what happened.
	Kind Kind
	// Time says when it happened, on the Watcher's clock.
	Time time.Time

	// IDs are the ids of the jobs that a request is about: one, or all of a batch. It is set for
	// PollStarted and PollEnded.
	IDs []string
	// Took is how long the poll took. It is set for PollEnded.
	Took time.Duration

	// ID is the id of the job, and JobKind is the kind that its wait named. They are set for Answered,
	// WatchEnded and Notified, like the next three fields.
	ID, JobKind string
	// Attempt is the number of polls of the watch so far.
	Attempt int
	// Elapsed is the age of the watch.
	Elapsed time.Duration
	// Status is the newest status of the job. Its State is Unknown if no status was seen yet.
	Status transport.Status
	// Changed reports whether Status differs from the one before. It is set for Answered and Notified.
	Changed bool
	// Wait is the time from Time to the next poll. It is negative if there is no next poll. It is set
	// for Answered.
	Wait time.Duration
	// Delay is the detection delay: the longest time that may have passed since the job ended. It
	// counts from the end that the service reported, or else from the last poll that saw the job run.
	// It is set for WatchEnded if the Status is terminal.
	Delay time.Duration

	// Err is the reason why a poll or a watch ended without a status. It is set for PollEnded,
	// Answered and WatchEnded.
	Err error
}
