package jobstatus_test

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// mute is a context of a user that ends without an Err.
type mute struct {
	context.Context
	done chan struct{}
}

func newMute(t *testing.T, after time.Duration) *mute {
	s := &mute{t.Context(), make(chan struct{})}
	if after == 0 {
		close(s.done)
	} else {
		time.AfterFunc(after, func() { close(s.done) })
	}
	return s
}

func (s *mute) Done() <-chan struct{} { return s.done }
func (*mute) Err() error              { return nil }

// callsOf returns each method that sends a request of its own.
func callsOf() map[string]func(*jobstatus.Watcher, context.Context) error {
	return map[string]func(*jobstatus.Watcher, context.Context) error{
		"StartJob": func(w *jobstatus.Watcher, ctx context.Context) error {
			_, err := w.StartJob(ctx)
			return err
		},
		"CancelJob": func(w *jobstatus.Watcher, ctx context.Context) error { return w.CancelJob(ctx, "a") },
		"Result": func(w *jobstatus.Watcher, ctx context.Context) error {
			body, err := w.Result(ctx, jobstatus.Status{ID: "a", State: jobstatus.Completed})
			if err == nil {
				_, err = io.ReadAll(body)
				_ = body.Close()
			}
			return err
		},
	}
}

// dawdler answers each request of its own only when its context ends, and each poll at once.
type dawdler struct{ *service }

func (dawdler) Start(ctx context.Context, _ transport.CreateRequest) (transport.Status, error) {
	<-ctx.Done()
	return transport.Status{}, ctx.Err()
}

func (dawdler) Cancel(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func (dawdler) Fetch(ctx context.Context, _ transport.Status) (io.ReadCloser, error) {
	return io.NopCloser(reader(func([]byte) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})), nil
}

type reader func([]byte) (int, error)

func (f reader) Read(p []byte) (int, error) { return f(p) }

// fault 39: a context whose Done is closed has ended, even if its Err does not say so.
func TestAContextThatEndsWithoutAnErrCountsAsCanceled(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, time.Minute} {
		for method, wait := range waits() {
			t.Run(fmt.Sprint(method, " after ", after), func(t *testing.T) {
				t.Parallel()
				virtually(t, func(w world) {
					s := w.service(never)
					watcher := w.watcher(s, every(7*time.Second), jobstatus.WithTimeout(time.Hour))
					began := time.Now()
					st, err := wait(watcher, newMute(w.T, after), "a")
					var gaveUp *jobstatus.WaitError
					require.ErrorAs(w, err, &gaveUp)
					assert.Equal(w, context.Canceled, gaveUp.Reason)
					assert.Equal(w, "a", st.ID)
					assert.Equal(w, after, time.Since(began))
					assert.Zero(w, watcher.Stats().Waits)
				})
			})
		}
		for method, call := range callsOf() {
			t.Run(fmt.Sprint(method, " after ", after), func(t *testing.T) {
				t.Parallel()
				virtually(t, func(w world) {
					watcher := w.watcher(dawdler{w.service(never)}, jobstatus.WithPollTimeout(time.Hour))
					began := time.Now()
					require.ErrorIs(w, call(watcher, newMute(w.T, after)), context.Canceled)
					assert.Equal(w, after, time.Since(began))
				})
			})
		}
	}
}

// fault 58: such a context also ends a call whose ids are endless, slow or left early.
func TestAContextThatEndsWithoutAnErrEndsACallWithASequence(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]time.Duration{"endless": 0, "slow": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := feedWatcher(t, newDiary(), jobstatus.WithTimeout(time.Hour))
				taken := 0
				var last error
				for _, err := range w.WaitForJobs(newMute(t, time.Minute), func(yield func(string) bool) {
					for ; yield(fmt.Sprint(taken)); taken++ {
						time.Sleep(max(each, 10*time.Millisecond))
					}
				}) {
					last = err
				}
				require.ErrorIs(t, last, context.Canceled)
				time.Sleep(2 * time.Hour) // until the sequence has noticed
			})
		})
	}
}

// curious is a context of a user whose methods call the Watcher.
type curious struct {
	context.Context
	watcher *jobstatus.Watcher
	calls   atomic.Int64
}

func (c *curious) look() {
	c.calls.Add(1)
	c.watcher.Stats()
}

func (c *curious) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

func (c *curious) Err() error {
	c.look()
	return c.Context.Err()
}

func (c *curious) Deadline() (time.Time, bool) {
	c.look()
	return c.Context.Deadline()
}

func (c *curious) Value(key any) any {
	c.look()
	return c.Context.Value(key)
}

// No method of a user's context is called under the lock of the engine.
func TestTheMethodsOfAContextMayCallTheWatcher(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end   time.Duration // of the job, or 0
		limit time.Duration // of the context, or 0
		want  error
	}{
		"the job ends":     {time.Minute, 0, nil},
		"the context ends": {0, time.Minute, context.DeadlineExceeded},
		"both end":         {time.Minute, time.Minute, nil},
		"the wait ends":    {0, 0, jobstatus.ErrTimeout},
	} {
		for method, wait := range waits() {
			t.Run(fmt.Sprint(method, " ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := newDiary()
					w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Hour))
					if test.end > 0 {
						time.AfterFunc(test.end-time.Millisecond, func() { d.end("a", transport.Completed) })
					}
					ctx, cancel := context.WithCancel(t.Context())
					if test.limit > 0 {
						ctx, cancel = context.WithTimeout(t.Context(), test.limit)
					}
					defer cancel()
					c := &curious{Context: ctx, watcher: w}
					_, err := wait(w, c, "a")
					if test.limit == 0 || test.end == 0 {
						require.ErrorIs(t, err, test.want)
					}
					assert.Positive(t, c.calls.Load())
					assert.Zero(t, w.Stats().Waits)
				})
			})
		}
	}
	for method, call := range callsOf() {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) {
				watcher := w.watcher(dawdler{w.service(never)}, jobstatus.WithPollTimeout(time.Hour))
				ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
				defer cancel()
				require.ErrorIs(w, call(watcher, &curious{Context: ctx, watcher: watcher}), context.DeadlineExceeded)
			})
		})
	}
}

func TestTheMethodsOfAContextMayCallTheWatcherWhileIDsAreTaken(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(cancel func(), yielded int) (more bool){
		"the context ends": func(cancel func(), yielded int) bool {
			if yielded == 5 {
				cancel()
			}
			return true
		},
		"the range is left": func(_ func(), yielded int) bool { return yielded < 5 },
		"to the end":        func(func(), int) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Hour))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				yielded := 0
				for range w.WaitForJobs(&curious{Context: ctx, watcher: w}, func(yield func(string) bool) {
					for i := range 20 {
						d.end(fmt.Sprint(i), transport.Completed)
						if !yield(fmt.Sprint(i)) {
							return
						}
						time.Sleep(time.Duration(i%3) * time.Second)
					}
				}) {
					if yielded++; !leave(cancel, yielded) {
						break
					}
				}
				assert.GreaterOrEqual(t, yielded, 5)
				assert.Zero(t, w.Stats().Waits)
				time.Sleep(time.Minute) // until the sequence has noticed
			})
		})
	}
}

// bomb is a context of a user, one method of which panics at a later call.
type bomb struct {
	context.Context
	method string
	calls  atomic.Int64 // left before the panic
}

func (b *bomb) tick(method string) {
	if b.method != method {
		return
	}
	if b.calls.Add(-1) < 0 {
		panic(method)
	}
}

func (b *bomb) Done() <-chan struct{} {
	b.tick("Done")
	return b.Context.Done()
}

func (b *bomb) Err() error {
	b.tick("Err")
	return b.Context.Err()
}

// fault 53: a context whose methods panic ends its own wait alone.
func TestAContextThatPanicsEndsItsOwnWaitAlone(t *testing.T) {
	t.Parallel()
	for method, wait := range waits() {
		for _, in := range []string{"Done", "Err"} {
			for calls := range 4 {
				t.Run(fmt.Sprint(method, " ", in, " ", calls), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						d := newDiary()
						w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)))
						time.AfterFunc(3500*time.Millisecond, func() { d.end("a", transport.Completed) })
						func() {
							defer func() { _ = recover() }()
							b := &bomb{Context: t.Context(), method: in}
							b.calls.Store(int64(calls))
							_, _ = wait(w, b, "a")
						}()
						assert.Zero(t, w.Stats().Waits)
						d.end("b", transport.Completed)
						_, err := w.WaitForJob(t.Context(), "b")
						require.NoError(t, err)
					})
				})
			}
		}
	}
}
