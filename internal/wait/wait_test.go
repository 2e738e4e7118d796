package wait

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tracked is the real clock, and counts what is under way.
type tracked struct {
	clock.Clock
	busy atomic.Int32
}

func (c *tracked) Tracker() Tracker { return c }

func (c *tracked) Begin()  { c.busy.Add(1) }
func (c *tracked) End()    { c.busy.Add(-1) }
func (c *tracked) Park()   {}
func (c *tracked) Unpark() {}

func TestSleepLastsAsLongAsItSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := &tracked{Clock: clock.New()}
		clk.Begin()
		began := time.Now()
		time.AfterFunc(30*time.Second, func() { assert.Zero(t, clk.busy.Load(), "a sleep is no work") })
		require.NoError(t, Sleep(context.Background(), clk, time.Minute))
		assert.Equal(t, time.Minute, time.Since(began))
		assert.EqualValues(t, 1, clk.busy.Load())
		require.NoError(t, Sleep(context.Background(), clk, 0))
		require.NoError(t, Sleep(context.Background(), clk, -time.Hour))
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clk := &tracked{Clock: clock.New()}
		clk.Begin()
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(context.Background())
		began := time.Now()
		time.AfterFunc(time.Second, func() { cancel(cause) })
		require.ErrorIs(t, Sleep(ctx, clk, time.Minute), cause)
		assert.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, Sleep(ctx, clk, 0), cause)
		assert.EqualValues(t, 1, clk.busy.Load())
	})
}

func TestTimeoutCancelsWithItsCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("too long")
		ctx, stop := WithTimeout(context.Background(), clock.New(), time.Second, cause)
		defer stop()
		<-ctx.Done()
		assert.Equal(t, cause, context.Cause(ctx))
		ctx, stop = WithTimeout(context.Background(), clock.New(), time.Second, cause)
		stop()
		time.Sleep(time.Minute)
		assert.Equal(t, context.Canceled, context.Cause(ctx))
	})
}

// otherClock is one of whose timers nothing is known.
type otherClock struct{ clock.Clock }

func TestAlarmRingsWhereItWasSetAndMovesForward(t *testing.T) {
	t.Parallel()
	for name, clk := range map[string]clock.Clock{"real clock": clock.New(), "injected clock": otherClock{clock.New()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				now := func() time.Duration { return time.Since(began) }
				var rang []time.Duration
				a := NewAlarm(clk, func() { rang = append(rang, now()) })
				a.Stop()
				set := func(at time.Duration) { a.Set(at, func() time.Duration { return at - now() }) }
				set(5 * time.Second)
				set(2 * time.Second)
				a.Stop()
				set(3 * time.Second)
				set(3 * time.Second)
				assert.Zero(t, a.Late(now()))
				time.Sleep(10 * time.Second)
				synctest.Wait()
				assert.Equal(t, []time.Duration{3 * time.Second}, rang)
				assert.Equal(t, 7*time.Second, a.Late(now()))
				a.Rang()
				assert.Zero(t, a.Late(now()))
				set(12 * time.Second)
				a.Rang()
				set(12 * time.Second)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				assert.Equal(t, []time.Duration{3 * time.Second, 12 * time.Second}, rang)
				a.Rang()
				set(20 * time.Second)
				a.Stop()
				a.Stop()
				time.Sleep(time.Minute)
				synctest.Wait()
				assert.Len(t, rang, 2)
			})
		})
	}
}

func TestContextCarriesClockAndLogger(t *testing.T) {
	t.Parallel()
	clk, logger := clock.NewMock(), zap.NewExample()
	ctx := NewContext(context.Background(), Carried{Clock: clk, Logger: logger})
	assert.Same(t, clk, Clock(ctx))
	assert.Same(t, logger, From(ctx).Logger)
	assert.True(t, Real(Clock(context.Background())))
	assert.False(t, Real(clk))
	assert.NotNil(t, From(context.Background()).Logger)
}

func TestCauseOfTellsWhyAContextEnded(t *testing.T) {
	t.Parallel()
	cause, other := errors.New("cause"), errors.New("other")
	ctx, cancel := context.WithCancelCause(context.Background())
	require.NoError(t, CauseOf(ctx, nil))
	assert.Equal(t, context.Canceled, CauseOf(ctx, context.Canceled), "the context has not ended")
	cancel(cause)
	assert.Equal(t, cause, CauseOf(ctx, context.Canceled))
	assert.Equal(t, other, CauseOf(ctx, other))
	more := fmt.Errorf("%w; before that: %w", cause, other)
	assert.Equal(t, more, CauseOf(ctx, more))
	require.NoError(t, CauseOf(ctx, nil))

	ctx, end := context.WithCancel(context.Background())
	end()
	more = fmt.Errorf("%w; before that: %w", context.Canceled, other)
	assert.Equal(t, more, CauseOf(ctx, more))
}

func TestAlarmOnTheRealClockIsNotPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var rang []time.Duration
		a := NewAlarm(clock.New(), func() { rang = append(rang, time.Since(began)) })
		for _, at := range []time.Duration{2 * time.Second, 3 * time.Second} {
			a.Set(at, func() time.Duration { return at })
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Equal(t, []time.Duration{2 * time.Second}, rang, "it is for the owner to set it again")
		a.Stop()
	})
}
