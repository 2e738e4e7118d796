package boundary_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprint("panic: ", e.value) }

func newGuard() (*boundary.Guard, *observer.ObservedLogs) {
	core, logs := observer.New(zap.DebugLevel)
	return &boundary.Guard{Logger: zap.New(core), Panic: func(v any, _ []byte) error { return &panicError{v} }}, logs
}

// wild is a plugin of every sort whose methods all panic.
type wild struct{}

func (wild) Status(context.Context, string) (transport.Status, error) { panic("Status") }
func (wild) MaxBatch() int                                            { return 9 }
func (wild) Fit([]string) int                                         { panic("Fit") }
func (wild) StatusBatch(context.Context, []string) ([]transport.Answer, error) {
	panic("StatusBatch")
}
func (wild) Next(backoff.Poll) time.Duration          { panic("Next") }
func (wild) Observe(backoff.Outcome)                  { panic("Observe") }
func (wild) Follow(string, string, time.Duration)     { panic("Follow") }
func (wild) Rank(backoff.Poll, time.Duration) float64 { panic("Rank") }

// fault 53: no panic of a plugin passes.
func TestAPanicOfAPluginIsAnErrorOrALine(t *testing.T) {
	t.Parallel()
	g, logs := newGuard()
	var p *panicError
	var st transport.Status
	var f sighting.PollError
	service := boundary.NewService(g, wild{})
	service.Status(t.Context(), "id", nil, &st, &f)
	require.ErrorAs(t, f.Err, &p)
	assert.Equal(t, transport.Permanent, f.Class)
	_, _, f = service.StatusBatch(t.Context(), []string{"a", "b"})
	require.ErrorAs(t, f.Err, &p)
	assert.Equal(t, 2, service.Fit([]string{"a", "b"}))

	schedule := boundary.NewSchedule(g, wild{}, 0)
	_, err := schedule.Ask(&backoff.Poll{})
	require.ErrorAs(t, err, &p)
	schedule.Learn(backoff.Outcome{})
	schedule.Follow("id", "", 0)
	assert.Zero(t, schedule.Rank(&backoff.Poll{}, 0))
	boundary.NewAudience(g, observe.Func(func(context.Context, *observe.Event) context.Context { panic("Observe") })).
		Observe(t.Context(), &observe.Event{})
	assert.Equal(t, 5, logs.FilterLevelExact(zap.ErrorLevel).Len(), "Fit, Observe twice, Follow and Rank")
}

func TestTheWaitOfABackoffIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says     time.Duration
		poll     backoff.Poll
		maxDelay time.Duration
		want     time.Duration
	}{
		{says: -1, want: 0},
		{says: -1, poll: backoff.Poll{Attempt: 1}, want: boundary.MinWait},
		{says: math.MaxInt64, poll: backoff.Poll{Attempt: 1}, want: math.MaxInt64},
		{says: time.Hour, poll: backoff.Poll{Attempt: 1}, maxDelay: time.Minute, want: time.Minute},
		{says: time.Second, poll: backoff.Poll{Attempt: 1, RetryAfter: time.Hour}, maxDelay: time.Minute, want: time.Hour},
	} {
		g, logs := newGuard()
		s := boundary.NewSchedule(g, backoff.Func(func(backoff.Poll) time.Duration { return c.says }), c.maxDelay)
		for range 2 {
			got, err := s.Ask(&c.poll)
			require.NoError(t, err)
			assert.Equal(t, c.want, got, "%+v", c)
		}
		if c.says < 0 {
			assert.Equal(t, 1, logs.Len(), "a negative wait is logged once")
		}
	}
}

type key struct{}

// fault 53: the context of an Observer carries what it likes, and ends when the poll's does.
func TestTheContextOfAnObserverEndsWithThePoll(t *testing.T) {
	t.Parallel()
	g, _ := newGuard()
	a := boundary.NewAudience(g, observe.Func(func(context.Context, *observe.Event) context.Context { return nil }))
	poll, end := context.WithCancelCause(context.WithValue(t.Context(), key{}, "poll"))
	bound, stop := a.Bind(poll, context.Background())
	defer stop()
	assert.Equal(t, "poll", bound.Value(key{}))
	require.NoError(t, bound.Err())
	cause := errors.New("over")
	end(cause)
	<-bound.Done()
	assert.Equal(t, cause, context.Cause(bound))
}

// An Observer's context ends no poll, whatever ends the context.
func TestTheEndOfAnObserversContextIsNoEndOfThePoll(t *testing.T) {
	t.Parallel()
	g, _ := newGuard()
	a := boundary.NewAudience(g, observe.Func(func(context.Context, *observe.Event) context.Context { return nil }))
	poll, end := context.WithTimeout(t.Context(), time.Hour)
	made, cancel := context.WithTimeout(context.WithValue(poll, key{}, "made"), -time.Second)
	defer cancel()
	bound, stop := a.Bind(poll, made)
	defer stop()
	derived, left := context.WithCancel(bound)
	defer left()
	require.NoError(t, bound.Err())
	require.NoError(t, derived.Err())
	assert.Equal(t, "made", derived.Value(key{}))
	want, _ := poll.Deadline()
	until, _ := bound.Deadline()
	assert.Equal(t, want, until)
	end()
	<-derived.Done()
	assert.ErrorIs(t, context.Cause(bound), context.Canceled)
}

// An unruly context misbehaves as the functions say.
type unruly struct {
	context.Context
	done  chan struct{}
	err   func() error
	value func(key any) any
	until func() (time.Time, bool)
}

func (u *unruly) Done() <-chan struct{} {
	if u.done == nil {
		return u.Context.Done()
	}
	return u.done
}

func (u *unruly) Err() error {
	if u.err == nil {
		return u.Context.Err()
	}
	return u.err()
}

func (u *unruly) Value(k any) any {
	if u.value == nil {
		return u.Context.Value(k)
	}
	return u.value(k)
}

func (u *unruly) Deadline() (time.Time, bool) {
	if u.until == nil {
		return u.Context.Deadline()
	}
	return u.until()
}

// fault 53: other goroutines, such as those of net/http, call the methods of a context. What the
// context of an Observer does there ends no process.
func TestAnUnrulyContextOfAnObserverIsSafeOnEveryGoroutine(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	close(closed)
	for name, u := range map[string]*unruly{
		"it ends without a reason":           {done: make(chan struct{}), err: func() error { return nil }},
		"its reason panics":                  {done: make(chan struct{}), err: func() error { panic("Err") }},
		"it gives a reason before it ends":   {done: make(chan struct{}), err: func() error { return context.Canceled }},
		"its values panic":                   {value: func(any) any { panic("Value") }},
		"its values and its end are unusual": {done: make(chan struct{}), err: func() error { panic("Err") }, value: func(any) any { panic("Value") }},
		"its deadline panics":                {until: func() (time.Time, bool) { panic("Deadline") }},
		"it has ended":                       {done: closed, err: func() error { return context.Canceled }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := newGuard()
			a := boundary.NewAudience(g, observe.Func(func(context.Context, *observe.Event) context.Context { return nil }))
			poll, end := context.WithCancel(context.WithValue(t.Context(), key{}, "poll"))
			defer end()
			u.Context = poll
			bound, stop := a.Bind(poll, u)
			defer stop()
			derived, cancel := context.WithCancel(bound)
			defer cancel()
			used := make(chan struct{})
			go func() {
				defer close(used)
				assert.NoError(t, derived.Err())
				assert.NoError(t, bound.Err())
				assert.Equal(t, "poll", derived.Value(key{}))
				_, _ = bound.Deadline()
			}()
			<-used
			if u.done != nil && u.done != closed {
				close(u.done)
			}
			require.NoError(t, bound.Err(), "the poll goes on")
			end()
			<-derived.Done()
			<-bound.Done()
			require.ErrorIs(t, bound.Err(), context.Canceled)
			require.ErrorIs(t, derived.Err(), context.Canceled)
		})
	}
}
