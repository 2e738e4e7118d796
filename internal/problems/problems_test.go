package problems_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/problems"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsWrongIsCollected(t *testing.T) {
	t.Parallel()
	var l problems.List
	assert.Equal(t, 3, problems.Limit(&l, "A", 0, 3))
	assert.Equal(t, problems.Unlimited, problems.Limit(&l, "A", problems.Unlimited, 3))
	assert.Equal(t, 7, problems.Limit(&l, "A", 7, 3))
	assert.Equal(t, 7, problems.Positive(&l, "A", 7))
	l.NotNil("B", nil)
	l.NotNil("B", 1)
	assert.Empty(t, l)
	assert.Equal(t, 3, problems.Limit(&l, "A", -2, 3))
	assert.Zero(t, problems.Positive(&l, "B", -time.Second))
	l.NotNil("C", (*int)(nil))
	l.NotNil("D", func() {})
	l.NotNil("E", (func())(nil))
	assert.Zero(t, problems.Positive(&l, "F", problems.Unlimited))
	assert.EqualError(t, l.Err(), "jobstatus: A(-2): must not be negative; Unlimited lifts the limit\n"+
		"jobstatus: B(-1s): must not be negative\njobstatus: C: a nil *int\njobstatus: E: a nil func()\n"+
		"jobstatus: F(Unlimited): Unlimited is for timeouts and attempts only")
}
