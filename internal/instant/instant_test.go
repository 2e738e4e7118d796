package instant_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLaterSaturates(t *testing.T) {
	t.Parallel()
	assert.Equal(t, time.Duration(5), instant.Later(2, 3))
	assert.Equal(t, instant.Forever, instant.Later(2, instant.Unlimited))
	assert.Equal(t, instant.Forever, instant.Later(2, math.MaxInt64))
	assert.Equal(t, instant.Forever, instant.Later(instant.Forever, 1))
}

func TestANumberThatFitsNoDurationSaturates(t *testing.T) {
	t.Parallel()
	for ns, want := range map[float64]time.Duration{-1: 0, 0: 0, 1.9: 1, math.MaxInt64: instant.Forever, math.Inf(1): instant.Forever, math.Inf(-1): 0} {
		assert.Equal(t, want, instant.Saturated(ns), ns)
	}
	assert.Equal(t, instant.Forever, instant.Saturated(math.NaN()))
}

func FuzzLaterNeverGoesBack(f *testing.F) {
	f.Add(int64(0), int64(0))
	f.Add(int64(math.MaxInt64), int64(1))
	f.Add(int64(math.MaxInt64-1), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, now, d int64) {
		if now < 0 || d < 0 {
			return // instants and waits are not negative
		}
		assert.GreaterOrEqual(t, instant.Later(time.Duration(now), time.Duration(d)), time.Duration(now))
	})
}
