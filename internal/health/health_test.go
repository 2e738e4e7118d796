package health_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/health"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnOutageIsReportedOnceAMinuteAndItsEndOnce(t *testing.T) {
	t.Parallel()
	var h health.Health
	assert.Nil(t, h.Answered(0, 10), "it was well")
	reports := 0
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		if r := h.Failed(now); r != nil {
			reports++
			assert.Equal(t, now, r.For)
		}
	}
	assert.Equal(t, 3, reports)
	for range 9 {
		require.Nil(t, h.Answered(3*time.Minute, 10))
	}
	r := h.Answered(3*time.Minute, 10)
	require.NotNil(t, r, "ten watches, ten answers")
	assert.Equal(t, health.Report{Failures: 180, For: 3 * time.Minute}, *r)
}

func TestAServiceThatFailsNowAndThenIsReportedOnceAMinute(t *testing.T) {
	t.Parallel()
	var h health.Health
	reports := 0
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		for _, r := range []*health.Report{h.Failed(now), h.Answered(now, 1)} {
			if r != nil {
				reports++
			}
		}
	}
	assert.Equal(t, 2*3, reports, "that polls fail, and that they are answered again")
}
