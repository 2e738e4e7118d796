package jobstatus_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
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
