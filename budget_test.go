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

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 15: the retry budget holds 500 tokens. A transient failure costs 14, a throttled poll 5, and a success pays 1 back. Polls
// come at once as long as it lasts, and are paced from then on.
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
		last   string // how all polls end that follow
		want   int    // how many of these come at once
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

// fault 15: what is sent again within a poll is paid for too. When the budget is empty, each poll is one request.
func TestTheRetryBudgetPaysForWhatIsSentAgainWithinAPoll(t *testing.T) {
	inVirtualTime(t, func(w world) {
		var requests atomic.Int64
		service, err := rest.New("http://service.test", rest.WithRetries(2), rest.WithRoundTripper(
			tripper(func(r *http.Request) (*http.Response, error) {
				requests.Add(1)
				return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Request: r,
					Body: io.NopCloser(strings.NewReader("busy"))}, nil
			})))
		require.NoError(w, err)
		defer service.Close()
		watcher := w.watcher(service, jobstatus.WithMaxAttempts(1))
		const polls = 40
		w.run(func() {
			for i := range polls {
				before := requests.Load()
				_, err := watcher.WaitForJob(context.Background(), fmt.Sprint(i))
				require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
				if i < 10 {
					assert.EqualValues(w, 3, requests.Load()-before, "poll %d", i)
				}
			}
		})
		// A poll that fails three times costs 42 tokens of 500.
		assert.InDelta(w, polls+2*500/42, requests.Load(), 2)
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
