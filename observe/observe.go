// Package observe is how a program hears what a Watcher does, for metrics, traces and views of its own. It needs the standard
// library only.
//
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
//		if e.Kind == observe.WatchEnded {
//			log.Println(e.ID, e.Status.State, e.Attempt, "polls")
//		}
//		return ctx
//	})))
//
// What a Watcher does in total, jobstatus.Watcher.Stats says without an Observer.
package observe

import (
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Observer is told of each Event.
//
// Observe is called by the goroutine that does what the Event is about, and holds it up for as long as it takes; many call it at
// once. No lock is held meanwhile, so it may ask the Watcher for its Stats; but it must not close the Watcher. If it panics, that is
// logged and the watch goes on.
//
// The context that it returns to PollStarted is the one in which the poll is made, and which PollEnded gets: a trace
// goes along in it. Nil stands for the one that it was given. What it returns to any other Event is not used. The Event, and what it
// points to, may be used until Observe returns.
type Observer interface {
	Observe(ctx context.Context, e *Event) context.Context
}

// Func is a function that is an Observer.
type Func func(ctx context.Context, e *Event) context.Context

// Observe calls f.
func (f Func) Observe(ctx context.Context, e *Event) context.Context { return f(ctx, e) }

// Kind says what an Event is.
type Kind uint8

const (
	// PollStarted is a request about to be made about the jobs of IDs.
	PollStarted Kind = iota + 1
	// PollEnded is that request answered or failed, after Took. Err is that of the whole request.
	PollEnded
	// Answered is what a poll brought about one job that is still waited for: its Status or Err, and the Wait before the next
	// poll. Changed says that a consumer is told of the Status.
	Answered
	// WatchEnded is the end of a watch: by the job's terminal Status, with Err nil, or without it, because of Err.
	WatchEnded
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
	default:
		return "unknown"
	}
}

// Event is something that a Watcher did. A field that its Kind does not name is zero.
type Event struct {
	// Kind says what it is.
	Kind Kind
	// Time is when, on the Watcher's clock.
	Time time.Time

	// IDs are the jobs that a poll is about: one, or those of a batch. Of PollStarted and PollEnded.
	IDs []string
	// Took is how long the poll took. Of PollEnded.
	Took time.Duration

	// ID is the job's, and JobKind is the kind that its watch was given. Of Answered and WatchEnded.
	ID, JobKind string
	// Attempt counts the polls of the watch so far. Of Answered and WatchEnded.
	Attempt int
	// Elapsed is how old the watch is. Of Answered and WatchEnded.
	Elapsed time.Duration
	// Status is the job's newest; its State is Unknown if there was none yet. Of Answered and WatchEnded.
	Status transport.Status
	// Changed says that Status differs from the one before. Of Answered.
	Changed bool
	// Wait is how long after Time the job is asked about next, negative if it is not. Of Answered.
	Wait time.Duration
	// Delay is the detection delay: how long ago the job ended at most, since the poll before or since the time that the service
	// gave. Of WatchEnded with a terminal Status.
	Delay time.Duration

	// Err is why the poll, or the watch, ended without a status. Of PollEnded, Answered and WatchEnded.
	Err error
}
