package peers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/backofftest"
	"github.com/iamber12/job-status-monitoring/backoff/peers"
)

// The windows are worked out by hand from the peers' sources.
func TestPeersDrawFromTheSameWindowsAsTheirOriginals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		s         backoff.Strategy
		low, high []time.Duration // of attempts 1, 2, …
	}{
		"AWSWaiter": {peers.AWSWaiter(0, 0),
			millis(15000, 15000, 15000, 15000, 15000), millis(15000, 30000, 60000, 120000, 120000)},
		"AWSWaiter, no power of two": {peers.AWSWaiter(15*time.Second, 100*time.Second),
			millis(15000, 15000, 15000, 15000), millis(15000, 30000, 60000, 100000)},
		"AzurePoller": {peers.AzurePoller(0), millis(30000, 30000), millis(30000, 30000)},
		"GAX": {peers.GAX(0, 0, 0),
			millis(0, 0, 0, 0, 0, 0, 0), millis(1000, 2000, 4000, 8000, 16000, 30000, 30000)},
		"GAX x1.3": {peers.GAX(time.Second, 2*time.Second, 1.3), millis(0, 0, 0, 0), millis(1000, 1300, 1690, 2000)},
		"KubernetesWait": {peers.KubernetesWait(10*time.Millisecond, 5, 0.1, 200*time.Millisecond),
			millis(10, 50, 200), millis(11, 55, 220)},
		"KubernetesWait of an even pace": {peers.KubernetesWait(time.Second, 0, 0, 0), millis(1000, 1000), millis(1000, 1000)},
		"ClientGo":                       {peers.ClientGo(), millis(5, 10, 20, 40), millis(5, 10, 20, 40)},
		"Cenkalti":                       {peers.Cenkalti(), millis(250, 375, 562, 843), millis(750, 1125, 1688, 2532)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Zero(t, test.s.Next(backoff.Poll{Key: "job-1"}), "they all ask at once first")
			require.NoError(t, validate(t, test.s))
			for i := range test.low {
				low, high := test.low[i], test.high[i]
				least, most := high+time.Hour, time.Duration(0)
				for n := range 1000 {
					d := test.s.Next(backoff.Poll{Key: fmt.Sprint(n), Attempt: i + 1})
					least, most = min(least, d), max(most, d)
				}
				edge := float64(high-low)*0.02 + float64(time.Millisecond)
				assert.GreaterOrEqual(t, least, low)
				assert.InDelta(t, low, least, edge)
				assert.LessOrEqual(t, most, high)
				assert.InDelta(t, high, most, edge)
			}
		})
	}
	assert.Equal(t, 1000*time.Second, peers.ClientGo().Next(backoff.Poll{Attempt: 19}))
}

func TestAzurePollerTakesTheServicesWordForMoreAndForLess(t *testing.T) {
	t.Parallel()
	s := peers.AzurePoller(10 * time.Second)
	for hint, want := range map[time.Duration]time.Duration{
		-1: 10 * time.Second, 0: 10 * time.Second, 1: 1, time.Hour: time.Hour,
	} {
		assert.Equal(t, want, s.Next(backoff.Poll{Attempt: 1, RetryAfter: hint}))
	}
}

func TestPeersNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, validate(t, peers.AWSWaiter(-1, 0)), "base -1ns")
	require.ErrorContains(t, validate(t, peers.AWSWaiter(0, time.Second)), "longest 1s: is below the first wait, 15s")
	require.ErrorContains(t, validate(t, peers.AzurePoller(-1)), "AzurePoller: frequency -1ns")
	require.ErrorContains(t, validate(t, peers.GAX(0, -1, 0.5)), "longest -1ns")
	require.ErrorContains(t, validate(t, peers.GAX(0, -1, 0.5)), "factor 0.5")
	require.ErrorContains(t, validate(t, peers.KubernetesWait(0, 0.5, 2, 0)), "KubernetesWait: share 2")
	require.ErrorContains(t, validate(t, peers.KubernetesWait(0, 0.5, 2, 0)), "factor 0.5")
}

func ExampleAWSWaiter() {
	s := peers.AWSWaiter(5*time.Second, 120*time.Second)
	d := s.Next(backoff.Poll{Key: "job-1", Attempt: 3})
	fmt.Println(d >= 5*time.Second, d <= 20*time.Second)
	// Output: true true
}

func TestPeersKeepTheRulesOfAStrategy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		s      backoff.Strategy
		limits backofftest.Limits
	}{
		"AWSWaiter":   {peers.AWSWaiter(0, 0), backofftest.Limits{Cap: 2 * time.Minute, Floor: 15 * time.Second}},
		"AzurePoller": {peers.AzurePoller(0), backofftest.Limits{Cap: 30 * time.Second, Floor: 30 * time.Second}},
		"GAX":         {peers.GAX(0, 0, 0), backofftest.Limits{Cap: 30 * time.Second}},
		"KubernetesWait": {peers.KubernetesWait(time.Second, 2, 0.1, time.Minute),
			backofftest.Limits{Cap: time.Minute, Past: 0.1, Floor: time.Second}},
		"ClientGo": {peers.ClientGo(), backofftest.Limits{Cap: 1000 * time.Second, Floor: 5 * time.Millisecond}},
		"Cenkalti": {peers.Cenkalti(), backofftest.Limits{Cap: time.Minute, Past: 0.5, Floor: time.Second / 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backofftest.Run(t, func() backoff.Strategy { return test.s }, test.limits)
		})
	}
}

func millis(ms ...int64) (all []time.Duration) {
	for _, m := range ms {
		all = append(all, time.Duration(m)*time.Millisecond)
	}
	return all
}

func validate(t *testing.T, s backoff.Strategy) error {
	t.Helper()
	require.Implements(t, (*backoff.Validator)(nil), s)
	return s.(backoff.Validator).Validate()
}
