package mock

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock/internal/target"
	"github.com/iamber12/job-status-monitoring/mock/push"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// Push makes the service report each change of a job's state by webhooks or a stream of events:
// package push has the targets. The option can be given several times.
func Push(targets ...push.Target) Option {
	line := caller()
	return func(c *config) {
		for _, t := range targets {
			to, err := t.Resolve()
			switch {
			case err != nil:
				c.problem("%s: push: %w", line, err)
			case to.Path != "":
				c.overHTTP = "push.Stream"
				c.pushes().stream = &stream{path: to.Path, changed: make(chan struct{})}
			default:
				c.pushes().hooks = append(c.pushes().hooks, hook{to, make(chan struct{}, hookCalls)})
			}
		}
	}
}

const (
	hookWait     = 5 * time.Second // before a call is made again; it doubles
	hookAttempts = 3
	// hookCalls is the maximum number of calls of one webhook at a time. Without a limit, each of
	// thousands of jobs that end together would open a connection.
	hookCalls = 64
)

// hook is a webhook.
type hook struct {
	target.Target
	calls chan struct{} // has an element for each call in progress
}

// report reports one change, after a forged report if there is one.
func (h hook) report(p *pusher, e, forged *pushed, doubled bool) {
	if forged != nil {
		other := h
		other.Secret = otherSecret
		other.call(p, forged, hookAttempts)
	}
	h.call(p, e, 1)
	if doubled {
		h.call(p, e, 1)
	}
}

// wallTime returns the time by which receivers verify a signature. A clock that runs faster than
// theirs has a method WallTime, which tells theirs.
func (d *world) wallTime() time.Time {
	if c, ok := d.clock.(interface{ WallTime() time.Time }); ok {
		return c.WallTime()
	}
	return d.clock.Now()
}

// otherSecret signs what is forged.
var otherSecret = base64.StdEncoding.EncodeToString([]byte("this is not the service's secret"))

// call calls the URL, for the nth time, unless all reports have stopped.
func (h hook) call(p *pusher, e *pushed, nth int) {
	select {
	case h.calls <- struct{}{}:
		defer func() { <-h.calls }()
	case <-p.ctx.Done():
	}
	if p.ctx.Err() != nil {
		return
	}
	signature, err := webhook.Sign(h.Secret, e.id, p.service.wallTime(), e.body)
	if err != nil {
		return
	}
	r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, h.URL, bytes.NewReader(e.body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	for _, header := range []http.Header{e.header, signature} {
		for name, values := range header {
			r.Header[name] = values
		}
	}
	answer, err := h.Client.Do(r)
	if err == nil {
		_ = answer.Body.Close()
		if answer.StatusCode < http.StatusMultipleChoices {
			p.arrive(e.ends, "webhook")
		}
	}
	if (err != nil || answer.StatusCode >= http.StatusInternalServerError) && nth < hookAttempts {
		wait.AfterFunc(p.service.clock, hookWait<<(nth-1), func() { h.call(p, e, nth+1) })
	}
}
