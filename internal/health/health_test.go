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
	var reports []health.Report
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		if r := h.Failed(now); r != nil {
			reports = append(reports, *r)
		}
	}
	assert.Equal(t, []health.Report{{Failures: 1}, {Failures: 61, For: time.Minute}, {Failures: 121, For: 2 * time.Minute}}, reports)
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
	var failures []int
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		for _, r := range []*health.Report{h.Failed(now), h.Answered(now, 1)} {
			if r != nil {
				failures = append(failures, r.Failures)
			}
		}
	}
	assert.Equal(t, []int{1, 1, 60, 60, 60, 60}, failures, "that polls fail, and that they are answered again")
}
