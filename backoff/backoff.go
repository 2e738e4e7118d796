// Package backoff decides when a watch polls next. It has the [Strategy] interface, strategies, and
// decorators that compose around them. It imports no third-party package.
//
//	growing := backoff.Exponential(100*time.Millisecond, 2)
//	s := backoff.Jitter(backoff.Cap(growing, 10*time.Second), 0.1)
//	s.Next(backoff.Poll{Key: "job-1", Attempt: 3}) // about 400ms
//
// Except for a [Learner], a Strategy is a pure function: its answer depends on the [Poll] alone. So
// one value serves any number of watches at once, and a watch can be resumed anywhere.
//
// For attempt 0, a Strategy returns the wait before the first poll. Most strategies return zero
// there, so that the first poll is made at once. A [Sequence] lists that wait too, and a Learner of
// package adaptive computes it. [ByAge], [ByKind] and [ByState] leave it to the Strategy that they
// choose.
//
// Waits saturate: a sum or product that is too large for a [time.Duration] is the longest Duration.
// A zero argument means the default that each constructor documents. An impossible argument, such
// as a negative wait, is replaced as the constructor documents, so no Strategy spins. Validate
// reports it.
package backoff

import "time"

// Strategy decides how long a watch waits before its next poll. It must be safe for concurrent use.
//
// Next returns the wait before the next poll, zero or more, counted from the last poll. It is
// called before each poll, and more often when a wait is resumed or a large bulk begins. Many
// goroutines call it at once. Except in a [Learner], it must be a pure function of p. It must not
// block. A Strategy need not limit the number of polls or the time of a watch: the Watcher does.
//
// A Watcher waits for at least a millisecond between two polls, whatever Next returns. So a faulty
// Strategy cannot make it spin. Package backofftest checks a Strategy of your own.
type Strategy interface {
	Next(p Poll) time.Duration
}

// Func is a function that serves as a Strategy.
type Func func(Poll) time.Duration

// Next calls f.
func (f Func) Next(p Poll) time.Duration { return f(p) }

// Poll is everything that is known about a watch when its next poll is decided. It is a plain
// value.
type Poll struct {
	// Key identifies the watch: it is the job's id. Jitter is drawn from it.
	Key string
	// Kind names jobs that behave alike, such as "transcode-1080p". It is empty if the caller named
	// none.
	Kind string
	// Attempt is the number of polls made so far. Zero asks for the wait before the first poll.
	Attempt int
	// Elapsed is the age of the watch at its last poll. It is zero before the first poll.
	Elapsed time.Duration
	// Previous is the wait before the last poll. It is zero before the first poll, and when a
	// [Follower] is asked again.
	Previous time.Duration
	// Waited is how long the watch has already waited since its last poll. It is zero when Next is
	// called after a poll. It is more than zero only for a [Follower], whose Next is called again when
	// the next poll is due.
	Waited time.Duration
	// RetryAfter is the wait that the service asks for. It is zero if the service asks for none.
	RetryAfter time.Duration
	// Progress is the share of the job that is done, in [0, 1]. It is zero if the service does not
	// report it.
	Progress float64
	// State is the job's state in the newest answer, as transport.State prints it: "pending",
	// "running", "blocked" or "unknown". It is empty before the first answer.
	State string
	// Err is the error of the last poll. It is nil if that poll succeeded.
	Err error
}

// Learner is a Strategy that learns from each watch that ends. Its Next is a function of the [Poll]
// and of the outcomes observed so far. Observe is called once for each watch that ends, by many
// goroutines at once, also during Next.
type Learner interface {
	Strategy
	Observe(Outcome)
}

// Follower is a Learner that also learns from jobs that still run.
//
// Follow is called with age zero when a watch begins, before Next is called for it. After each poll
// that saw the job run, Follow is called with the age of the watch, which is then above zero. Next
// is called after that. Each watch that began this way is reported to Observe when it ends, even if
// its job has not ended. Follow is called by many goroutines at once and must not block.
//
// When a poll is due, a Watcher calls Next again. The Poll is the same, except that Waited is set
// and Previous is zero. If the result is at most Waited, the poll is made now. A longer result
// postpones the poll: it is the new wait, counted from Elapsed. So what the Follower has learned
// from other jobs meanwhile can save a request.
type Follower interface {
	Learner
	Follow(key, kind string, age time.Duration)
}

// Ranker is a Strategy that ranks overdue polls. If the limits of a Watcher allow only some of the
// overdue polls, the kinds of jobs take turns. Within a kind, the Watcher makes the poll of the
// highest rank first.
//
// Rank returns how important it is to poll a job now. The Poll p is the one that Next was last
// given for the job, but its Previous is zero. The argument since is the time since then. A rank
// that is not a number is the lowest. If many polls are overdue, the Watcher ranks only a sample of
// them. Every eighth poll is the one that is overdue longest, whatever its rank.
//
// A Watcher also ranks a due job to decide whether the service should hold its request: see
// transport.Holder. It compares the rank with the ranks of jobs of all kinds. For this, it calls
// Rank with the present age of the watch as Elapsed, and five seconds as since. The result says how
// important it will be to poll the job in five seconds.
//
// Rank is called by many goroutines at once and must not block. It must not call the Watcher,
// because the Watcher waits for it.
type Ranker interface {
	Strategy
	Rank(p Poll, since time.Duration) float64
}

// Outcome is what one watch found out about the end of its job. Ages count from the start of the
// watch.
type Outcome struct {
	// Key and Kind are the Key and Kind of the [Poll].
	Key, Kind string
	// After is the age at which the job was last seen to run. It is zero if no poll saw it run.
	After time.Duration
	// Before is the age at which the job was first seen to have ended. It equals After if the service
	// reported the exact end. It has no meaning unless Ended is true.
	Before time.Duration
	// Ended is false if the watch gave up first. The job then took longer than After.
	Ended bool
	// Marks are some of the times at which the service reported progress, oldest first.
	Marks []Mark
}

// Mark is one report of progress by a service.
type Mark struct {
	// Age is how old the watch was at the poll.
	Age time.Duration
	// Progress is the share of the job that was done, in (0, 1].
	Progress float64
}

// Validator is a Strategy that can report impossible arguments. jobstatus.New calls Validate, waits
// for it, and returns its error. So Validate must not block. The Validate of a decorator also
// returns the error of the Strategy within it.
type Validator interface {
	Validate() error
}
