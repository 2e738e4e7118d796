package figures

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQuantilesHaveTwoDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]time.Duration{
		0: 0, 7: 7, 99: 99, 100: 100, 101: 110, time.Second: time.Second, time.Second + 1: 1100 * time.Millisecond,
		9901 * time.Millisecond: 10 * time.Second, math.MaxInt64: math.MaxInt64,
	} {
		assert.Equal(t, want, twoDigits(d), "%d", d)
	}
}

func FuzzAQuantileIsAtMostAQuarterTooLong(f *testing.F) {
	for _, d := range []int64{0, 1, 8, 1e9, 1<<30 - 1, 1 << 30, math.MaxInt64} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, d int64) {
		var h histogram
		h.add(time.Duration(d))
		q := h.quantiles()
		assert.Equal(t, observe.Quantiles{P50: q.P50, P90: q.P50, P99: q.P50}, q)
		d = max(d, 0)
		assert.GreaterOrEqual(t, int64(q.P50), d)
		assert.LessOrEqual(t, int64(q.P50)-d, d/4+1)
	})
}

// However many kinds a program names, the figures of a bounded number are kept.
func TestKindsBeyondTheFirstShareTheirFigures(t *testing.T) {
	t.Parallel()
	var f Figures
	for i := range 2 * observe.MaxKinds {
		f.Of(string(rune('a'+i))).End(transport.Completed, 3)
	}
	assert.Len(t, f.kinds, observe.MaxKinds)
	assert.Equal(t, observe.KindStats{Completed: observe.MaxKinds, Polls: 3 * observe.MaxKinds}, f.others.Stats())
	assert.Equal(t, observe.KindStats{Completed: 1, Polls: 3}, f.Of("a").Stats())
}
