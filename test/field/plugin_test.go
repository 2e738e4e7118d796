package field

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// unruly is a value of which each method that somebody may call panics.
type unruly struct{}

func (*unruly) Error() string                { panic("Error") }
func (*unruly) String() string               { panic("String") }
func (*unruly) MarshalJSON() ([]byte, error) { panic("MarshalJSON") }

// A muted error has a text even if it is nil.
type muted struct{}

func (*muted) Error() string { return "muted" }

// A garbled error matches nil and has a long text that is no UTF-8.
type garbled struct{}

func (garbled) Error() string        { return strings.Repeat("\xff", 10_000) }
func (garbled) Is(target error) bool { return target == nil }

// A touchy error panics when it is compared with another one.
type touchy struct{ with error }

func (touchy) Error() string { return "touchy" }

func (e touchy) Is(target error) bool {
	if target == e.with {
		panic("Is")
	}
	return false
}

// An endless error wraps itself.
type endless struct{}

func (endless) Error() string   { return "endless" }
func (e endless) Unwrap() error { return e }

// fault 35, fault 53: whatever a Transport panics with or returns can be looked at.
func TestWhateverAPollReturnsCanBeLookedAt(t *testing.T) {
	t.Parallel()
	type answer = func() (jobstatus.Status, error)
	run := func(st jobstatus.Status) answer {
		st.State = jobstatus.Running
		return func() (jobstatus.Status, error) { return st, nil }
	}
	with := func(err error) answer { return func() (jobstatus.Status, error) { return jobstatus.Status{}, err } }
	for name, row := range map[string]struct {
		answer
		panics bool
	}{
		"a panic with an error that panics":  {func() (jobstatus.Status, error) { panic(&unruly{}) }, true},
		"a panic with a text that panics":    {func() (jobstatus.Status, error) { panic(fmt.Stringer(&unruly{})) }, true},
		"a panic with a context's error":     {func() (jobstatus.Status, error) { panic(context.Canceled) }, true},
		"an error that panics":               {with(&unruly{}), true},
		"a typed nil":                        {with((*unruly)(nil)), true},
		"a nil *transport.Error":             {with((*transport.Error)(nil)), true},
		"a typed nil with a text":            {with((*muted)(nil)), true},
		"a typed nil that is wrapped":        {with(fmt.Errorf("ask: %w", (*unruly)(nil))), false},
		"a typed nil that is joined":         {with(errors.Join(io.EOF, (*unruly)(nil))), true},
		"a *transport.Error in itself":       {with(&transport.Error{Err: &transport.Error{Err: io.EOF}}), false},
		"an error of no class":               {with(&transport.Error{Class: 200, RetryAfter: math.MinInt64}), false},
		"a garbled error":                    {with(garbled{}), false},
		"a cancellation of its own":          {with(context.Canceled), false},
		"a deadline of its own":              {with(context.DeadlineExceeded), false},
		"progress that is no number":         {run(jobstatus.Status{Progress: math.NaN()}), false},
		"endless progress":                   {run(jobstatus.Status{Progress: math.Inf(1)}), false},
		"negative progress":                  {run(jobstatus.Status{Progress: math.Inf(-1)}), false},
		"a negative wait":                    {run(jobstatus.Status{RetryAfter: math.MinInt64}), false},
		"a state that there is none":         {func() (jobstatus.Status, error) { return jobstatus.Status{State: 99, Raw: "\xff"}, nil }, false},
		"times that can't be":                {run(jobstatus.Status{Created: time.Unix(1<<62, 0), Finished: time.Unix(-1<<62, 0)}), false},
		"an error that panics when compared": {with(touchy{transport.ErrNotFound}), true},
		"an error that wraps itself":         {with(fmt.Errorf("ask: %w", endless{})), true},
		"another id":                         {run(jobstatus.Status{ID: "2"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := watcherOf(t, service(func(_ context.Context, id string, n int) (jobstatus.Status, error) {
					switch {
					case id == "1" && n <= 3:
						return row.answer()
					default:
						return jobstatus.Status{State: jobstatus.Completed}, nil
					}
				}).counted(), jobstatus.WithLogger(zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
					zapcore.AddSync(io.Discard), zap.DebugLevel))))
				other := make(chan error, 1)
				go func() {
					_, err := w.WaitForJob(t.Context(), "other")
					other <- err
				}()
				var last error
				for st, err := range w.Updates(t.Context(), "1") {
					assert.NotPanics(t, func() { _ = fmt.Sprintf("%v %+v %v", st, st, err) })
					assert.True(t, st.Progress >= 0 && st.Progress <= 1)
					assert.Equal(t, "1", st.ID)
					last = err
				}
				require.NoError(t, <-other)
				assert.Equal(t, row.panics, errors.As(last, new(*jobstatus.PanicError)), "%T", last)
				if !row.panics {
					require.NoError(t, last)
				}
			})
		})
	}
}

// A gadget is a Transport that can do all that there is.
type gadget struct {
	*counted
	most  func() int
	fit   func() int
	start func(context.Context) (jobstatus.Status, error)
	fetch func() (io.ReadCloser, error)
	hold  func(context.Context) (jobstatus.Status, error)
	since func(last jobstatus.Status)
}

func (g *gadget) MaxBatch() int    { return g.most() }
func (g *gadget) Fit([]string) int { return g.fit() }

func (g *gadget) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	for _, id := range ids {
		st, err := g.Status(ctx, id)
		st.ID = id
		answers = append(answers, transport.Answer{Status: st, Err: err})
	}
	clear(ids) // they are its own
	return answers, nil
}

func (g *gadget) Start(ctx context.Context, _ transport.CreateRequest) (jobstatus.Status, error) {
	return g.start(ctx)
}

func (g *gadget) Fetch(context.Context, jobstatus.Status) (io.ReadCloser, error) { return g.fetch() }

func (g *gadget) StatusSince(ctx context.Context, id string, last jobstatus.Status) (jobstatus.Status, error) {
	if g.since != nil {
		g.since(last)
	}
	return g.Status(ctx, id)
}

func (g *gadget) Hold(ctx context.Context, _ string, last jobstatus.Status, _ time.Duration) (jobstatus.Status, error) {
	if g.since != nil {
		g.since(last)
	}
	return g.hold(ctx)
}

func newGadget(n int) *gadget {
	return &gadget{
		counted: runsFor(n).counted(), most: func() int { return 8 }, fit: func() int { return 8 },
		start: func(context.Context) (jobstatus.Status, error) {
			return jobstatus.Status{ID: "1", State: jobstatus.Pending}, nil
		},
		fetch: func() (io.ReadCloser, error) { return nil, errors.ErrUnsupported },
		hold:  func(context.Context) (jobstatus.Status, error) { return jobstatus.Status{}, errors.ErrUnsupported },
	}
}

// fault 35, fault 53: numbers that make no sense, panics and ends of goroutines, wherever a Watcher
// asks a Transport what it can do.
func TestWhatATransportSaysOfItselfMayBeWrong(t *testing.T) {
	t.Parallel()
	answers := map[string]func() int{
		"zero": func() int { return 0 }, "less than zero": func() int { return math.MinInt }, "very much": func() int { return math.MaxInt },
		"a panic": func() int { panic("no number") }, "the end of its goroutine": func() int { runtime.Goexit(); return 0 },
		"a panic with what panics": func() int { panic(&unruly{}) },
	}
	for name, answer := range answers {
		for part, set := range map[string]func(*gadget){
			"MaxBatch": func(g *gadget) { g.most = answer },
			"Fit":      func(g *gadget) { g.fit = answer },
		} {
			t.Run(part+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := newGadget(3)
					set(g)
					w := watcherOf(t, g, jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
						assert.NotContains(t, e.IDs, "", "the Transport cleared its own ids")
						return ctx
					})))
					ended := 0
					for _, err := range w.WaitForJobs(t.Context(), slices.Values([]string{"1", "2", "3"})) {
						require.NoError(t, err)
						ended++
					}
					assert.Equal(t, 3, ended)
				})
			})
		}
	}
}

// fault 35, fault 53: a hold that misbehaves is replaced by polls.
func TestAHoldThatMisbehavesIsReplacedByPolls(t *testing.T) {
	t.Parallel()
	type hold = func(ctx context.Context) (jobstatus.Status, error)
	for name, hold := range map[string]hold{
		"panics":             func(context.Context) (jobstatus.Status, error) { panic(&unruly{}) },
		"ends its goroutine": func(context.Context) (jobstatus.Status, error) { runtime.Goexit(); panic("") },
		"says nothing":       func(context.Context) (jobstatus.Status, error) { return jobstatus.Status{}, nil },
		"is a typed nil":     func(context.Context) (jobstatus.Status, error) { return jobstatus.Status{}, (*unruly)(nil) },
		"panics when its error is compared": func(context.Context) (jobstatus.Status, error) {
			return jobstatus.Status{}, touchy{errors.ErrUnsupported}
		},
		"returns an error that wraps itself": func(context.Context) (jobstatus.Status, error) {
			return jobstatus.Status{}, endless{}
		},
		"is refused": func(context.Context) (jobstatus.Status, error) {
			return jobstatus.Status{}, &transport.Error{Class: transport.Permanent}
		},
		"does not come back": func(context.Context) (jobstatus.Status, error) {
			time.Sleep(time.Hour)
			return jobstatus.Status{State: jobstatus.Failed}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGadget(5)
				g.hold, g.most = hold, func() int { return 0 }
				w := watcherOf(t, g)
				_, err := w.WaitForJob(t.Context(), "1")
				require.NoError(t, err)
				began := time.Now()
				require.NoError(t, w.Close())
				assert.LessOrEqual(t, time.Since(began), 5*time.Second)
				time.Sleep(2 * time.Hour) // what did not come back does
			})
		})
	}
}

// fault 56: a Transport that ignores the end of its context for some jobs takes no worker from the
// others.
func TestADeafTransportTakesNoWorkerFromOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watcherOf(t, service(func(_ context.Context, id string, _ int) (jobstatus.Status, error) {
			if strings.HasPrefix(id, "deaf") {
				time.Sleep(time.Hour)
			}
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}).counted(), jobstatus.WithConcurrency(4), jobstatus.WithPollTimeout(5*time.Second), jobstatus.WithTimeout(time.Minute))
		var deaf sync.WaitGroup
		for i := range 12 {
			deaf.Go(func() {
				_, err := w.WaitForJob(t.Context(), fmt.Sprint("deaf", i))
				assert.ErrorIs(t, err, jobstatus.ErrTimeout)
			})
		}
		synctest.Wait()
		_, err := w.WaitForJob(t.Context(), "fine")
		require.NoError(t, err)
		deaf.Wait()
		require.NoError(t, w.Close())
		time.Sleep(2 * time.Hour) // what did not come back does
	})
}

// fault 53: a create or a result that is none, or that comes late, is an error and shares nothing
// with the caller.
func TestWhatIsStartedOrFetchedMayBeWrong(t *testing.T) {
	t.Parallel()
	late := func(ctx context.Context) (jobstatus.Status, error) {
		<-ctx.Done()
		time.Sleep(time.Hour)
		return jobstatus.Status{ID: "late"}, nil
	}
	for name, start := range map[string]func(context.Context) (jobstatus.Status, error){
		"panics":             func(context.Context) (jobstatus.Status, error) { panic(&unruly{}) },
		"ends its goroutine": func(context.Context) (jobstatus.Status, error) { runtime.Goexit(); panic("") },
		"is a typed nil":     func(context.Context) (jobstatus.Status, error) { return jobstatus.Status{}, (*unruly)(nil) },
		"comes late":         late,
	} {
		t.Run("start "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGadget(1)
				g.start = start
				w := watcherOf(t, g)
				st, err := w.StartJob(t.Context())
				require.Error(t, err)
				assert.Zero(t, st)
				id, err := w.CreateJob(t.Context())
				require.Error(t, err)
				assert.Empty(t, id)
				time.Sleep(2 * time.Hour)
			})
		})
	}
	for name, body := range map[string]io.ReadCloser{"nil": nil, "a typed nil": (*pipe)(nil)} {
		t.Run("fetch "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGadget(1)
				g.fetch = func() (io.ReadCloser, error) { return body, nil }
				got, err := watcherOf(t, g).Result(t.Context(), jobstatus.Status{ID: "1", State: jobstatus.Completed})
				require.ErrorContains(t, err, "nil")
				assert.Nil(t, got)
			})
		})
	}
	t.Run("input", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := script(ok(`{"payload":{"jobID":"7"}}`)).watcher(t, rest.Dialect{})
			for _, input := range []any{&unruly{}, math.NaN(), func() {}, make(chan int), map[string]any{"a": &unruly{}}} {
				_, err := w.CreateJob(t.Context(), jobstatus.Input(input))
				require.Error(t, err)
			}
			id, err := w.CreateJob(t.Context(), jobstatus.Input(map[string]int{"a": 1}))
			require.NoError(t, err)
			assert.Equal(t, "7", id)
		})
	})
}

// pipe is a result of which a nil pointer is useless.
type pipe struct{ io.ReadCloser }

// Every consumer owns what it is given: whoever else is shown a result cannot change it.
func TestAResultIsTheConsumersWhoeverElseIsShownIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scrawl := func(st jobstatus.Status) { copy(st.Result, "scrawl") }
		g := newGadget(0)
		g.service = func(_ context.Context, _ string, n int) (jobstatus.Status, error) {
			st := jobstatus.Status{State: jobstatus.Running, Revision: "a", Progress: float64(n) / 10, Result: []byte(`{"n":1}`)}
			if n > 4 {
				st.State = jobstatus.Completed
			}
			return st, nil
		}
		var w *jobstatus.Watcher
		g.since = func(last jobstatus.Status) {
			scrawl(last)
			for job := range w.Pending() {
				assert.JSONEq(t, `{"n":1}`, string(job.Last.Result))
			}
		}
		w = watcherOf(t, g, jobstatus.WithObserver(observe.Func(func(ctx context.Context, e *observe.Event) context.Context {
			if e.Status.Result != nil {
				assert.JSONEq(t, `{"n":1}`, string(e.Status.Result))
			}
			scrawl(e.Status)
			return ctx
		})))
		updates := 0
		for st, err := range w.Updates(t.Context(), "1") {
			require.NoError(t, err)
			assert.JSONEq(t, `{"n":1}`, string(st.Result))
			scrawl(st)
			for job := range w.Pending() {
				scrawl(job.Last)
			}
			updates++
		}
		assert.Equal(t, 5, updates)
	})
}

// fault 53: a logger that panics, anywhere, ends nothing.
func TestALoggerThatPanicsEndsNothing(t *testing.T) {
	t.Parallel()
	core := func(out io.Writer) zapcore.Core {
		return zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(out), zap.DebugLevel)
	}
	for name, logger := range map[string]*zap.Logger{
		"a hook that panics":   zap.New(core(io.Discard), zap.Hooks(func(zapcore.Entry) error { panic(&unruly{}) })),
		"a writer that panics": zap.New(core(writer(func([]byte) (int, error) { panic(&unruly{}) }))),
		"a writer that fails":  zap.New(core(writer(func([]byte) (int, error) { return 0, io.ErrClosedPipe })), zap.ErrorOutput(zapcore.AddSync(io.Discard))),
		"a clock that panics":  zap.New(core(io.Discard), zap.WithClock(brokenClock{})),
		"a core that panics":   zap.New(brokenCore{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := script(code(500), says("napping"), code(404), says("completed"))
				o := g.wait(t, rest.Dialect{}, jobstatus.WithLogger(logger))
				require.NoError(t, o.err)
			})
		})
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// A brokenCore panics whatever it is asked.
type brokenCore struct{ zapcore.Core }

type brokenClock struct{}

func (brokenClock) Now() time.Time                       { panic("no time") }
func (brokenClock) NewTicker(time.Duration) *time.Ticker { panic("no ticker") }

// fault 58: a sequence of ids may break the rules of sequences.
func TestASequenceOfIDsMayMisbehave(t *testing.T) {
	t.Parallel()
	for name, seq := range map[string]func(yield func(string) bool){
		"it yields from another goroutine": func(yield func(string) bool) {
			done := make(chan struct{})
			go func() { defer close(done); yield("1") }()
			<-done
		},
		"it waits for a job itself": nil, // set below
		"it yields the same id": func(yield func(string) bool) {
			for n := 0; n < 3 && yield("1"); n++ {
			}
		},
		"it yields no ids":  func(func(string) bool) {},
		"it yields bad ids": func(yield func(string) bool) { _ = yield("") && yield("..") && yield("1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := watcherOf(t, runsFor(2).counted())
				if seq == nil {
					seq = func(yield func(string) bool) {
						_, err := w.WaitForJob(t.Context(), "before")
						assert.NoError(t, err)
						yield("1")
					}
				}
				taken := 0
				ids := func(yield func(string) bool) {
					seq(func(id string) bool { taken++; return yield(id) })
				}
				results := 0
				for st, err := range w.WaitForJobs(t.Context(), ids) {
					if st.ID == "1" {
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, jobstatus.ErrInvalidID)
					}
					results++
				}
				assert.Equal(t, taken, results)
			})
		})
	}
}
