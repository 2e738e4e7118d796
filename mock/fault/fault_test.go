package fault_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAWhenThatMakesNoSenseNamesItself(t *testing.T) {
	t.Parallel()
	for want, when := range map[string]fault.When{
		"Nth([0])":           fault.Nth(0),
		"Nth([])":            fault.Nth(),
		"First(0)":           fault.First(0),
		"Share(1.5)":         fault.Share(1.5),
		"Share(NaN)":         fault.Share(math.NaN()),
		"Between(2s, 1s)":    fault.Between(2*time.Second, time.Second),
		"Young(0s)":          fault.Young(0),
		"a header's name":    fault.Without("", "x"),
		"First(-1): must":    fault.Always().And(fault.First(-1)),
		"First(-2): must be": fault.First(-2).Of("a").OfCreate(),
	} {
		_, err := when.Rule()
		require.ErrorContains(t, err, want)
	}
}

func TestAnEffectThatMakesNoSenseNamesItself(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]fault.Effect{
		"Code(99)":              fault.Code(99),
		"Header without a name": fault.Header("", "x"),
		"Huge(0)":               fault.Huge(0),
		"GzipBomb(-1)":          fault.GzipBomb(-1),
		"Latency(0s)":           fault.Latency(0),
		"Drip(0s)":              fault.Drip(0),
		"Lags(-1s)":             fault.Lags(-time.Second),
		"an effect is zero":     {},
	} {
		require.ErrorContains(t, e.Apply(&trouble.Trouble{}), want)
	}
}

// What is restricted further selects no more than before.
func TestAndSelectsWhatBothSelect(t *testing.T) {
	t.Parallel()
	both, err := fault.First(3).And(fault.Between(time.Minute, time.Hour)).And(fault.Young(time.Second)).Rule()
	require.NoError(t, err)
	for _, c := range []struct {
		n    int
		now  time.Duration
		age  time.Duration
		want bool
	}{
		{3, time.Minute, 0, true},
		{4, time.Minute, 0, false},
		{3, time.Hour, 0, false},
		{3, time.Minute, time.Second, false},
	} {
		assert.Equal(t, c.want, both.Holds(&trouble.Moment{N: c.n, Now: c.now, Ages: []time.Duration{c.age}}), c)
	}
}

func TestEffectsAddUp(t *testing.T) {
	t.Parallel()
	var sum trouble.Trouble
	for _, e := range []fault.Effect{fault.Latency(time.Second), fault.Latency(time.Minute), fault.RetryAfter("3"), fault.Header("X", "y"), fault.Lost()} {
		require.NoError(t, e.Apply(&sum))
	}
	assert.Equal(t, time.Minute+time.Second, sum.Latency)
	assert.Equal(t, "3", sum.Header.Get("Retry-After"))
	assert.Equal(t, "y", sum.Header.Get("X"))
	assert.True(t, sum.Lost)
	assert.False(t, sum.Unreadable(), "a client can read such an answer")
	require.NoError(t, fault.Truncated().Apply(&sum))
	assert.True(t, sum.Unreadable())
}
