package oneoff_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iamber12/job-status-monitoring/internal/oneoff"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errExpired = errors.New("expired")
	errClosed  = errors.New("closed")
)

type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprint("panic: ", e.value) }

func newCaller(life context.Context, timeout time.Duration) *oneoff.Caller {
	return &oneoff.Caller{
		Clock: clock.New(), Logger: zap.NewNop(), Life: life, Timeout: timeout, Expired: errExpired,
		Retry: func(transport.Class) bool { return false },
		Panic: func(v any, _ []byte) error { return &panicError{v} },
	}
}

type explosive struct{}

func (explosive) Error() string { panic("Error") }
func (explosive) Is(error) bool { panic("Is") }
func (explosive) As(any) bool   { panic("As") }

// fault 53: whatever a plugin does or returns is an error of the call.
func TestACallSurvivesWhatItCalls(t *testing.T) {
	t.Parallel()
	c := newCaller(t.Context(), time.Minute)
	for name, f := range map[string]func(context.Context) error{
		"panic":              func(context.Context) error { panic("oh") },
		"Goexit":             func(context.Context) error { runtime.Goexit(); return nil },
		"typed nil":          func(context.Context) error { return (*explosive)(nil) },
		"error that panics":  func(context.Context) error { return explosive{} },
		"its methods behind": func(context.Context) error { return fmt.Errorf("read: %w", explosive{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p *panicError
			require.ErrorAs(t, c.Do(t.Context(), f), &p)
		})
	}
	assert.Equal(t, io.EOF, c.Do(t.Context(), func(context.Context) error { return io.EOF }))
	assert.NoError(t, c.Do(t.Context(), func(context.Context) error { return nil }))
}

func TestACallEndsWithItsTimeoutItsContextAndItsLife(t *testing.T) {
	t.Parallel()
	until := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	assert.ErrorIs(t, newCaller(t.Context(), time.Millisecond).Do(t.Context(), until), errExpired)

	life, end := context.WithCancelCause(t.Context())
	begun := func(ctx context.Context) error { end(errClosed); return until(ctx) }
	assert.ErrorIs(t, newCaller(life, time.Minute).Do(t.Context(), begun), errClosed)
	assert.ErrorIs(t, newCaller(life, time.Minute).Do(t.Context(), nil), errClosed, "f is not called")

	left, leave := context.WithCancelCause(t.Context())
	leave(io.EOF)
	assert.ErrorIs(t, newCaller(t.Context(), time.Minute).Do(left, nil), io.EOF, "f is not called")
}

// What happened before the context of a call ended is not lost.
func TestACallWhoseContextEndsKeepsWhatHappenedBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := newCaller(t.Context(), time.Minute).Do(ctx, func(ctx context.Context) error {
		cancel()
		return fmt.Errorf("POST /: %w; before that: %w", ctx.Err(), io.EOF)
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, io.EOF)
}

// A touchy error panics when it is compared with the end of a context.
type touchy struct{}

func (touchy) Error() string        { return "touchy" }
func (touchy) Is(target error) bool { return target == context.Canceled && panics() }

func panics() bool { panic("Is") }

// fault 53: an error is compared with the end of a context, too.
func TestACallSurvivesAnErrorThatIsComparedWithItsEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := newCaller(t.Context(), time.Minute).Do(ctx, func(context.Context) error {
		cancel()
		return touchy{}
	})
	require.ErrorAs(t, err, new(*panicError))
}

// closer notes that it was closed.
type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// A result that comes when nobody waits for it any more is closed.
func TestAResultThatComesLateIsClosed(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"within the grace": time.Second / 2, "later": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				body := &closer{}
				_, err := newCaller(t.Context(), time.Minute).Fetch(t.Context(), fetcher(func(ctx context.Context) (io.ReadCloser, error) {
					<-ctx.Done()
					time.Sleep(late)
					return body, nil
				}), transport.Status{})
				require.ErrorIs(t, err, errExpired)
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				assert.True(t, body.closed)
			})
		})
	}
}

type fetcher func(context.Context) (io.ReadCloser, error)

func (f fetcher) Fetch(ctx context.Context, _ transport.Status) (io.ReadCloser, error) { return f(ctx) }

func TestAResultIsReadAfterTheCallThatFetchedIt(t *testing.T) {
	t.Parallel()
	var under context.Context
	body, err := newCaller(t.Context(), time.Minute).Fetch(t.Context(), fetcher(func(ctx context.Context) (io.ReadCloser, error) {
		under = ctx
		return io.NopCloser(strings.NewReader("result")), nil
	}), transport.Status{})
	require.NoError(t, err)
	require.NoError(t, under.Err())
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	assert.Equal(t, "result", string(text))
	require.NoError(t, body.Close())
	assert.Error(t, under.Err(), "it ends when the result is closed")
}

// A nilBody is a result of which a nil pointer is useless.
type nilBody struct{ io.ReadCloser }

// fault 53: the caller reads no result that is not there.
func TestAResultThatIsNilIsAnError(t *testing.T) {
	t.Parallel()
	for text, body := range map[string]io.ReadCloser{"nil <nil>": nil, "nil *oneoff_test.nilBody": (*nilBody)(nil)} {
		got, err := newCaller(t.Context(), time.Minute).Fetch(t.Context(), fetcher(func(context.Context) (io.ReadCloser, error) {
			return body, nil
		}), transport.Status{})
		assert.Nil(t, got)
		assert.ErrorContains(t, err, text)
	}
}

// fault 33: a Fetcher that comes back after the call has ended shares nothing with the caller.
func TestAResultThatComesTooLateIsNobodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, err := newCaller(t.Context(), time.Second).Fetch(t.Context(), fetcher(func(context.Context) (io.ReadCloser, error) {
			time.Sleep(time.Minute)
			return io.NopCloser(strings.NewReader("late")), nil
		}), transport.Status{})
		assert.Nil(t, got)
		assert.ErrorIs(t, err, errExpired)
		time.Sleep(time.Hour) // it has come
	})
}

// halfFetcher returns a body together with an error.
type halfFetcher struct {
	transport.Transport
	body io.ReadCloser
	err  error
}

func (f halfFetcher) Fetch(context.Context, transport.Status) (io.ReadCloser, error) {
	return f.body, f.err
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

// fault 52: a body that comes with an error keeps no connection.
func TestABodyBesideAnErrorIsClosed(t *testing.T) {
	t.Parallel()
	c := newCaller(t.Context(), time.Minute)
	part := &closing{Reader: strings.NewReader("x")}
	_, err := c.Fetch(t.Context(), halfFetcher{body: part, err: errClosed}, transport.Status{})
	require.ErrorIs(t, err, errClosed)
	assert.Equal(t, 1, part.closed)
	_, err = c.Fetch(t.Context(), halfFetcher{body: (*closing)(nil), err: errClosed}, transport.Status{})
	require.ErrorIs(t, err, errClosed)
}

// slowClock is a clock on which a call that has its answer returns when the grace ends.
type slowClock struct{ clock.Clock }

func (c slowClock) Tracker() wait.Tracker { return c }
func (slowClock) Begin()                  {}
func (slowClock) End()                    {}
func (slowClock) Park()                   {}
func (slowClock) Unpark()                 { time.Sleep(61 * time.Second) }

// fault 52: a body that arrives at the moment when the call gives up keeps no connection.
func TestABodyThatArrivesAtTheLastMomentIsReturned(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			c := newCaller(t.Context(), time.Minute)
			c.Clock = slowClock{c.Clock}
			body := &closing{Reader: strings.NewReader("x")}
			got, err := c.Fetch(t.Context(), halfFetcher{body: body}, transport.Status{})
			require.NoError(t, err)
			text, err := io.ReadAll(got)
			require.NoError(t, err)
			assert.Equal(t, "x", string(text))
			require.NoError(t, got.Close())
			assert.Equal(t, 1, body.closed)
		})
	}
}

type starter func(context.Context) (transport.Status, error)

func (f starter) Start(ctx context.Context, _ transport.CreateRequest) (transport.Status, error) {
	return f(ctx)
}

func (starter) Status(context.Context, string) (transport.Status, error) {
	return transport.Status{}, errors.ErrUnsupported
}

// The id of a job that was started is returned or logged, whenever the answer comes.
func TestNoStartedJobIsLost(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, time.Millisecond, time.Second - 1, time.Second, time.Second + 1, time.Hour} {
		for _, failure := range []error{nil, io.EOF} {
			t.Run(fmt.Sprint(late, failure), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					core, logs := observer.New(zap.DebugLevel)
					c := newCaller(t.Context(), time.Minute)
					c.Logger = zap.New(core)
					first, err := c.Start(t.Context(), starter(func(ctx context.Context) (transport.Status, error) {
						<-ctx.Done()
						time.Sleep(late)
						return transport.Status{ID: "a", State: transport.Running}, failure
					}), transport.CreateRequest{})
					time.Sleep(2 * time.Hour)
					synctest.Wait()
					warned := logs.FilterField(zap.String("id", "a")).FilterLevelExact(zap.WarnLevel).Len()
					switch {
					case first.ID == "a" && failure == nil:
						require.NoError(t, err)
						assert.Zero(t, warned)
					case first.ID == "a":
						require.ErrorContains(t, err, `"a"`)
						assert.Zero(t, warned)
					default:
						require.ErrorIs(t, err, errExpired)
						assert.Equal(t, 1, warned)
					}
					if late != time.Second { // that is either
						assert.Equal(t, late < time.Second, first.ID == "a")
					}
				})
			})
		}
	}
}
