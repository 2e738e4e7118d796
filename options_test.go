package jobstatus_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 32: all mistakes are reported together, each with its option and value.
func TestNewReportsEveryBadOption(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(nil,
		nil,
		jobstatus.WithMaxAttempts(-2),
		jobstatus.WithTimeout(-3*time.Second),
		jobstatus.WithBaseDelay(-4*time.Second),
		jobstatus.WithMaxDelay(-5*time.Second),
		jobstatus.WithPollTimeout(-6*time.Second),
		jobstatus.WithConcurrency(-7),
		jobstatus.WithMaxWatches(jobstatus.Unlimited),
		jobstatus.WithPatience(jobstatus.Unlimited),
		jobstatus.WithRateLimit(math.NaN(), 7),
		jobstatus.WithRateLimit(math.Inf(1), 7),
		jobstatus.WithRateLimit(0, 8),
		jobstatus.WithRateLimit(8, -1),
		jobstatus.WithRateLimit(-8, 1),
		jobstatus.WithSlack(-0.5),
		jobstatus.WithSlack(1.5),
		jobstatus.WithSlack(math.NaN()),
		jobstatus.WithBackoff(invalid{}),
	)
	require.Error(t, err)
	assert.Nil(t, watcher)
	for _, want := range []string{"the Transport is nil", "option 0 is nil", "WithMaxAttempts(-2)", "WithTimeout(-3s)",
		"WithBaseDelay(-4s)", "WithMaxDelay(-5s)", "WithPollTimeout(-6s)", "WithConcurrency(-7)", "WithMaxWatches(Unlimited)",
		"WithPatience(Unlimited)", "WithRateLimit(NaN, 7)", "WithRateLimit(+Inf, 7)", "WithRateLimit(0, 8)",
		"WithRateLimit(8, -1)", "WithRateLimit(-8, 1)", "WithSlack(-0.5)", "WithSlack(1.5)", "WithSlack(NaN)",
		"factor 0.5"} {
		assert.ErrorContains(t, err, want)
	}
	assert.Len(t, strings.Split(err.Error(), "\n"), 19, "and nothing else")
}

type invalid struct{}

func (invalid) Next(backoff.Poll) time.Duration { return 0 }
func (invalid) Validate() error                 { return errors.New("factor 0.5: must be at least 1") }

func TestNewRefusesOptionsThatContradict(t *testing.T) {
	t.Parallel()
	any := transportFunc(func(context.Context, string) (jobstatus.Status, error) { return jobstatus.Status{}, nil })
	_, err := jobstatus.New(any, jobstatus.WithBaseDelay(20*time.Second))
	require.EqualError(t, err, "jobstatus: WithBaseDelay(20s): must be at most WithMaxDelay(10s)")
	_, err = jobstatus.New(any, every(time.Second), jobstatus.WithBaseDelay(time.Second))
	require.ErrorContains(t, err, "WithBackoff")
}

// validated is a Backoff whose Validate calls valid.
type validated struct{ valid func() error }

func (v validated) Next(backoff.Poll) time.Duration { return time.Second }
func (v validated) Validate() error                 { return v.valid() }

// trusting is a Notifier whose Trusted calls trusted.
type trusting struct{ trusted func() bool }

func (trusting) Notify(ctx context.Context, _ func(jobstatus.Status)) error {
	<-ctx.Done()
	return ctx.Err()
}

func (t trusting) Trusted() bool { return t.trusted() }

// fault 35, fault 53: whatever a plugin does when New calls it, the program goes on.
func TestNewReturnsWhateverItsPluginsDo(t *testing.T) {
	t.Parallel()
	for name, misbehave := range map[string]func(){"panics": func() { panic("boom") }, "ends its goroutine": runtime.Goexit} {
		for part, made := range map[string]struct {
			jobstatus.Option
			refused bool
		}{
			"Validate": {jobstatus.WithBackoff(validated{func() error { misbehave(); return nil }}), true},
			"Trusted":  {jobstatus.WithNotifier(trusting{func() bool { misbehave(); return true }}), false},
		} {
			t.Run(part+" "+name, func(t *testing.T) {
				t.Parallel()
				returned := make(chan error, 1)
				go func() {
					err := errors.New("New did not return")
					defer func() { returned <- err }()
					var w *jobstatus.Watcher
					if w, err = jobstatus.New(&target{}, made.Option); err == nil {
						err = w.Close()
					}
				}()
				err := <-returned
				if !made.refused {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, "WithBackoff: panic: ")
				require.ErrorAs(t, err, new(*jobstatus.PanicError))
			})
		}
	}
}

// fault 53: a typed nil error cannot say what is wrong.
func TestAValidateThatReturnsATypedNilIsNamed(t *testing.T) {
	t.Parallel()
	_, err := jobstatus.New(&target{}, jobstatus.WithBackoff(validated{func() error { return (*jobstatus.JobError)(nil) }}))
	require.EqualError(t, err, "jobstatus: WithBackoff: Validate returned a nil *jobstatus.JobError: return a plain nil instead")
}

func TestNewHTTPRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "example.com", "/jobs", "http://", "ftp://example.com", "http://exa mple.com", "http://[::1"} {
		_, err := jobstatus.NewHTTP(url, jobstatus.WithMaxAttempts(-7))
		require.Error(t, err, url)
		assert.ErrorContains(t, err, "WithMaxAttempts(-7)", "all that is wrong is told together")
	}
}

// fault 32: nil and zero values mean the defaults.
func TestNilAndZeroMeanTheDefault(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(never)
		watcher := w.watcher(s, jobstatus.WithBackoff(nil), jobstatus.WithLogger(nil), jobstatus.WithMaxAttempts(0),
			jobstatus.WithTimeout(0), jobstatus.WithBaseDelay(0), jobstatus.WithMaxDelay(0), jobstatus.WithPollTimeout(0),
			jobstatus.WithConcurrency(0), jobstatus.WithMaxWatches(0), jobstatus.WithRateLimit(0, 0), jobstatus.WithSlack(0),
			jobstatus.WithPatience(0), jobstatus.WithObserver(nil))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a", jobstatus.MaxAttempts(0), jobstatus.Timeout(0))
			require.ErrorIs(w, err, jobstatus.ErrMaxAttempts)
		})
		assert.Len(w, s.polls("a"), jobstatus.DefaultMaxAttempts)
	})
	_, err := jobstatus.New(silent{}, jobstatus.WithClock(nil))
	require.NoError(t, err)
}

// silent is a Transport that is never called.
type silent struct{}

func (silent) Status(context.Context, string) (jobstatus.Status, error) { panic("it was asked") }

// fault 32: otherwise the first use of a nil pointer or function in an interface would panic.
func TestNewRefusesATypedNilAndNamesIt(t *testing.T) {
	t.Parallel()
	for want, make := range map[string]func() (*jobstatus.Watcher, error){
		"the Transport is a nil jobstatus_test.transportFunc": func() (*jobstatus.Watcher, error) {
			return jobstatus.New(transportFunc(nil))
		},
		"the Transport is a nil *jobstatus_test.service": func() (*jobstatus.Watcher, error) {
			return jobstatus.New((*service)(nil))
		},
		"WithBackoff: a nil *adaptive.Learner": func() (*jobstatus.Watcher, error) {
			return jobstatus.New(silent{}, jobstatus.WithBackoff((*adaptive.Learner)(nil)))
		},
		"WithBackoff: a nil backoff.Func": func() (*jobstatus.Watcher, error) {
			return jobstatus.New(silent{}, jobstatus.WithBackoff(backoff.Func(nil)))
		},
		"WithClock: a nil *mock.Clock": func() (*jobstatus.Watcher, error) {
			return jobstatus.NewHTTP("http://127.0.0.1:1", jobstatus.WithClock((*mock.Clock)(nil)))
		},
		"WithObserver: a nil observe.Func": func() (*jobstatus.Watcher, error) {
			return jobstatus.NewHTTP("http://127.0.0.1:1", jobstatus.WithObserver(observe.Func(nil)))
		},
	} {
		watcher, err := make()
		require.ErrorContains(t, err, want)
		assert.Nil(t, watcher)
	}
	watcher, err := jobstatus.New(silent{}, jobstatus.WithLogger((*zap.Logger)(nil)))
	require.NoError(t, err, "a nil logger is the default")
	require.NoError(t, watcher.Close())
}

// fault 30 and fault 32: impossible arguments are errors before any request.
func TestWaitingRefusesBadInput(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(transportFunc(func(context.Context, string) (jobstatus.Status, error) {
		t.Error("a request was made")
		return jobstatus.Status{}, nil
	}))
	require.NoError(t, err)
	defer watcher.Close()
	ctx := context.Background()
	var none context.Context
	wait := func(ctx context.Context, id string, opts ...jobstatus.WatchOption) error {
		_, err := watcher.WaitForJob(ctx, id, opts...)
		for _, err2 := range watcher.Updates(ctx, id, opts...) {
			assert.EqualError(t, err2, err.Error())
		}
		_, err2 := watcher.WaitForJobWithUpdates(ctx, id, make(chan jobstatus.Status), opts...)
		assert.EqualError(t, err2, err.Error())
		return err
	}
	for _, id := range []string{"", ".", "..", strings.Repeat("x", transport.MaxIDBytes+1), "a\x00b", "a\nb", "\xff"} {
		require.ErrorIs(t, wait(ctx, id), transport.ErrInvalidID)
		require.Error(t, watcher.CancelJob(ctx, id))
	}
	require.ErrorContains(t, wait(none, "a"), "context is nil")
	require.EqualError(t, wait(ctx, "a", nil), `jobstatus: watch "a": watch option 0 is nil`)
	require.ErrorContains(t, wait(ctx, "a", jobstatus.Timeout(-2), jobstatus.MaxAttempts(-9)), "Timeout(-2ns)")
	require.ErrorContains(t, wait(ctx, "a", jobstatus.Timeout(-2), jobstatus.MaxAttempts(-9)), "MaxAttempts(-9)")
	_, err = watcher.WaitForJobWithUpdates(ctx, "a", nil)
	require.ErrorContains(t, err, "updates is nil")
	for _, err := range watcher.WaitForJobs(ctx, nil) {
		require.ErrorContains(t, err, "ids are nil")
	}
	for _, err := range watcher.WaitForJobs(none, slices.Values([]string{"a"})) {
		require.ErrorContains(t, err, "context is nil")
	}
	for range watcher.WaitForJobs(ctx, slices.Values([]string(nil))) {
		t.Error("an empty bulk has no result")
	}
}

// fault 32
func TestAWatcherThatWasNotMadeByNewSaysSo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, w := range []*jobstatus.Watcher{nil, {}} {
		_, err := w.WaitForJob(ctx, "a")
		require.ErrorContains(t, err, "not made by New")
		_, err = w.WaitForJobWithUpdates(ctx, "a", make(chan jobstatus.Status))
		require.ErrorContains(t, err, "not made by New")
		for _, err := range w.WaitForJobs(ctx, slices.Values([]string{"a"})) {
			require.ErrorContains(t, err, "not made by New")
		}
		for _, err := range w.Updates(ctx, "a") {
			require.ErrorContains(t, err, "not made by New")
		}
		_, err = w.CreateJob(ctx)
		require.ErrorContains(t, err, "not made by New")
		require.ErrorContains(t, w.CancelJob(ctx, "a"), "not made by New")
		require.NoError(t, w.Close())
	}
}

func TestCreateAndCancelNeedATransportThatCan(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(silent{})
	require.NoError(t, err)
	defer watcher.Close()
	_, err = watcher.CreateJob(context.Background())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, watcher.CancelJob(context.Background(), "a"), errors.ErrUnsupported)
}

type manager struct {
	transportFunc
	create func(ctx context.Context, req transport.CreateRequest) (string, error)
	cancel func(ctx context.Context, id string) error
}

func (m manager) Create(ctx context.Context, req transport.CreateRequest) (string, error) {
	return m.create(ctx, req)
}
func (m manager) Cancel(ctx context.Context, id string) error { return m.cancel(ctx, id) }

func TestCreateAndCancelReachTheTransport(t *testing.T) {
	inVirtualTime(t, func(w world) {
		watcher := w.watcher(manager{
			create: func(_ context.Context, req transport.CreateRequest) (string, error) {
				assert.Equal(w, transport.CreateRequest{Input: 42, IdempotencyKey: "k"}, req)
				return "a", nil
			},
			cancel: func(ctx context.Context, id string) error {
				assert.Equal(w, "a", id)
				return hang(ctx, w.clock)
			},
		})
		w.run(func() {
			id, err := watcher.CreateJob(context.Background(), jobstatus.Input(42), jobstatus.IdempotencyKey("k"))
			require.NoError(w, err)
			began := w.clock.Now()
			require.ErrorIs(w, watcher.CancelJob(context.Background(), id), context.DeadlineExceeded)
			assert.Equal(w, jobstatus.DefaultPollTimeout, w.clock.Since(began))
		})
		_, err := watcher.CreateJob(context.Background(), nil)
		require.ErrorContains(w, err, "option 0 is nil")
		require.NoError(w, watcher.Close())
		_, err = watcher.CreateJob(context.Background())
		require.ErrorIs(w, err, jobstatus.ErrClosed)
	})
}

// fault 35
func TestPanicInCreateIsAnError(t *testing.T) {
	t.Parallel()
	watcher, err := jobstatus.New(manager{create: func(context.Context, transport.CreateRequest) (string, error) { panic("boom") }})
	require.NoError(t, err)
	defer watcher.Close()
	_, err = watcher.CreateJob(context.Background())
	require.ErrorAs(t, err, new(*jobstatus.PanicError))
}

// fault 53: a bad error of a plugin does not harm whoever inspects it.
func TestAnErrorOfCreateOrCancelThatPanicsIsAPanicError(t *testing.T) {
	t.Parallel()
	var none *transport.Error
	watcher, err := jobstatus.New(manager{
		create: func(context.Context, transport.CreateRequest) (string, error) { return "a", none },
		cancel: func(context.Context, string) error { return none },
	})
	require.NoError(t, err)
	defer watcher.Close()
	_, err = watcher.CreateJob(context.Background())
	require.ErrorAs(t, err, new(*jobstatus.PanicError))
	require.ErrorAs(t, watcher.CancelJob(context.Background(), "a"), new(*jobstatus.PanicError))
}

// fault 38: this holds even if the Transport ignores its context.
func TestATransportIsNotCalledUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	called := func() { t.Error("it was called") }
	watcher, err := jobstatus.New(manager{
		create: func(context.Context, transport.CreateRequest) (string, error) { called(); return "a", nil },
		cancel: func(context.Context, string) error { called(); return nil },
	})
	require.NoError(t, err)
	defer watcher.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = watcher.CreateJob(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, watcher.CancelJob(ctx, "a"), context.Canceled)
}

// With a rate and no burst, requests are made one at a time.
func TestARateWithoutABurstSpreadsRequestsEvenly(t *testing.T) {
	inVirtualTime(t, func(w world) {
		s := w.service(after(3, jobstatus.Completed))
		watcher := w.watcher(s, every(time.Millisecond), jobstatus.WithRateLimit(1, 0))
		w.run(func() {
			_, err := watcher.WaitForJob(context.Background(), "a")
			require.NoError(w, err)
		})
		assert.Equal(w, seconds(0, 1, 2), s.polls("a"))
	})
}
