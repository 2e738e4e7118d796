package jobstatus

import (
	"cmp"
	"errors"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/timeline"
	"github.com/iamber12/job-status-monitoring/transport"
)

// WatchOption sets one property of the waits of one call. A nil WatchOption or an impossible value
// is an error of that call.
type WatchOption func(*watchConfig)

type watchConfig struct {
	kind            string
	limits          limits
	stopWhenBlocked bool
	first           *Status
	began           time.Time
	problems.List
}

// Kind names the kind of a job. Jobs that behave alike share a kind, such as "transcode-1080p". A
// Backoff may treat each kind differently, or learn how long its jobs take. [Stats] has figures for
// each kind. If several waits for a job name different kinds, the kind of the first one counts. The
// default is the empty kind.
func Kind(name string) WatchOption { return func(c *watchConfig) { c.kind = name } }

// MaxAttempts is [WithMaxAttempts] for one wait. The default is the limit of the Watcher.
func MaxAttempts(n int) WatchOption {
	return func(c *watchConfig) { c.limits.attempts = problems.Count(&c.List, "MaxAttempts", n, c.limits.attempts) }
}

// Timeout is [WithTimeout] for one wait. The default is the timeout of the Watcher.
func Timeout(d time.Duration) WatchOption {
	return func(c *watchConfig) { c.limits.timeout = problems.Limit(&c.List, "Timeout", d, c.limits.timeout) }
}

// Began resumes a wait that began at t, for example in an earlier process. The timeout and the
// attempts count from t, and the Backoff continues from there: see [Watcher.WaitForFeed]. The
// default is now. The zero time, a time in the future and one more than ten years ago mean now.
func Began(t time.Time) WatchOption { return func(c *watchConfig) { c.began = t } }

// StopWhenBlocked ends a wait with [ErrBlocked] once its job is [Blocked], which means that the job
// waits for a person. By default the wait goes on, and the job is polled at most twice a minute
// while it is Blocked.
func StopWhenBlocked() WatchOption { return func(c *watchConfig) { c.stopWhenBlocked = true } }

// From passes the status that [Watcher.StartJob] returned to the wait for that job. The first poll
// is made no sooner than its RetryAfter, counted from the call or from [Began]. If the status is
// terminal, a call that waits for that job alone returns it without a poll. A terminal status of
// another job is ignored. In a call that waits for many jobs, the RetryAfter applies to each job,
// and the state has no effect.
//
// Whether a call waits for one job or many, the job that the status names counts as seen before. So
// an untrusted certificate, or another error of class [transport.Misdirected], ends the wait only
// after the time of [WithPatience].
func From(first Status) WatchOption { return func(c *watchConfig) { c.first = &first } }

// CreateOption sets one property of a job that [Watcher.StartJob] or [Watcher.CreateJob] starts.
type CreateOption func(*transport.CreateRequest)

// Input describes the job to the service, in the terms of the Transport. For an HTTP transport it
// is the body of the request, encoded as JSON. By default the service starts its default job.
func Input(v any) CreateOption { return func(r *transport.CreateRequest) { r.Input = v } }

// IdempotencyKey makes it safe to send the request that starts a job more than once. A service that
// has seen the key returns the job that it started before. The default is no key: the request is
// then not sent again if it may have started a job. If the service takes no key, package rest logs
// one warning.
func IdempotencyKey(key string) CreateOption {
	return func(r *transport.CreateRequest) { r.IdempotencyKey = key }
}

// limits are the limits that were set. Zero means not set.
type limits struct {
	attempts int
	timeout  time.Duration
	schedule bool // a Backoff was set
}

// resolve returns the limits that apply. A timeout or a Backoff that was set lifts the default
// limit of attempts.
func (l limits) resolve(kind string) timeline.Limits {
	r := timeline.Limits{Kind: kind, MaxAttempts: l.attempts, Timeout: cmp.Or(l.timeout, DefaultTimeout)}
	if r.MaxAttempts == 0 {
		r.MaxAttempts, r.ByDefault = DefaultMaxAttempts, true
		if l.timeout != 0 || l.schedule {
			r.MaxAttempts = Unlimited
		}
	}
	return r
}

// apply returns l with opts applied. The error joins everything that is wrong with them.
func (l limits) apply(opts []WatchOption) (timeline.Limits, error) {
	c := watchConfig{limits: l}
	problems.Apply(&c.List, "watch option", &c, opts)
	resolved := c.limits.resolve(c.kind)
	resolved.StopWhenBlocked, resolved.Began = c.stopWhenBlocked, c.began
	if c.first != nil {
		resolved.First, resolved.Started = max(c.first.RetryAfter, 0), c.first.ID
	}
	return resolved, errors.Join(c.List...)
}

// end returns the terminal status that opts name with From, or nil.
func end(opts []WatchOption) *Status {
	var c watchConfig
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if c.first == nil || !c.first.State.Terminal() {
		return nil
	}
	return c.first
}
