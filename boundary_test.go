package jobstatus_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A misbehavior is what a hook does instead of its work.
type misbehavior string

const (
	panicking         misbehavior = "panics"
	panickingWithNil  misbehavior = "panics with nil"
	exiting           misbehavior = "ends its goroutine"
	returningNil      misbehavior = "returns nil"
	returningTypedNil misbehavior = "returns a typed nil"
	blocking          misbehavior = "blocks"
	reentering        misbehavior = "calls the Watcher"
)

// The ways in which a call can end.
const (
	completes  = "completes"
	isPanic    = "PanicError"
	timesOut   = "timed out"
	callExited = "the caller's goroutine ended"
)

// The limits of the Watcher whose hook misbehaves, in virtual time.
const (
	boundaryPolls       = 3 // the duration of each job, which are a second apart
	boundaryPollTimeout = 5 * time.Second
	boundaryTimeout     = time.Minute
	boundaryClose       = time.Minute      // the longest time that Close may take
	boundaryRelease     = 30 * time.Minute // the time after which blocked hooks are released
	boundaryGuard       = 20 * time.Second // in real time; a case that takes longer hangs
)

// A hook is a call from the library to code of the user.
type hook struct {
	name string
	// spare means that the job completes whatever the hook does.
	spare bool
	// also has further outcomes that are right for a misbehavior.
	also []string
	// nils are the misbehaviors that apply among returningNil and returningTypedNil.
	nils []misbehavior
	// only are the misbehaviors that apply. Nil means all of them.
	only []misbehavior
	// shared means that a call of the hook is not about one job. The hook then blocks or calls the
	// Watcher only once.
	shared bool
	// make returns a Transport and options that make the Watcher call the hook.
	make func(b *boundary) (jobstatus.Transport, []jobstatus.Option)
	// call makes the call that reaches the hook, and returns how each wait ended. By default it
	// waits for the job "bad".
	call func(ctx context.Context, w *jobstatus.Watcher) []error
}

// fault 35 and fault 53: whatever a hook does, the process goes on, and at most the wait for which
// the hook was called ends. Another wait on the same Watcher completes, and Close returns. Once the
// hook has returned, no goroutine is left.
func TestAHookThatMisbehavesEndsAtMostItsOwnWait(t *testing.T) {
	t.Parallel()
	for _, h := range hooks() {
		how := slices.Concat([]misbehavior{panicking, panickingWithNil, exiting, blocking, reentering}, h.nils)
		if h.only != nil {
			how = h.only
		}
		for _, m := range how {
			t.Run(h.name+" "+string(m), func(t *testing.T) {
				t.Parallel()
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() {
						if v := recover(); v != nil { // synctest reports a deadlock, or goroutines that are left
							t.Errorf("%v", v)
						}
					}()
					synctest.Test(t, func(t *testing.T) { newBoundary(t, h, m).play() })
				}()
				select {
				case <-done:
				case <-time.After(boundaryGuard):
					t.Errorf("it hangs")
				}
			})
		}
	}
}

// A boundary is a Watcher with one hook that misbehaves.
type boundary struct {
	*testing.T
	hook
	misbehavior
	watcher *jobstatus.Watcher
	release chan struct{}
	sprung  atomic.Int64
	others  atomic.Int64
	target  *target
}

func newBoundary(t *testing.T, h hook, m misbehavior) *boundary {
	b := &boundary{T: t, hook: h, misbehavior: m, release: make(chan struct{}), target: &target{polls: map[string]int{}}}
	service, opts := h.make(b)
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	logger := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(io.Discard), zap.DebugLevel))
	watcher, err := jobstatus.New(service, append([]jobstatus.Option{
		jobstatus.WithLogger(logger), every(time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited),
		jobstatus.WithPollTimeout(boundaryPollTimeout), jobstatus.WithTimeout(boundaryTimeout),
	}, opts...)...)
	assert.NoError(t, err)
	b.watcher = watcher
	if b.call == nil {
		b.call = func(ctx context.Context, w *jobstatus.Watcher) []error {
			_, err := w.WaitForJob(ctx, "bad")
			return []error{err}
		}
	}
	return b
}

// play makes the call that reaches the hook, at the same time as a wait for another job, and closes
// the Watcher.
func (b *boundary) play() {
	release := sync.OnceFunc(func() { close(b.release) })
	defer time.AfterFunc(boundaryRelease, release).Stop()
	began := time.Now()
	bad := b.outcomes(b.call)
	time.Sleep(500 * time.Millisecond)
	good := b.outcomes(func(ctx context.Context, w *jobstatus.Watcher) []error {
		_, err := w.WaitForJob(ctx, "good")
		return []error{err}
	})
	for _, outcome := range <-bad {
		assert.Contains(b, b.expected(), outcome)
	}
	assert.LessOrEqual(b, time.Since(began), boundaryTimeout, "until the wait ended")
	assert.Equal(b, []string{completes}, <-good, "the other wait")
	assert.Positive(b, b.sprung.Load(), "the hook was called")
	after := b.outcomes(func(ctx context.Context, w *jobstatus.Watcher) []error {
		_, err := w.WaitForJob(ctx, "later")
		return []error{err}
	})
	assert.Equal(b, []string{completes}, <-after, "a wait that begins afterwards")

	closing := time.Now()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		assert.NoError(b, b.watcher.Close())
	}()
	<-closed
	assert.LessOrEqual(b, time.Since(closing), boundaryClose, "until Close returned")
	release()
	time.Sleep(boundaryTimeout) // released hooks return
}

// expected returns the outcomes that are right.
func (b *boundary) expected() []string {
	outcomes := slices.Clone(b.also)
	switch {
	case b.spare && b.misbehavior == blocking: // polls that are blocked for ever miss every limit
		return append(outcomes, completes, timesOut)
	case b.spare || b.misbehavior == reentering || b.misbehavior == returningNil:
		return append(outcomes, completes)
	case b.misbehavior == blocking:
		return append(outcomes, timesOut)
	default:
		return append(outcomes, isPanic)
	}
}

// outcomes makes a call on its own goroutine, and returns how its waits ended.
func (b *boundary) outcomes(call func(context.Context, *jobstatus.Watcher) []error) <-chan []string {
	told := make(chan []string, 1)
	go func() {
		outcomes := []string{callExited}
		defer func() {
			if v := recover(); v != nil {
				outcomes = []string{fmt.Sprintf("the caller panics: %v", v)}
			}
			told <- outcomes
		}()
		errs := call(context.Background(), b.watcher)
		outcomes = nil
		for _, err := range errs {
			outcomes = append(outcomes, outcomeOf(err))
		}
	}()
	return told
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return completes
	case errors.As(err, new(*jobstatus.PanicError)):
		_ = err.Error()
		return isPanic
	case errors.Is(err, context.DeadlineExceeded):
		_ = err.Error()
		return timesOut
	default:
		return err.Error()
	}
}

// spring misbehaves, unless the misbehavior is a return value, which is left to the hook. It
// reports whether this call misbehaves.
func (b *boundary) spring() bool {
	once := b.shared && b.misbehavior != panicking && b.misbehavior != panickingWithNil && b.misbehavior != exiting
	if b.sprung.Add(1) > 1 && once {
		return false
	}
	switch b.misbehavior {
	case panicking:
		panic("boom")
	case panickingWithNil:
		panic(any(nil))
	case exiting:
		runtime.Goexit()
	case blocking:
		<-b.release
	case reentering:
		b.reenter()
	}
	return true
}

// reenter calls the Watcher for another job. It gives up before a poll would.
func (b *boundary) reenter() {
	ctx, cancel := context.WithTimeout(context.Background(), boundaryPollTimeout-time.Second)
	defer cancel()
	b.watcher.Stats()
	other := fmt.Sprint("other-", b.others.Add(1))
	_, _ = b.watcher.WaitForJob(ctx, other)
	_ = b.watcher.CancelJob(ctx, other)
	b.watcher.Stats()
}

// fails returns the error of a hook that misbehaves by returning one.
func (b *boundary) fails() error {
	if b.misbehavior == returningTypedNil {
		return (*transport.Error)(nil)
	}
	return nil
}

// A target is a service whose jobs complete at their third poll.
type target struct {
	mu    sync.Mutex
	polls map[string]int
}

func (s *target) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	if err := ctx.Err(); err != nil {
		return jobstatus.Status{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls[id]++
	n := s.polls[id]
	st := jobstatus.Status{ID: id, State: jobstatus.Running, Progress: float64(n) / 10, Revision: fmt.Sprint(n)}
	if n >= boundaryPolls {
		st.State = jobstatus.Completed
	}
	return st, nil
}

func (s *target) Create(context.Context, transport.CreateRequest) (string, error) { return "new", nil }
func (s *target) Cancel(context.Context, string) error                            { return nil }

// seen reports whether a job has been polled.
func (s *target) seen(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls[id] > 0
}

// A hookedTarget misbehaves in some of its methods. A method that is about a job misbehaves only
// for the job "bad".
type hookedTarget struct {
	*target
	status, cancel, create func() error // nil means the same as target
}

func (s *hookedTarget) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	if s.status != nil && id == "bad" && s.seen(id) {
		if err := s.status(); err != nil {
			return jobstatus.Status{}, err
		}
	}
	return s.target.Status(ctx, id)
}

func (s *hookedTarget) Create(ctx context.Context, r transport.CreateRequest) (string, error) {
	if s.create != nil {
		if err := s.create(); err != nil {
			return "", err
		}
	}
	return s.target.Create(ctx, r)
}

func (s *hookedTarget) Cancel(ctx context.Context, id string) error {
	if s.cancel != nil && id == "bad" {
		if err := s.cancel(); err != nil {
			return err
		}
	}
	return s.target.Cancel(ctx, id)
}

type conditionalTarget struct {
	*target
	since func() error
}

func (s *conditionalTarget) StatusSince(ctx context.Context, id string, last jobstatus.Status) (jobstatus.Status, error) {
	if id == "bad" {
		if err := s.since(); err != nil {
			return jobstatus.Status{}, err
		}
	}
	return s.Status(ctx, id)
}

type batchTarget struct {
	*target
	batch func(ids []string) (answers []transport.Answer, misbehaved bool, err error)
}

func (s *batchTarget) MaxBatch() int { return 8 }

func (s *batchTarget) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	if slices.Contains(ids, "bad") {
		if answers, misbehaved, err := s.batch(ids); misbehaved {
			return answers, err
		}
	}
	var answers []transport.Answer
	for _, id := range ids {
		st, err := s.Status(ctx, id)
		answers = append(answers, transport.Answer{Status: st, Err: err})
	}
	return answers, nil
}

// A hookedNotifier listens and reports nothing.
type hookedNotifier struct{ trusted, notify func() error }

func (n *hookedNotifier) Trusted() bool {
	_ = n.trusted()
	return true
}

func (n *hookedNotifier) Notify(ctx context.Context, notify func(jobstatus.Status)) error {
	if err := n.notify(); err != nil {
		return err
	}
	notify(jobstatus.Status{})
	<-ctx.Done()
	return ctx.Err()
}

// A fitTarget misbehaves in Fit.
type fitTarget struct {
	batchTarget
	fit func() error
}

func (s *fitTarget) Fit(ids []string) int {
	if slices.Contains(ids, "bad") {
		_ = s.fit()
	}
	return len(ids)
}

// A holdTarget misbehaves in Hold.
type holdTarget struct {
	*target
	hold func() error
}

func (s *holdTarget) Hold(ctx context.Context, id string, _ jobstatus.Status, _ time.Duration) (jobstatus.Status, error) {
	if id == "bad" {
		if err := s.hold(); err != nil {
			return jobstatus.Status{}, err
		}
	}
	return s.Status(ctx, id)
}

// trap returns a function that misbehaves. If the misbehavior is an error, the function returns it.
func (b *boundary) trap() error {
	b.spring()
	return b.fails()
}

// hookedBackoff waits a second between polls. It learns and ranks.
type hookedBackoff struct {
	next    func(backoff.Poll)
	observe func(backoff.Outcome)
	rank    func()
}

func (h *hookedBackoff) Next(p backoff.Poll) time.Duration {
	if h.next != nil {
		h.next(p)
	}
	return time.Duration(min(p.Attempt, 1)) * time.Second
}

func (h *hookedBackoff) Observe(o backoff.Outcome) {
	if h.observe != nil {
		h.observe(o)
	}
}

func (h *hookedBackoff) Rank(backoff.Poll, time.Duration) float64 {
	if h.rank != nil {
		h.rank()
	}
	return 0
}

// nilContext is a context. The methods of a nil pointer to it panic.
type nilContext struct{ context.Context }

// A hookedCore is a zapcore.Core that misbehaves in one of its methods.
type hookedCore struct {
	zapcore.Core
	check, write func() error
}

func (c *hookedCore) With([]zapcore.Field) zapcore.Core { return c }

func (c *hookedCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.check != nil {
		_ = c.check()
	}
	return ce.AddCore(e, c)
}

func (c *hookedCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if c.write != nil {
		if err := c.write(); err != nil {
			return err
		}
	}
	return c.Core.Write(e, fields)
}

// A hookedError is an error that misbehaves in one of its methods.
type hookedError struct {
	b      *boundary
	method string
}

func (e *hookedError) spring(method string) bool { return e.method == method && e.b.spring() }

func (e *hookedError) Error() string {
	e.spring("Error")
	return "hooked"
}

func (e *hookedError) Is(error) bool {
	e.spring("Is")
	return false
}

func (e *hookedError) As(target any) bool {
	if to, ok := target.(**transport.Error); ok && e.spring("As") && e.b.misbehavior == returningTypedNil {
		*to = nil
		return true
	}
	return false
}

func (e *hookedError) Unwrap() error {
	if e.spring("Unwrap") {
		return e.b.fails()
	}
	return nil
}

// hooks returns all calls from the library to the user's code, by name.
func hooks() []hook {
	all := slices.Concat(transportHooks(), notifierHooks(), backoffHooks(), errorHooks(), otherHooks())
	slices.SortFunc(all, func(a, b hook) int { return cmp.Compare(a.name, b.name) })
	return all
}

func transportHooks() []hook {
	return []hook{
		{name: "Transport.Status", nils: []misbehavior{returningTypedNil},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return &hookedTarget{target: b.target, status: b.trap}, nil
			}},
		{name: "Transport.StatusSince", nils: []misbehavior{returningTypedNil},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return &conditionalTarget{b.target, b.trap}, nil
			}},
		batchHook("Transport.StatusBatch", nil, func(b *boundary, ids []string) ([]transport.Answer, error) { return nil, b.fails() }),
		batchHook("Transport.StatusBatch about one job", []misbehavior{returningTypedNil},
			func(b *boundary, ids []string) (answers []transport.Answer, err error) {
				for _, id := range ids {
					a := transport.Answer{Status: jobstatus.Status{ID: id, State: jobstatus.Running}}
					if id == "bad" {
						a.Err = b.fails()
					}
					answers = append(answers, a)
				}
				return answers, nil
			}),
		{name: "Transport.Hold", spare: true, nils: []misbehavior{returningTypedNil},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) { return &holdTarget{b.target, b.trap}, nil }},
		{name: "Transport.Fit", spare: true, call: waitFor("bad", "companion"),
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				none := func([]string) ([]transport.Answer, bool, error) { return nil, false, nil }
				return &fitTarget{batchTarget{b.target, none}, b.trap}, nil
			}},
		{name: "Transport.Create", nils: []misbehavior{returningTypedNil}, shared: true,
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return &hookedTarget{target: b.target, create: b.trap}, nil
			},
			call: func(ctx context.Context, w *jobstatus.Watcher) []error {
				_, err := w.CreateJob(ctx)
				return []error{err}
			}},
		{name: "Transport.Cancel", nils: []misbehavior{returningTypedNil},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return &hookedTarget{target: b.target, cancel: b.trap}, nil
			},
			call: func(ctx context.Context, w *jobstatus.Watcher) []error { return []error{w.CancelJob(ctx, "bad")} }},
	}
}

// notifierHooks are called after New has begun to listen. New does not wait for them.
func notifierHooks() []hook {
	fine := func() error { return nil }
	only := []misbehavior{panicking, panickingWithNil, exiting, blocking}
	return []hook{
		{name: "Truster.Trusted", spare: true, shared: true, only: only,
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return b.target, []jobstatus.Option{jobstatus.WithNotifier(&hookedNotifier{b.trap, fine}), jobstatus.WithQuietInterval(time.Second)}
			}},
		{name: "Notifier.Notify", spare: true, shared: true, only: only,
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return b.target, []jobstatus.Option{jobstatus.WithNotifier(&hookedNotifier{fine, b.trap}), jobstatus.WithQuietInterval(time.Second)}
			}},
	}
}

func backoffHooks() []hook {
	return []hook{
		firstNextHook(),
		nextHook("Backoff.Next", 2),
		{name: "Learner.Observe", spare: true,
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return b.target, []jobstatus.Option{jobstatus.WithBackoff(&hookedBackoff{observe: func(o backoff.Outcome) {
					if o.Key == "bad" {
						b.spring()
					}
				}})}
			}},
		{name: "Ranker.Rank", spare: true, shared: true,
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				return b.target, []jobstatus.Option{jobstatus.WithBackoff(&hookedBackoff{rank: func() { b.spring() }}), jobstatus.WithRateLimit(20, 1)}
			},
			call: waitFor("bad", "1", "2", "3", "4", "5", "6", "7", "8", "9")},
	}
}

func errorHooks() (all []hook) {
	for method, nils := range map[string][]misbehavior{
		"Error": nil, "Is": nil, "As": {returningTypedNil}, "Unwrap": {returningNil, returningTypedNil},
	} {
		all = append(all, hook{name: "an error's " + method, nils: nils, also: []string{completes},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				var told atomic.Bool
				return &hookedTarget{target: b.target, status: func() error {
					if told.Swap(true) {
						return nil
					}
					return &hookedError{b, method}
				}}, nil
			}})
	}
	return all
}

func otherHooks() []hook {
	all := []hook{
		{name: "a token source", shared: true, also: []string{completes}, nils: []misbehavior{returningTypedNil},
			make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
				service, err := rest.New("http://service.test", rest.WithRoundTripper(tripperOf(b.target)), rest.WithToken(b.token))
				assert.NoError(b, err)
				b.Cleanup(func() { _ = service.Close() })
				return service, nil
			}},
		coreHook("a logger's Check", nil, func(c *hookedCore, trap func() error) { c.check = trap }),
		coreHook("a logger's Write", []misbehavior{returningTypedNil}, func(c *hookedCore, trap func() error) { c.write = trap }),
	}
	for _, kind := range []observe.Kind{observe.PollStarted, observe.PollEnded, observe.Answered, observe.WatchEnded} {
		all = append(all, observerHook(kind))
	}
	return all
}

// waitFor returns a call that waits for several jobs.
func waitFor(ids ...string) func(context.Context, *jobstatus.Watcher) []error {
	return func(ctx context.Context, w *jobstatus.Watcher) (errs []error) {
		for _, err := range w.WaitForJobs(ctx, slices.Values(ids)) {
			errs = append(errs, err)
		}
		return errs
	}
}

// batchHook is called for a batch that holds the job "bad". Because the batch is divided, another
// request may see the end.
func batchHook(name string, only []misbehavior, answer func(*boundary, []string) ([]transport.Answer, error)) hook {
	return hook{name: name, also: []string{completes}, nils: []misbehavior{returningNil, returningTypedNil}, only: only,
		call: waitFor("bad", "companion"),
		make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
			return &batchTarget{b.target, func(ids []string) (answers []transport.Answer, misbehaved bool, err error) {
				b.spring()
				if b.misbehavior != returningNil && b.misbehavior != returningTypedNil {
					return nil, false, nil
				}
				answers, err = answer(b, ids)
				return answers, true, err
			}}, nil
		}}
}

func nextHook(name string, attempt int) hook {
	return hook{name: name, make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
		return b.target, []jobstatus.Option{jobstatus.WithBackoff(&hookedBackoff{next: func(p backoff.Poll) {
			if p.Key == "bad" && p.Attempt == attempt {
				b.spring()
			}
		}})}
	}}
}

// firstNextHook is Next on the caller's goroutine. It may end that goroutine, and the caller waits
// while it blocks.
func firstNextHook() hook {
	h := nextHook("Backoff.Next before the first poll", 0)
	h.also, h.only = []string{callExited}, []misbehavior{panicking, panickingWithNil, exiting, reentering}
	return h
}

func observerHook(kind observe.Kind) hook {
	return hook{name: "Observer.Observe of " + kind.String(), spare: true, nils: []misbehavior{returningNil, returningTypedNil},
		make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
			return b.target, []jobstatus.Option{jobstatus.WithObserver(observe.Func(
				func(ctx context.Context, e *observe.Event) context.Context {
					if e.Kind != kind || e.ID != "bad" && !slices.Contains(e.IDs, "bad") {
						return ctx
					}
					b.spring()
					switch b.misbehavior {
					case returningNil:
						return nil
					case returningTypedNil:
						return (*nilContext)(nil)
					default:
						return ctx
					}
				}))}
		}}
}

func coreHook(name string, nils []misbehavior, set func(c *hookedCore, trap func() error)) hook {
	return hook{name: name, spare: true, shared: true, nils: nils,
		make: func(b *boundary) (jobstatus.Transport, []jobstatus.Option) {
			core := &hookedCore{Core: zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
				zapcore.AddSync(io.Discard), zap.DebugLevel)}
			set(core, b.trap)
			logger := zap.New(core, zap.ErrorOutput(zapcore.AddSync(io.Discard)))
			return b.target, []jobstatus.Option{jobstatus.WithLogger(logger)}
		}}
}

// token is a token source. It misbehaves in its first call, because its token serves all waits.
func (b *boundary) token(context.Context) (string, error) {
	if b.sprung.Load() > 0 {
		return "token", nil
	}
	if b.spring(); b.misbehavior == returningTypedNil {
		return "", b.fails()
	}
	return "token", nil
}

// tripperOf returns a RoundTripper that answers requests about the jobs of s.
func tripperOf(s *target) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		st, err := s.Status(r.Context(), r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r,
			Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"payload":{"status":%q}}`, st.State)))}, nil
	})
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
