package mock_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// port matches what differs between two servers.
var port = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// Whatever goes wrong, each job ends once: as its script says, or with a wait that gave up. A
// second run makes the same requests.
func TestWhateverGoesWrongTheCourseIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		seconds := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(1, most*10).Draw(r, name)) * 100 * time.Millisecond
		}
		ids := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(r, "jobs")]
		ends := map[string]jobstatus.State{}
		opts := []mock.Option{mock.WithSeed(rapid.Uint64().Draw(r, "seed"))}
		for _, id := range ids {
			end, state := mock.Completed(id), jobstatus.Completed
			if rapid.Bool().Draw(r, "fails") {
				end, state = mock.Failed("as drawn"), jobstatus.Failed
			}
			ends[id] = state
			opts = append(opts, mock.Job(id, mock.Pending(seconds("pending", 20)), mock.Running(mock.Polls(rapid.IntRange(1, 4).Draw(r, "polls"))), end))
		}
		for range rapid.IntRange(0, 4).Draw(r, "faults") {
			from := seconds("from", 30)
			when := rapid.SampledFrom([]fault.When{
				fault.Share(0.3), fault.Share(0.7), fault.Between(from, from+seconds("for", 20)), fault.First(3).Of("a"),
				fault.Nth(2, 4, 5).Of("b"), fault.Young(10 * time.Second), fault.Always().Of("c"),
			}).Draw(r, "when")
			effects := rapid.SampledFrom([][]fault.Effect{
				{fault.Code(503)}, {fault.Code(429), fault.RetryAfter("7")}, {fault.Code(503), fault.RetryAt(20 * time.Second)}, {fault.Code(404)},
				{fault.Latency(seconds("latency", 50))}, {fault.Drip(20 * time.Millisecond)}, {fault.Silence()}, {fault.Reset()}, {fault.Truncated()},
				{fault.Body("<html>"), fault.Header("Content-Type", "text/html")}, {fault.Lags(5 * time.Second)}, {fault.GoesBack()},
				{fault.Latency(time.Second), fault.Reset()},
			}).Draw(r, "effects")
			opts = append(opts, mock.Fault(when, effects...))
		}
		run := func() (course string) {
			clk := mock.NewClock(t)
			srv := mock.NewServer(t, append(opts, mock.WithClock(clk))...)
			// The default pool limits a dial and an answer in real time. This client does not.
			unbound := jobstatus.WithREST(rest.WithHTTPClient(srv.Client()))
			w, err := jobstatus.NewHTTP(srv.URL, unbound, jobstatus.WithClock(clk), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
			require.NoError(r, err)
			defer w.Close()
			results := map[string]string{}
			clk.Run(func() {
				for st, err := range w.WaitForJobs(t.Context(), slices.Values(ids), jobstatus.Timeout(5*time.Minute)) {
					assert.Empty(t, results[st.ID], "one result a job")
					results[st.ID] = fmt.Sprintf("%v %v at %v\n", st, err, clk.Elapsed())
					if st.State.Terminal() {
						assert.Equal(t, ends[st.ID], st.State)
					} else {
						assert.Error(t, err)
					}
				}
			})
			require.Len(r, results, len(ids))
			for _, id := range slices.Sorted(maps.Keys(results)) {
				course += results[id] + srv.Timeline(id)
			}
			return port.ReplaceAllString(course, "127.0.0.1")
		}
		assert.Equal(r, run(), run())
	})
}
