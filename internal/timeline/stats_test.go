package timeline

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

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
	var f figures
	for i := range 2 * observe.MaxKinds {
		f.of(string(rune('a'+i))).end(transport.Completed, 3)
	}
	assert.Len(t, f.kinds, observe.MaxKinds)
	assert.Equal(t, observe.KindStats{Completed: observe.MaxKinds, Polls: 3 * observe.MaxKinds}, f.others.stats())
	assert.Equal(t, observe.KindStats{Completed: 1, Polls: 3}, f.of("a").stats())
}
