// Package backoff says when a watch asks next: the Strategy interface, strategies, and decorators
// that compose around them. It needs the standard library only.
//
//	s := backoff.Jitter(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second), 0.1)
//	s.Next(backoff.Poll{Key: "job-1", Attempt: 3}) // about 400ms
//
// Attempt 0 is the wait before the first poll. Strategies answer 0 there, so as to ask at once, and
// begin at attempt 1; a Sequence lists that wait too, and ByAge, ByKind and ByState pass the
// question on. Waits that outgrow a time.Duration stay at the longest one. Zero values mean the
// default that each constructor's doc names, and a Strategy made from impossible ones uses it too,
// so it never spins; Validate reports them.
//
// A Strategy is a pure function: what it answers depends on the Poll alone. So one value serves any
// number of watches at once, and a watch can be taken up again anywhere.
package backoff

import "time"

// Strategy decides how long a watch waits before its next poll.
//
// Next returns the wait before the next poll, in [0, some cap]. It is called once before each poll,
// must be a pure function of p, and must not block; it is called by many goroutines at once. Limits
// on time and attempts are the watch's, not the Strategy's. A Watcher clamps what Next returns, so
// a Strategy that errs cannot make it spin. Package backofftest checks that one of your own keeps
// to all this.
type Strategy interface {
	Next(p Poll) time.Duration
}

// Func is a function that is a Strategy.
type Func func(Poll) time.Duration

// Next calls f.
func (f Func) Next(p Poll) time.Duration { return f(p) }

// Poll is all that is known about a watch when it is time to decide its next poll. It is a plain
// value.
type Poll struct {
	// Key tells one watch from another; it is the job's id. Jitter is drawn from it.
	Key string
	// Kind names jobs that behave alike, such as "transcode-1080p"; empty if the caller named none.
	Kind string
	// Attempt is the number of polls made so far: 0 asks for the wait before the first.
	Attempt int
	// Elapsed is the time since the watch began.
	Elapsed time.Duration
	// Previous is the wait before the poll that was made last, 0 before the first.
	Previous time.Duration
	// Waited is how long the watch has waited since Elapsed. It is 0 where Next is asked for the
	// first time since the last poll. A Follower is asked again when the poll is due: see
	// [Follower].
	Waited time.Duration
	// RetryAfter is the newest wait that the service asked for, 0 if it never did.
	RetryAfter time.Duration
	// Progress is the share of the job that is done, in [0, 1], 0 if the service does not say.
	Progress float64
	// State is the job's state in the newest answer, as transport.State prints it: "pending",
	// "running" or "unknown"; empty before the first answer.
	State string
	// Err is the error of the last poll, nil if it was answered.
	Err error
}

// Learner is a Strategy that is told of each finished watch. Unlike a plain Strategy, its Next is a
// function of the Poll and of what was observed. Observe is called by many goroutines at once, also
// while Next is.
type Learner interface {
	Strategy
	Observe(Outcome)
}

// Follower is a Learner that is also told of watches that begin and of jobs that are seen to run,
// so that it can learn from jobs that have not ended yet.
//
// Follow is called with age 0 when a watch begins, before Next is asked about it, and with the age
// of the watch at each poll that saw the job run, before Next is asked about the next poll. Every
// watch that was begun so is told to Observe when it is left, whether its job has ended or not.
// Follow is called by many goroutines at once, and must not block.
//
// When a poll becomes due, a Watcher asks Next once more with the same Poll, but for Waited. A
// result of at most Waited means that the poll is to be made now. A longer one puts it off, and it
// counts from Elapsed as all waits do. So what was learned from other jobs meanwhile can save a
// request.
type Follower interface {
	Learner
	Follow(key, kind string, age time.Duration)
}

// Ranker is a Strategy that can weigh polls which are due against one another. A Watcher that may
// not make all of them at once, as its limits bind, makes those first that matter most.
//
// Rank returns how much it matters to poll a job now, where p is what Next was last given for it
// and since is the time since then. The greater comes first; ranks of all keys and kinds compare.
// Like Next it must not block, and is called by many goroutines at once; nor may it call the
// Watcher, which waits for it.
type Ranker interface {
	Strategy
	Rank(p Poll, since time.Duration) float64
}

// Outcome is what one watch learned about when its job ended. Times count from the beginning of the
// watch.
type Outcome struct {
	// Key and Kind are as in Poll.
	Key, Kind string
	// After is the latest time at which the job was seen not to have ended, 0 if it never was.
	After time.Duration
	// Before is the earliest time at which it was seen to have ended. It equals After where the
	// service reported the exact end. It means nothing unless Ended.
	Before time.Duration
	// Ended is false if the watch gave up first: then the job took longer than After.
	Ended bool
	// Marks are some of the times at which the service reported how much of the job was done, the
	// oldest first.
	Marks []Mark
}

// Mark is a progress that a service reported.
type Mark struct {
	// Age is how old the watch was when the service was asked.
	Age time.Duration
	// Progress is the share of the job that was done, in (0, 1].
	Progress float64
}

// Validator is a Strategy that can say what is wrong with the values it was made from. A Watcher
// asks when it is made, and a decorator passes on the answer of the Strategy within.
type Validator interface {
	Validate() error
}
