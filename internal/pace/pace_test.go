package pace_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func FuzzAPollIsLateByNoMoreThanItsSlack(f *testing.F) {
	f.Add(int64(0), int64(0), 0.0, true)
	f.Add(int64(0), int64(time.Minute), 0.0, false)
	f.Add(int64(12345), int64(time.Hour), 1.0, false)
	f.Add(int64(math.MaxInt64-1), int64(math.MaxInt64), 1.0, true)
	f.Fuzz(func(t *testing.T, at, wait int64, share float64, batches bool) {
		if at < 0 || wait < 0 || !(share >= 0 && share <= 1) && share != pace.Exact {
			return // no such poll, or option
		}
		r := pace.Rule{Slack: share, Batches: batches}
		late := r.Late(time.Duration(wait), 1)
		aligned := r.Align(time.Duration(at), time.Duration(wait), 1)
		assert.GreaterOrEqual(t, int64(aligned), at)
		assert.LessOrEqual(t, int64(aligned)-at, max(int64(late), 0))
		if batches && share != pace.Exact && wait == 0 && at < math.MaxInt64-int64(late) {
			assert.Greater(t, int64(aligned), at, "jobs of a bulk that begin now have time to meet")
		}
	})
}

func TestPollsOnARealClockShareWakeUpsOnceThereAreMany(t *testing.T) {
	t.Parallel()
	r := pace.Rule{Real: true}
	assert.Zero(t, r.Late(time.Minute, 63))
	assert.Equal(t, 50*time.Millisecond, r.Late(time.Minute, 64))
	assert.Zero(t, pace.Rule{}.Late(time.Minute, 1000), "on a test clock each is polled at its instant")
}

func FuzzTheFirstPollOfABulkIsAtMostTwiceAsLate(f *testing.F) {
	f.Add(int64(0), int64(time.Second), 64, 1)
	f.Add(int64(time.Second), int64(time.Minute), 10_000, 100)
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), math.MaxInt32, 1)
	f.Fuzz(func(t *testing.T, first, interval int64, n, cohort int) {
		if first < 0 || interval < 0 || n < 0 || cohort < 1 {
			return
		}
		got := pace.First(time.Duration(first), time.Duration(interval), n, cohort)
		assert.GreaterOrEqual(t, int64(got), first)
		bound := interval
		if first > 0 {
			bound = min(bound, first)
		}
		assert.LessOrEqual(t, got, instant.Later(time.Duration(first), time.Duration(bound)))
	})
}

func TestTheLongRunIsWhereABackoffStopsToGrow(t *testing.T) {
	t.Parallel()
	double := func(attempt int, _, last time.Duration) (time.Duration, error) {
		return min(max(2*last, time.Second), time.Minute), nil
	}
	got, err := pace.LongRun(instant.Unlimited, double)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, got)
	got, err = pace.LongRun(100*time.Second, double)
	require.NoError(t, err)
	assert.Equal(t, 10*time.Second, got, "a tenth of the timeout")
	broken := errors.New("broken")
	_, err = pace.LongRun(time.Hour, func(int, time.Duration, time.Duration) (time.Duration, error) { return 0, broken })
	assert.ErrorIs(t, err, broken)
}
