package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// errorFunc is an error whose Error method calls the function.
type errorFunc func() string

func (f errorFunc) Error() string { return f() }

func exitingError() error { return errorFunc(func() string { runtime.Goexit(); return "" }) }

// exitingCore is a zapcore.Core that ends the goroutine that logs.
type exitingCore struct{ zapcore.Core }

func (exitingCore) Enabled(zapcore.Level) bool { return true }
func (exitingCore) Check(zapcore.Entry, *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	runtime.Goexit()
	return nil
}

// fault 53: if the error of Notify or the logger ends the goroutine, the Notifier is started again,
// and Close returns.
func TestANotifierIsStartedAgainWhateverItsErrorOrTheLogDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		opts []jobstatus.Option
	}{
		"error":         {exitingError(), nil},
		"error, panics": {errorFunc(func() string { panic("oh") }), nil},
		"error, a nil":  {(*transport.Error)(nil), nil},
		"log":           {errors.New("lost"), []jobstatus.Option{jobstatus.WithLogger(zap.New(exitingCore{}))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				w := newHearing(t, newCounter(), notifierFunc(func(_ context.Context, notify func(transport.Status)) error {
					calls.Add(1)
					notify(transport.Status{})
					return c.err
				}), c.opts...)
				time.Sleep(10 * time.Second)
				assert.EqualValues(t, 4, calls.Load(), "after 0, 1, 3 and 7 seconds")
				began := time.Now()
				require.NoError(t, w.Close())
				assert.Zero(t, time.Since(began))
			})
		})
	}
}

// fault 53: jobs are polled again before the methods of Notify's error are called.
func TestASourceIsLostThoughItsErrorBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newCounter()
		w := newHearing(t, s, notifierFunc(func(_ context.Context, notify func(transport.Status)) error {
			notify(transport.Status{})
			time.Sleep(time.Second)
			return errorFunc(func() string { <-release; return "" })
		}))
		ended := heardBy(t.Context(), w, "a")
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, 1, s.count())
		assert.Zero(t, w.Stats().Heard)
		s.set("a", transport.Completed)
		require.NoError(t, (<-ended).err)
		close(release)
	})
}

// fault 29: what a call of Notify reports after it has returned is ignored.
func TestACallOfNotifyThatHasEndedSaysNothing(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"lost": nil, "over for good": &transport.Error{Class: transport.Permanent}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var first atomic.Pointer[func(transport.Status)]
				s := newCounter()
				w := newHearing(t, s, notifierFunc(func(ctx context.Context, notify func(transport.Status)) error {
					if first.CompareAndSwap(nil, &notify) {
						return err
					}
					<-ctx.Done() // it listens to nothing
					return nil
				}))
				ended := heardBy(t.Context(), w, "a")
				time.Sleep(5 * time.Second)
				notify := *first.Load()
				notify(transport.Status{})
				notify(transport.Status{ID: "a", State: transport.Completed})
				time.Sleep(2 * time.Minute)
				assert.Zero(t, w.Stats().Heard)
				assert.Zero(t, w.Stats().Notifications)
				assert.Empty(t, ended)
				s.set("a", transport.Completed)
				require.NoError(t, (<-ended).err)
			})
		})
	}
}

// fault 29: the wait named by an unconfirmed notification neither ends a wait nor delays its end.
func TestAnUnconfirmedNotificationSlowsPollsALittleAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := newCounter(), newRadio(false)
		w := newHearing(t, s, r)
		ended := heardBy(t.Context(), w, "a")
		r.say(transport.Status{ID: "a", State: transport.Running, RetryAfter: 100 * time.Hour})
		time.Sleep(10 * time.Minute)
		require.Empty(t, ended)
		s.set("a", transport.Completed)
		r.say(transport.Status{ID: "a", State: transport.Completed})
		e := <-ended
		require.NoError(t, e.err)
		assert.LessOrEqual(t, e.after, 10*time.Minute+jobstatus.DefaultQuietInterval)
	})
}

// fault 61: nothing is kept about an id that no job can have.
func TestANotificationAboutAnInvalidIDIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRadio(true)
		w := newHearing(t, newCounter(), r)
		for _, id := range []string{"a\nb", "..", string(make([]byte, transport.MaxIDBytes+1))} {
			r.say(transport.Status{ID: id, State: transport.Completed})
		}
		assert.Zero(t, w.Stats().Notifications)
		r.say(transport.Status{ID: "a", State: transport.Completed})
		assert.EqualValues(t, 1, w.Stats().Notifications)
	})
}

// A notification with a state that does not exist asks for a poll, as one without a state does.
func TestANotificationOfNoStateIsNoUpdate(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s, r := newCounter(), newRadio(trusted)
			w := newHearing(t, s, r)
			var got []string
			time.AfterFunc(2*time.Second, func() { r.say(transport.Status{ID: "a", State: transport.Running, Raw: "runs"}) })
			time.AfterFunc(5*time.Second, func() { r.say(transport.Status{ID: "a", State: transport.Blocked + 1, Raw: "?"}) })
			for st, err := range w.Updates(t.Context(), "a", jobstatus.Timeout(10*time.Second)) {
				got = append(got, fmt.Sprint(st.State, " ", st.Raw, " ", err == nil))
			}
			assert.Equal(t, []string{"running runs true", "running  true", "running  false"}, got)
			assert.Equal(t, 2, s.count(), "after the notification, and before the timeout")
		})
	}
}

// What a program says of a job that it resumes reaches the Backoff within its bounds.
func TestTheLastStatusOfAResumedJobIsWithinBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := backoff.Func(func(p backoff.Poll) time.Duration {
			assert.True(t, p.Progress >= 0 && p.Progress <= 1, p.Progress)
			assert.GreaterOrEqual(t, p.RetryAfter, time.Duration(0))
			return time.Second
		})
		w := feedWatcher(t, newCounter(), jobstatus.WithBackoff(b), jobstatus.WithTimeout(10*time.Second))
		for _, progress := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 7, -7} {
			last := transport.Status{State: transport.Blocked + 1, Progress: progress, RetryAfter: math.MinInt64}
			job := jobstatus.Job{ID: "a", Began: time.Now().Add(-5 * time.Second), Last: last}
			for st, err := range w.WaitForFeed(t.Context(), feedOf(job)) {
				require.ErrorIs(t, err, jobstatus.ErrTimeout)
				assert.Equal(t, transport.Running, st.State)
			}
		}
	})
}

// A pliable service answers polls like counter, unless a function replaces the answer.
type pliable struct {
	*counter
	status func(id string) transport.Status
	hold   func(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error)
	most   int
	fit    func(ids []string)
	change func(a *transport.Answer)
}

func (p *pliable) Status(ctx context.Context, id string) (transport.Status, error) {
	if p.status != nil {
		return p.status(id), nil
	}
	return p.counter.Status(ctx, id)
}

func (p *pliable) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	if p.hold == nil {
		return transport.Status{}, errors.ErrUnsupported
	}
	return p.hold(ctx, id, last, d)
}

func (p *pliable) MaxBatch() int { return p.most }

func (p *pliable) Fit(ids []string) int {
	if p.fit != nil {
		p.fit(ids)
	}
	return len(ids)
}

func (p *pliable) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	for _, id := range ids {
		st, err := p.Status(ctx, id)
		a := transport.Answer{Status: st, Err: err}
		if p.change != nil {
			p.change(&a)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// waitForTen waits for ten jobs that end after a minute. It returns the errors of the waits by id.
func (p *pliable) waitForTen(t *testing.T, opts ...jobstatus.Option) map[string]error {
	w := feedWatcher(t, p, append([]jobstatus.Option{jobstatus.WithTimeout(time.Hour), jobstatus.WithBackoff(backoff.Constant(10 * time.Second))}, opts...)...)
	var ids []string
	for i := range 10 {
		ids = append(ids, fmt.Sprint(i))
	}
	time.AfterFunc(time.Minute, func() {
		for _, id := range ids {
			p.set(id, transport.Completed)
		}
	})
	errs := map[string]error{}
	for st, err := range w.WaitForJobs(t.Context(), slices.Values(ids)) {
		errs[st.ID] = err
	}
	assert.Len(t, errs, 10)
	return errs
}

// fault 53 and fault 55: the error for one job in a batch ends no other wait, whatever its methods
// do.
func TestAnErrorInABatchEndsNoOtherWait(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func() error{
		"Goexit": exitingError,
		"panic":  func() error { return explosive{} },
		"blocks": func() error { return errorFunc(func() string { time.Sleep(24 * time.Hour); return "" }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pliable{counter: newCounter(), most: 10}
				p.change = func(a *transport.Answer) {
					if a.Status.ID == "3" {
						a.Err = bad()
					}
				}
				for id, err := range p.waitForTen(t) {
					if id != "3" {
						assert.NoError(t, err, id)
					}
				}
				time.Sleep(48 * time.Hour) // when blocked returns
			})
		})
	}
}

// A plugin may change the slice of ids that it gets. The jobs that are polled stay the same.
func TestAPluginMayChangeTheIDsThatItIsGiven(t *testing.T) {
	t.Parallel()
	scrawl := func(ids []string) {
		for i := range ids {
			ids[i] = "changed"
		}
	}
	for name, c := range map[string]struct {
		fit     func(ids []string)
		observe func(ids []string)
	}{
		"Fit":      {scrawl, func([]string) {}},
		"Observer": {nil, scrawl},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pliable{counter: newCounter(), most: 10, fit: c.fit}
				p.change = func(a *transport.Answer) { assert.NotEqual(t, "changed", a.Status.ID) }
				errs := p.waitForTen(t, jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
					c.observe(e.IDs)
					return ctx
				})))
				for id, err := range errs {
					assert.NoError(t, err, id)
				}
			})
		})
	}
}

// A Transport may reuse the bytes of a result for the next result.
func TestATransportMayReuseTheBytesOfAResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		buffer := make([]byte, 1)
		p := &pliable{counter: newCounter(), status: func(id string) transport.Status {
			copy(buffer, id)
			return transport.Status{ID: id, State: transport.Completed, Result: buffer}
		}}
		w := feedWatcher(t, p, jobstatus.WithConcurrency(1))
		for st, err := range w.WaitForJobs(t.Context(), slices.Values([]string{"0", "1", "2", "3"})) {
			require.NoError(t, err)
			time.Sleep(time.Second) // all have ended
			assert.Equal(t, st.ID, string(st.Result))
		}
	})
}

// If the answer to a poll or a hold is about another job, it says nothing about this one.
func TestTheStatusOfAnotherJobIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"poll", "hold"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, began := &pliable{counter: newCounter()}, time.Now()
				other := transport.Status{ID: "other", State: transport.Failed}
				if way == "hold" {
					p.hold = func(context.Context, string, transport.Status, time.Duration) (transport.Status, error) {
						time.Sleep(5 * time.Second)
						return other, nil
					}
				} else {
					p.status = func(id string) transport.Status {
						if time.Since(began) < 20*time.Second {
							return other
						}
						return transport.Status{ID: id, State: transport.Completed}
					}
				}
				for id, err := range p.waitForTen(t) {
					assert.NoError(t, err, id)
				}
				w := feedWatcher(t, &pliable{counter: newCounter(), status: func(string) transport.Status { return other }})
				_, err := w.WaitForJob(t.Context(), "a")
				require.ErrorIs(t, err, transport.ErrMalformed)
				assert.ErrorContains(t, err, `another job, "other"`)
			})
		})
	}
}

// A hold that ends without a state has nothing new to say. It is neither an update nor an attempt.
func TestAHoldWithoutAStateSaysNothingNew(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"early": 0, "late": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pliable{counter: newCounter(), hold: func(context.Context, string, transport.Status, time.Duration) (transport.Status, error) {
					time.Sleep(after)
					return transport.Status{}, nil
				}}
				w := feedWatcher(t, p, jobstatus.WithTimeout(time.Hour), jobstatus.WithBackoff(backoff.Constant(10*time.Second)))
				time.AfterFunc(10*time.Minute, func() { p.set("a", transport.Completed) })
				var seen []transport.State
				for st, err := range w.Updates(t.Context(), "a") {
					require.NoError(t, err)
					seen = append(seen, st.State)
				}
				assert.Equal(t, []transport.State{transport.Running, transport.Completed}, seen)
			})
		})
	}
}

// chainError is an error that wraps itself.
type chainError struct{}

func (*chainError) Error() string   { return "chain" }
func (e *chainError) Unwrap() error { return e }

// fault 53: functions of package errors never return for an error that wraps itself. So the library
// must not pass them one.
func TestAnErrorThatWrapsItselfHoldsUpNoPoll(t *testing.T) {
	t.Parallel()
	source := func(context.Context) (string, error) { return "", &chainError{} }
	sender := roundTripper(func(*http.Request) (*http.Response, error) { return nil, &chainError{} })
	body := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(iotest.ErrReader(&chainError{})), Request: r}, nil
	})
	for name, opts := range map[string][]rest.Option{
		"body":                     {rest.WithRoundTripper(body)},
		"token source":             {rest.WithToken(source)},
		"token of another origin":  {rest.AllowOrigin("http://other.test"), rest.WithOriginToken("http://other.test", "", source), rest.WithRoundTripper(redirector("http://other.test/"))},
		"RoundTripper":             {rest.WithRoundTripper(sender)},
		"RoundTripper of a client": {rest.WithHTTPClient(&http.Client{Transport: sender})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := jobstatus.NewHTTP("http://jobs.test", jobstatus.WithREST(opts...))
			require.NoError(t, err)
			defer w.Close()
			_, err = w.WaitForJob(t.Context(), "a")
			require.ErrorAs(t, err, new(*jobstatus.PanicError))
			assert.ErrorContains(t, err, "wraps itself")
		})
	}
}

// roundTripper is a function that serves as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// redirector redirects each request to a URL.
func redirector(url string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {url}}, Body: http.NoBody, Request: r}, nil
	})
}

// fault 53: an error that wraps a typed nil is not a typed nil. It counts like any other error.
func TestAnErrorThatWrapsATypedNilIsTransient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var none *transport.Error
		s := &repeated{statuses: []func() (transport.Status, error){
			func() (transport.Status, error) { return transport.Status{}, fmt.Errorf("poll: %w", none) },
			func() (transport.Status, error) { return transport.Status{State: transport.Completed}, nil },
		}}
		w, err := jobstatus.New(s)
		require.NoError(t, err)
		defer w.Close()
		_, err = w.WaitForJob(t.Context(), "a")
		require.NoError(t, err)
	})
	var asked atomic.Int32
	token := func(context.Context) (string, error) {
		if asked.Add(1) == 1 {
			var none *transport.Error
			return "", fmt.Errorf("vault: %w", none)
		}
		return "token", nil
	}
	c, err := rest.New("http://jobs.test", rest.WithToken(token))
	require.NoError(t, err)
	_, err = c.Status(t.Context(), "a")
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Transient, e.Class)
}

// repeated is a Transport that returns its answers in order.
type repeated struct {
	statuses []func() (transport.Status, error)
	next     atomic.Int32
}

func (r *repeated) Status(context.Context, string) (transport.Status, error) {
	return r.statuses[r.next.Add(1)-1]()
}
