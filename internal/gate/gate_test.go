package gate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/gate"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// admitted returns how many requests g admits until an instant, one at each instant that it names.
func admitted(g *gate.Gate, until time.Duration) (n int) {
	for now := time.Duration(0); now < until; {
		g.Open()
		admits := g.Admits(now) // which takes nothing
		if admitted := g.Admit(now, 1); admitted != admits {
			return -1
		} else if admitted {
			n++
			continue
		}
		now = g.Shut()
	}
	return n
}

func TestAGateKeepsToItsRateLimit(t *testing.T) {
	t.Parallel()
	g := gate.New(rate.NewLimiter(100, 5), time.Unix(0, 0))
	assert.True(t, g.Limited())
	assert.InDelta(t, 1005, admitted(g, 10*time.Second), 2)
}

// fault 15: while a service recovers, requests keep to what the watches would make if nothing held
// them up.
func TestARecoveryKeepsToTheDemand(t *testing.T) {
	t.Parallel()
	g := gate.New(nil, time.Unix(0, 0))
	for range 400 {
		g.Demand(0, time.Second) // 400 watches that are polled once a second
	}
	now := time.Duration(0)
	for ; !g.Recovering(now); now++ {
		g.Failed(now, transport.Transient)
	}
	assert.False(t, g.Retry(now, transport.Transient), "an empty budget allows no retry")
	assert.InDelta(t, 4200, admitted(g, 10*time.Second), 10)
	now = time.Hour
	g.CaughtUp(now)
	assert.True(t, g.Recovering(now), "the budget is not back")
	for range 300 {
		g.Answered(now)
	}
	g.CaughtUp(now)
	assert.True(t, g.Recovering(now), "nor at that instant")
	g.CaughtUp(now + 1)
	assert.False(t, g.Recovering(now+1))
}

// The gate never names an instant that is past, so that whoever waits for it does not spin.
func TestAShutGateNamesALaterInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var limiter *rate.Limiter
		if rapid.Bool().Draw(t, "limited") {
			limiter = rate.NewLimiter(rate.Limit(rapid.Float64Range(0.01, 1e6).Draw(t, "a second")), rapid.IntRange(1, 9).Draw(t, "burst"))
		}
		g := gate.New(limiter, time.Unix(0, 0))
		now := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "pause"))
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0:
				g.Failed(now, rapid.SampledFrom([]transport.Class{transport.Transient, transport.Throttled}).Draw(t, "class"))
			case 1:
				g.Answered(now)
			case 2:
				g.Demand(0, time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "wait")))
			case 3:
				g.CaughtUp(now)
			default:
				g.Open()
				if !g.Admit(now, rapid.IntRange(1, 500).Draw(t, "jobs")) {
					require.Greater(t, g.Shut(), now)
				}
			}
		}
	})
}

// What requests of one instant may do does not depend on their order, as long as the budget is
// enough for all of them, or empty.
func TestTheOrderOfOneInstantIsNoMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 30).Draw(t, "ops")
		order := rapid.Permutation(ops).Draw(t, "order")
		burnt := rapid.SampledFrom([]int{0, 1, 2, 35, 36, 60}).Draw(t, "burnt")
		const tokens, transient, throttled = 500, 14, 5
		costs, left := 0, tokens-burnt*transient
		for _, op := range ops {
			costs += []int{0, transient, throttled, transient}[op]
		}
		if left > 0 && costs >= left {
			return
		}
		play := func(ops []int) (retries int, recovering, more bool) {
			g := gate.New(nil, time.Unix(0, 0))
			for range burnt {
				g.Failed(1, transport.Transient)
			}
			for _, op := range ops {
				switch op {
				case 0:
					g.Answered(2)
				case 1:
					g.Failed(2, transport.Transient)
				case 2:
					g.Failed(2, transport.Throttled)
				case 3:
					if g.Retry(2, transport.Transient) {
						retries++
					}
				}
			}
			return retries, g.Recovering(3), g.Retry(3, transport.Transient)
		}
		one, r1, m1 := play(ops)
		other, r2, m2 := play(order)
		require.Equal(t, one, other)
		require.Equal(t, r1, r2)
		require.Equal(t, m1, m2)
	})
}

func TestAPauseNeverShortensWhatShutTheGate(t *testing.T) {
	t.Parallel()
	g := gate.New(nil, time.Unix(0, 0))
	g.Pause(2 * time.Second)
	g.Pause(time.Second)
	assert.Equal(t, 2*time.Second, g.Shut())
	g.Open()
	assert.Zero(t, g.Shut())
}
