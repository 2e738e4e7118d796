package mock

import (
	"fmt"
	"runtime"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Option sets one property of a service that [NewServer], [NewTransport] or [NewService] makes.
type Option func(*config)

type config struct {
	*Service
	memory   bool
	overHTTP string // the option that needs HTTP
	problems []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// WithClock sets the clock of the service and its jobs. The default is the real clock. Give it the
// [Clock] of the Watcher: on another clock, the jobs do not change as the Watcher's time passes.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithSeed sets the seed of everything that is random, such as a duration that is drawn for each
// job. The default is 0.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithETags makes the HTTP service send an ETag with each status. It answers 304 to a request whose
// If-None-Match has the present ETag.
func WithETags() Option { return func(c *config) { c.etags = true } }

// WithDialect sets the Dialect of the HTTP service. Paths begin at the root of its host. The
// default is the default dialect of package rest, with the status code 500 for a failed job. If the
// dialect has a NextDialect, a job is moved to it when the job is no longer pending. The job keeps
// its id.
//
// If the dialect's Status has a {hold}, the service keeps a request for as long as the {hold} says,
// at most a day. It answers sooner once the job is in another step than the one whose revision the
// request names. Without a revision, that is the step at the time of the request. Progress that
// rises within a step is no change. When the hold is over, the answer is the unchanged status, or
// 304 with [WithETags]. A job that has ended is answered at once, and so is an [Answer]. A held
// request counts as one poll, at the time of the request. The effects of a [Fault] on the answer
// apply after the hold, but fault.Code and fault.Redirect answer at once.
//
// If the dialect has a Find, the answer to a create has no id, and the service lists its newest
// hundred jobs. If the dialect has a Fetch, the service returns the result of a [Completed] job. A
// Fetch with {result} names the result if that is a text or a number. For any other result, the
// status has the job's id at Result, which is the name to fetch it by. No [Fault] applies to these
// two calls.
//
// A [Transport] reports each of the times Created, Updated and Finished for which the Dialect has a
// place. By default it reports none.
func WithDialect(d rest.Dialect) Option {
	line := caller()
	return func(c *config) {
		var err error
		if c.dialect, err = newFields(d); err != nil {
			c.problem("%s: dialect: %w", line, err)
		}
	}
}

// WithIDs sets the source of the ids of created jobs. By default the ids count up, so that every
// run of a test has the same ids.
func WithIDs(next func() string) Option {
	return func(c *config) {
		if next != nil {
			c.nextID = next
		}
	}
}

// KeepCalls sets how many of the newest calls are kept; 0 means none. By default all calls are
// kept, which takes too much memory in a service that runs for a long time. An assertion that needs
// a call that was not kept fails.
func KeepCalls(n int) Option {
	line := caller()
	return func(c *config) { c.keep = c.notNegative(line, "KeepCalls", n) }
}

// KeepJobs sets how many of the newest jobs are kept. Older jobs are no longer found. By default,
// or with 0, all jobs are kept, which takes too much memory in a service that runs for a long time.
func KeepJobs(n int) Option {
	line := caller()
	return func(c *config) { c.keepJobs = c.notNegative(line, "KeepJobs", n) }
}

// notNegative returns n. If n is negative, it records a problem of an option on the given line.
func (c *config) notNegative(line, option string, n int) int {
	if n < 0 {
		c.problem("%s: %s(%d): must not be negative", line, option, n)
	}
	return max(n, 0)
}

// OnCall sets a function that is called with each request just before its answer is sent. It is
// called by one goroutine at a time, and must not call the service.
func OnCall(f func(Call)) Option { return func(c *config) { c.onCall = f } }

// caller returns the line that called the function that called caller.
func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", file, line)
}
