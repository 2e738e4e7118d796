package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 15: the retry budget has 500 tokens. A transient failure costs 14, a throttled poll costs
// 5, and a success returns 1. Polls are made at once while tokens are left, and are paced after
// that.
func TestTheRetryBudgetPaysForEachFailure(t *testing.T) {
	t.Parallel()
	type polls struct {
		outcome string
		n       int
	}
	outcomes := map[string]error{
		"down":      errors.New("connection refused"),
		"throttled": &transport.Error{Class: transport.Throttled, Code: 429},
		"refused":   &transport.Error{Class: transport.Permanent, Code: 403},
		"good":      nil,
	}
	for name, test := range map[string]struct {
		before []polls
		last   string // how all later polls end
		want   int    // how many of these are made at once
	}{
		"transient failures":                {nil, "down", 500/14 + 1},
		"throttled polls":                   {nil, "throttled", 500 / 5},
		"failures that are permanent":       {[]polls{{"refused", 300}}, "down", 500/14 + 1},
		"throttled polls and then failures": {[]polls{{"throttled", 44}}, "down", 280 / 14},
		"a success pays 1 back":             {[]polls{{"down", 30}, {"good", 200}}, "down", 280 / 14},
		"it holds no more than 500":         {[]polls{{"good", 1000}}, "down", 500/14 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(w world) {
				watcher := w.watcher(w.service(func(_ context.Context, id string, _ int) (jobstatus.Status, error) {
					return jobstatus.Status{State: jobstatus.Completed}, outcomes[kindOf(id)]
				}), jobstatus.WithMaxAttempts(1))
				n := 0
				poll := func(outcome string) (atOnce bool) {
					n++
					began := w.clock.Now()
					_, _ = watcher.WaitForJob(context.Background(), fmt.Sprint(outcome, "-", n))
					return w.clock.Since(began) == 0
				}
				w.run(func() {
					for _, p := range test.before {
						for range p.n {
							require.True(w, poll(p.outcome), p.outcome)
						}
						w.clock.Sleep(1) // no more is held from one instant to the next
					}
					atOnce := 0
					for poll(test.last) && atOnce < 1000 {
						atOnce++
					}
					assert.InDelta(w, test.want, atOnce, 1)
				})
			})
		})
	}
}

// A busyService answers 503. Jobs whose id begins with "good" have completed.
type busyService struct{ requests atomic.Int64 }

func (s *busyService) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests.Add(1)
	code, body := http.StatusServiceUnavailable, "busy"
	if kindOf(r.URL.Path) == "good" {
		code, body = http.StatusOK, `{"payload":{"status":"completed"}}`
	}
	return &http.Response{StatusCode: code, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// watcher returns a Watcher of s. Within a poll, it repeats a request at most retries times.
func (s *busyService) watcher(w world, retries int) *jobstatus.Watcher {
	service, err := rest.New("http://service.test", rest.WithRetries(retries), rest.WithRoundTripper(s))
	require.NoError(w, err)
	return w.watcher(service, jobstatus.WithMaxAttempts(1))
}

// fault 15: retries within a poll are paid for too. When the budget is empty, each poll is one
// request, until the service has recovered.
func TestTheRetryBudgetPaysForWhatIsSentAgainWithinAPoll(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var s busyService
		watcher := s.watcher(w, 2)
		poll := func(kind string, i int) (requests int64) {
			before := s.requests.Load()
			_, _ = watcher.WaitForJob(context.Background(), fmt.Sprint(kind, "-", i))
			return s.requests.Load() - before
		}
		const polls = 40
		w.run(func() {
			for i := range polls {
				if n := poll("busy", i); i < 10 {
					assert.EqualValues(w, 3, n, "poll %d", i)
				}
			}
			// A poll with three failed requests costs 42 of 500 tokens.
			assert.InDelta(w, polls+2*500/42, s.requests.Load(), 2)
			for i := range 100 {
				assert.EqualValues(w, 1, poll("good", i))
			}
			assert.EqualValues(w, 1, poll("busy", polls), "the budget is a fifth full")
			for i := range 400 {
				assert.EqualValues(w, 1, poll("good", i))
			}
			assert.EqualValues(w, 3, poll("busy", polls+1), "it is full")
		})
	})
}

// fault 15: this also holds with many polls in flight when the budget runs out.
func TestPollsInFlightShareTheRetryBudget(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var s busyService
		watcher := s.watcher(w, 10)
		const polls = 60
		w.run(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(polls)) {
				require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
			}
		})
		assert.InDelta(w, polls+500/14, s.requests.Load(), 1)
	})
}
