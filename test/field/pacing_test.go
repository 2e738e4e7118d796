package field

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 11, fault 13: a wait is heard in any spelling that makes sense, whatever the code of the
// refusal.
func TestANamedWaitIsKeptHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	const date = "Sat, 01 Jan 2000 00:00:00 GMT" // when a bubble begins
	for _, header := range [][]string{
		{"Retry-After", "30"},
		{"Retry-After", " 30.0 "},
		{"Retry-After", `"30"`},
		{"Retry-After", "30 seconds"},
		{"Retry-After", "30000ms"},
		{"Retry-After", "0.5m"},
		{"Retry-After", "0.5 minutes"},
		{"Retry-After", "30,"},
		{"Retry-After", "PT30S"},
		{"Retry-After", "5, 30"},
		{"Retry-After", "0", "Retry-After", "30"},
		{"Retry-After", "soon", "Retry-After", "30"},
		{"Retry-After", "946684830"},
		{"Retry-After", "946684830000"},
		{"Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT"},
		{"Retry-After", "sat, 1 jan 2000 00:00:30 utc"},
		{"Retry-After", "Sat, 01 Jan 2000 02:00:30 +0200"},
		{"Retry-After", "Saturday, 01-Jan-00 00:00:30 GMT"},
		{"Retry-After", "Sat Jan  1 00:00:30 2000"},
		{"Retry-After", "Sat, 01 Jan 2000 00:00:30"},
		{"Retry-After", "2000-01-01t00:00:30.000z"},
		{"Retry-After", "1999-12-31T19:00:30-05:00"},
		{"Retry-After", "Mon, 01 Jan 2035 00:00:30 GMT", "Date", "Mon, 01 Jan 2035 00:00:00 GMT"},
		{"retry-after-ms", "30000"},
		{"x-ms-retry-after-ms", "3e4", "Retry-After", "30"},
		{"RateLimit-Reset", "30", "RateLimit-Remaining", "0"},
		{"RateLimit", `"minute";r=0;t=30, "day";r=9;t=3000`},
		{"X-RateLimit-Reset", "946684830", "X-RateLimit-Remaining", "0"},
		{"X-RateLimit-Reset", "2000-01-01T00:00:30Z", "X-RateLimit-Remaining", "0", "Date", date},
		{"Retry-After", date, "Date", "Fri, 31 Dec 1999 23:50:00 GMT", "Age", "570"},
	} {
		for _, n := range []int{429, 403, 409, 418, 420, 423, 503} {
			t.Run(fmt.Sprint(n, header), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := script(code(n).with(header...), says("completed")).wait(t, rest.Dialect{})
					require.NoError(t, o.err)
					assert.Equal(t, []time.Duration{0, 30 * time.Second}, o.at)
				})
			})
		}
	}
}

// fault 13: a wait in the body is a number of JSON in any notation, or a text as in a header.
func TestAWaitInTheBodyIsHeardHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{
		"30": 30 * time.Second, "30.0": 30 * time.Second, "3e1": 30 * time.Second, "3.0E+1": 30 * time.Second, "0.5e0": time.Second, `"30"`: 30 * time.Second,
		`"30s"`: 30 * time.Second, `"PT30S"`: 30 * time.Second, "946684830": 30 * time.Second, "null": time.Second, "-3e1": time.Second, "1e400": time.Second,
		"3e9": time.Second, "true": time.Second, `"3e1"`: time.Second, `{"seconds":30}`: time.Second,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := rest.Dialect{State: "status", RetryAfter: "wait"}
				o := script(ok(`{"status":"running","wait":`+value+`}`), ok(`{"status":"completed"}`)).wait(t, d)
				require.NoError(t, o.err)
				assert.Equal(t, want, o.took)
			})
		})
	}
}

// fault 14: an absurd wait is none, and neither a burst nor a wait for ever.
func TestAnAbsurdWaitIsNone(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"9223372037", "9223372036854775808", "-5", "-0.1", "1e3", "0x1e", "NaN", "Inf", "+Inf", "1e400", "", "soon", "30,5",
		"３０", "P1Y", "100000h", "99999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "0001-01-01T00:00:00Z", strings.Repeat("9", 400),
		strings.Repeat("9, ", 400) + strings.Repeat("9", 400)} {
		t.Run(fmt.Sprintf("%.20s", value), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				refused := code(429).with("Retry-After", value, "X-RateLimit-Reset", value)
				o := script(refused, refused, refused, refused, says("completed")).wait(t, rest.Dialect{})
				require.NoError(t, o.err)
				most := time.Second
				if strings.HasPrefix(value, "9, ") { // a number of seconds stands among the rubbish
					most = 9 * time.Second
				}
				assert.Equal(t, 4*most, o.took)
				assert.Len(t, o.at, 5)
			})
		})
	}
}

// fault 13: a newer wait takes the place of an older one, also if it is zero.
func TestAWaitHoldsUntilTheServiceNamesAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		running := says("running")
		o := script(running.with("Retry-After", "60"), running, running.with("Retry-After", "0"), running, code(429).with("Retry-After", "7"), running,
			says("completed")).wait(t, rest.Dialect{})
		require.NoError(t, o.err)
		s := time.Second
		assert.Equal(t, []time.Duration{0, 60 * s, 120 * s, 121 * s, 122 * s, 129 * s, 130 * s}, o.at)
	})
}

// fault 13: a wait is kept whatever answer names it, also one that says nothing about the job.
func TestAWaitIsKeptWhateverAnswerNamesIt(t *testing.T) {
	t.Parallel()
	for name, odd := range map[string]reply{
		"404": code(404), "421": code(421), "500": code(500), "304": code(304), "no JSON": ok("soon"), "no state": ok("{}"),
		"a redirect to nowhere":        code(302),
		"a redirect to another origin": code(302).with("Location", "https://busy.test/"),
		"a redirect to itself":         code(307).with("Location", "/status/1"),
		"a page of a firewall":         {code: 403, body: "<html>", header: []string{"Content-Type", "text/html"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				g := newGateway(func(int, *http.Request) reply {
					switch at := time.Since(began); {
					case at < time.Second:
						return says("running")
					case at < 30*time.Second:
						return odd.with("Retry-After", "30")
					default:
						return says("completed")
					}
				})
				o := g.wait(t, rest.Dialect{})
				require.NoError(t, o.err)
				assert.Equal(t, 31*time.Second, o.took)
				assert.LessOrEqual(t, len(o.at), 8, "a redirect is followed five times")
			})
		})
	}
}

// fault 13: a wait that the timeout does not hold is never cut short.
func TestAWaitBeyondTheTimeoutEndsAsThrottled(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		refusal reply
		timeout time.Duration
		ends    time.Duration
	}{
		{code(429).with("Retry-After", "3600"), 10 * time.Minute, 0},
		{code(403).with("Retry-After", "31536000"), 10 * time.Minute, 0},
		{code(503).with("Retry-After", "120"), time.Minute, time.Minute},
		{code(429).with("Retry-After-Ms", "60001"), time.Minute, time.Minute},
	} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := script(row.refusal).wait(t, rest.Dialect{}, jobstatus.WithTimeout(row.timeout))
				require.ErrorIs(t, o.err, jobstatus.ErrThrottled)
				assert.Equal(t, row.ends, o.took)
				assert.Len(t, o.at, 1)
			})
		})
	}
}

// A count below zero beside an answer says that no quota applies, whatever its reset is.
func TestAQuotaBelowZeroIsNone(t *testing.T) {
	t.Parallel()
	for _, header := range [][]string{
		{"X-RateLimit-Limit", "-1", "X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", "3600"},
		{"RateLimit-Remaining", "-1", "RateLimit-Reset", "3600"},
	} {
		synctest.Test(t, func(t *testing.T) {
			running := says("running").with(header...)
			o := script(running, running, running, says("completed")).wait(t, rest.Dialect{})
			require.NoError(t, o.err)
			assert.Equal(t, 3*time.Second, o.took)
		})
	}
}

// A refusal that names no wait leaves the pace to the Backoff.
func TestARefusalWithoutAWaitIsPacedByTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway(func(n int, _ *http.Request) reply {
			if n <= 100 {
				return code(429)
			}
			return says("completed")
		})
		o := g.wait(t, rest.Dialect{})
		require.NoError(t, o.err)
		assert.Len(t, o.at, 101)
		assert.Equal(t, 100*time.Second, o.took)
	})
}

// A pausing service refuses its second request, and asks for a pause of half a minute.
type pausing struct {
	t     *testing.T
	class transport.Class
	mu    sync.Mutex
	until time.Time
	asked int
}

func (p *pausing) answer() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.False(p.t, time.Now().Before(p.until), "asked %v too soon", time.Until(p.until))
	if p.asked++; p.asked == 2 {
		p.until = time.Now().Add(30 * time.Second)
		return &transport.Error{Class: p.class, RetryAfter: 30 * time.Second}
	}
	return nil
}

func (p *pausing) Status(context.Context, string) (jobstatus.Status, error) {
	return jobstatus.Status{State: jobstatus.Running}, p.answer()
}

type pausingBatcher struct{ *pausing }

func (pausingBatcher) MaxBatch() int { return 100 }

func (p pausingBatcher) StatusBatch(_ context.Context, ids []string) (answers []transport.Answer, err error) {
	for _, id := range ids {
		answers = append(answers, transport.Answer{Status: jobstatus.Status{ID: id, State: jobstatus.Running}})
	}
	return answers, p.answer()
}

type pausingHolder struct{ *pausing }

func (p pausingHolder) Hold(_ context.Context, _ string, last jobstatus.Status, _ time.Duration) (jobstatus.Status, error) {
	return last, p.answer()
}

// fault 13: a wait that joins a job during a pause does not cut the pause short, whichever request
// the service has refused.
func TestAWaitThatJoinsKeepsThePause(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of    func(*pausing) jobstatus.Transport
		ids   []string
		class transport.Class
	}{
		"poll":                {func(p *pausing) jobstatus.Transport { return p }, []string{"1"}, transport.Throttled},
		"batch":               {func(p *pausing) jobstatus.Transport { return pausingBatcher{p} }, []string{"1", "2"}, transport.Throttled},
		"batch to be divided": {func(p *pausing) jobstatus.Transport { return pausingBatcher{p} }, []string{"1", "2"}, transport.Oversized},
		"hold":                {func(p *pausing) jobstatus.Transport { return pausingHolder{p} }, []string{"1"}, transport.Throttled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pausing{t: t, class: c.class}
				w := watcherOf(t, c.of(p), jobstatus.WithBackoff(backoff.Constant(5*time.Second)))
				go func() {
					for range w.WaitForJobs(t.Context(), slices.Values(c.ids)) { //nolint:revive // it only waits
					}
				}()
				asked := func() int {
					p.mu.Lock()
					defer p.mu.Unlock()
					return p.asked
				}
				for asked() < 2 {
					time.Sleep(time.Second)
				}
				for range 3 {
					_, err := w.WaitForJob(t.Context(), "1", jobstatus.Timeout(8*time.Second))
					require.ErrorIs(t, err, jobstatus.ErrTimeout)
				}
				time.Sleep(time.Minute)
				assert.Greater(t, asked(), 2)
			})
		})
	}
}

// fault 13: a wait that the answer to a hold names counts from that answer, and one that an earlier
// answer named counts from the beginning of the hold.
func TestAWaitThatAHeldAnswerNamesIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, held time.Duration // the waits that the answers name
		want        time.Duration // between the end of a hold of 20 s and the next request
	}{
		"of the held answer":    {0, 7 * time.Second, 7 * time.Second},
		"of an earlier answer":  {7 * time.Second, 0, 0},
		"longer than the hold":  {25 * time.Second, 0, 5 * time.Second},
		"of both":               {25 * time.Second, 7 * time.Second, 7 * time.Second},
		"of neither":            {0, 0, 0},
		"taken back by the one": {25 * time.Second, transport.NoWait, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &keeper{first: c.first, held: c.held}
				w := watcherOf(t, k)
				_, err := w.WaitForJob(t.Context(), "1")
				require.NoError(t, err)
				assert.Equal(t, c.want, k.gap)
			})
		})
	}
}

// A keeper holds one request for 20 s, and measures the time from then until the next one.
type keeper struct {
	first, held, gap time.Duration
	asked            int
	released         time.Time
}

func (k *keeper) ask() (jobstatus.Status, bool) {
	switch k.asked++; k.asked {
	case 1:
		return jobstatus.Status{State: jobstatus.Running, RetryAfter: k.first}, false
	case 2:
		return jobstatus.Status{State: jobstatus.Running, RetryAfter: k.held}, true
	default:
		k.gap = time.Since(k.released)
		return jobstatus.Status{State: jobstatus.Completed}, false
	}
}

func (k *keeper) Status(context.Context, string) (jobstatus.Status, error) {
	st, _ := k.ask()
	return st, nil
}

func (k *keeper) Hold(_ context.Context, _ string, last jobstatus.Status, _ time.Duration) (jobstatus.Status, error) {
	st, holds := k.ask()
	if holds {
		time.Sleep(20 * time.Second)
		k.released = time.Now()
		last.RetryAfter = cmp.Or(k.held, last.RetryAfter)
		return last, nil
	}
	return st, nil
}

// A teller is a Transport that asks for a pause by its second answer, and that passes on what
// nobody asked for.
type teller struct {
	*pausing
	notices chan jobstatus.Status
}

func (s teller) Notify(ctx context.Context, notify func(transport.Status)) error {
	notify(transport.Status{})
	for {
		select {
		case st := <-s.notices:
			notify(st)
		case <-ctx.Done():
			return nil
		}
	}
}

// fault 13, fault 29: a notification that a job runs does not cut short the pause for which the
// service has asked, though another one claims the end of the job, or a wait joins.
func TestANotificationKeepsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := teller{&pausing{t: t, class: transport.Throttled}, make(chan jobstatus.Status)}
		w := watcherOf(t, s, jobstatus.WithBackoff(backoff.Constant(5*time.Second)))
		go func() { _, _ = w.WaitForJob(t.Context(), "1") }()
		time.Sleep(6 * time.Second)
		for n := range 3 {
			s.notices <- jobstatus.Status{ID: "1", State: jobstatus.Running, Progress: float64(n) / 10}
			s.notices <- jobstatus.Status{ID: "1", State: jobstatus.Completed}
			_, err := w.WaitForJob(t.Context(), "1", jobstatus.Timeout(8*time.Second))
			require.ErrorIs(t, err, jobstatus.ErrTimeout)
		}
		time.Sleep(time.Minute)
		s.mu.Lock()
		defer s.mu.Unlock()
		assert.Greater(t, s.asked, 2)
	})
}
