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

// WithClock sets the clock of the service and its jobs. The default is the real clock.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithSeed sets the seed of all draws. The default is 0.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithETags makes the HTTP service send an ETag with each status. It answers 304 to a client that
// has the status already.
func WithETags() Option { return func(c *config) { c.etags = true } }

// WithDialect sets the Dialect of the HTTP service, at the root of its host. The default is the
// default dialect, in which the status code for a failed job is 500. A job of a dialect with Then
// keeps its id: it goes on under Then once it is no longer pending.
//
// A [Transport] reports those of the times Created, Updated and Finished for which the Dialect has
// a place. By default it reports none.
func WithDialect(d rest.Dialect) Option {
	line := caller()
	return func(c *config) {
		var err error
		if c.dialect, err = newFields(d); err != nil {
			c.problem("%s: dialect: %w", line, err)
		}
	}
}

// WithIDs sets the source of the ids of created jobs. The default counts, so that every run of a
// test has the same ids.
func WithIDs(next func() string) Option {
	return func(c *config) {
		if next != nil {
			c.nextID = next
		}
	}
}

// KeepCalls sets how many of the newest calls are kept; 0 is none. The default is all, which takes
// too much memory in a service that runs for long. An assertion that needs a dropped call fails.
func KeepCalls(n int) Option {
	line := caller()
	return func(c *config) { c.keep = c.notNegative(line, "KeepCalls", n) }
}

// KeepJobs sets how many of the newest jobs are kept. Older jobs are not found any more. The
// default, 0, is all, which takes too much memory in a service that runs for long.
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

// OnCall sets a function that is called with each request just before its answer is sent, one at a
// time. It must not call the service.
func OnCall(f func(Call)) Option { return func(c *config) { c.onCall = f } }

// caller returns the line that called the function that called caller.
func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", file, line)
}
