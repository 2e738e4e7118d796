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
