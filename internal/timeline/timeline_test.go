package timeline

import (
	"math"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/index"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fault 32: a Timeline does not keep waiters whose channel of updates was closed.
func TestAnOfferOnAClosedChannelIsForgotten(t *testing.T) {
	t.Parallel()
	tl := New(Config{Backoff: func(bool) backoff.Strategy { return nil }, Clock: clock.New(), Logger: zap.NewNop()})
	defer tl.Close()
	closed := make(chan transport.Status)
	close(closed)
	c := tl.NewConsumer(t.Context(), Limits{Timeout: Unlimited}, true)
	assert.Panics(t, func() { c.Offer(t.Context(), closed, &transport.Status{}, 0) })
	assert.Empty(t, tl.finisher.offers)
}

func FuzzLastLookIsNeverLateAndNeverTooEarly(f *testing.F) {
	f.Add(int64(0), int64(40), int64(40), int64(60), int64(100), int64(0), uint8(0), false)
	for ordinal := range uint8(100) {
		f.Add(int64(0), int64(8e10), int64(8e10), int64(12e10), int64(15e10), int64(0), ordinal, ordinal%2 == 1)
	}
	f.Add(int64(5), int64(7), int64(3), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), uint8(1), true)
	f.Fuzz(func(t *testing.T, began, answered, asked, end, poll, allowed int64, ordinal uint8, batches bool) {
		if began < 0 || answered < began || asked < 0 || asked > answered || end < answered || poll < answered || allowed < 0 {
			return // no such watch
		}
		timeout := time.Duration(Unlimited)
		if end != math.MaxInt64 {
			timeout = time.Duration(end - began)
		}
		c := &Consumer{parker: parker{core: &core{}}, until: instant.Forever}
		m := &waiter{part: &part{consumer: c}, began: time.Duration(began), timeout: timeout, cohort: int32(pace.Cohort(int(ordinal), 1))}
		b := &board{watches: index.New[watch](), pace: pace.Rule{Batches: batches}}
		x := &watch{waiters: m, times: times{poll: time.Duration(poll)}}
		b.lookLastLocked(x, m, time.Duration(asked), time.Duration(answered), time.Duration(allowed))
		may := int64(instant.Later(time.Duration(answered), time.Duration(allowed)))
		tenth := end - max(1, (end-began)/10)
		assert.LessOrEqual(t, int64(x.poll), poll, "it only brings the poll forward")
		assert.GreaterOrEqual(t, int64(x.poll), min(poll, may), "and not before the service allows it")
		if x.poll != time.Duration(poll) {
			assert.Less(t, int64(x.poll), end, "it is moved for a waiter that will be there")
			assert.GreaterOrEqual(t, int64(x.poll), tenth, "to its end")
		}
		if poll > end && end > answered && may < end && end != math.MaxInt64 && asked < tenth {
			assert.Less(t, int64(x.poll), end, "a look is taken before the end")
		}
		if moved := x.poll; moved != time.Duration(poll) {
			x.poll = instant.Forever
			b.lookLastLocked(x, m, moved, moved, time.Duration(allowed))
			assert.Equal(t, instant.Forever, x.poll, "and once only")
		}
	})
}
