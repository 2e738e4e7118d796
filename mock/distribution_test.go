package mock_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// lasted returns for how long each of n jobs was pending, to the millisecond, with a script that
// draws the duration.
func lasted(t *testing.T, n int, d duration.Distribution, opts ...mock.Option) []time.Duration {
	t.Helper()
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, append(opts, mock.WithClock(clk), mock.WithDialect(rest.Dialect{Created: "created", Updated: "updated", Finished: "finished"}), mock.Created(mock.Pending(d), mock.Completed(nil)))...)
	ids := make([]string, n)
	for i := range ids {
		var err error
		ids[i], err = tr.Create(context.Background(), transport.CreateRequest{})
		require.NoError(t, err)
	}
	clk.Advance(100_000 * time.Hour)
	drawn := make([]time.Duration, n)
	for i, id := range ids {
		st, err := tr.Status(context.Background(), id)
		require.NoError(t, err)
		require.Equal(t, transport.Completed, st.State)
		drawn[i] = st.Finished.Sub(st.Created)
	}
	return drawn
}

func TestDurationsAreDrawnAsTheirDistributionSays(t *testing.T) {
	t.Parallel()
	const second = float64(time.Second)
	for _, c := range []struct {
		d           duration.Distribution
		mean, below float64 // the mean in seconds, and the share below 10 s
	}{
		{duration.Uniform(5*time.Second, 15*time.Second), 10, 0.5},
		{duration.Uniform(7*time.Second, 7*time.Second), 7, 1},
		{duration.Exponential(10 * time.Second), 10, 1 - math.Exp(-1)},
		{duration.LogNormal(10*time.Second, 0.5), 10 * math.Exp(0.125), 0.5},
		{duration.Pareto(5*time.Second, 3), 7.5, 1 - 0.125},
		{duration.Weibull(10*time.Second, 2), 10 * math.Gamma(1.5), 1 - math.Exp(-1)},
		{duration.Quantile(func(u float64) time.Duration { return time.Duration(20 * u * second) }), 10, 0.5},
	} {
		sum, below := 0.0, 0.0
		const n = 4000
		for _, d := range lasted(t, n, c.d) {
			sum += d.Seconds()
			if d < 10*time.Second {
				below++
			}
		}
		assert.InEpsilon(t, c.mean, sum/n, 0.05, c.d.String())
		assert.InDelta(t, c.below, below/n, 0.03, c.d.String())
	}
}

func TestWhatIsDrawnIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	d := duration.Exponential(time.Minute)
	assert.Equal(t, lasted(t, 50, d, mock.WithSeed(7)), lasted(t, 50, d, mock.WithSeed(7)))
	assert.NotEqual(t, lasted(t, 50, d, mock.WithSeed(7)), lasted(t, 50, d, mock.WithSeed(8)))
}

func TestEachStepDrawsItsOwn(t *testing.T) {
	t.Parallel()
	d := duration.Uniform(0, time.Hour)
	clk := mock.NewClock(t)
	tr := mock.NewTransport(t, mock.WithClock(clk), mock.WithDialect(rest.Dialect{Created: "created", Updated: "updated", Finished: "finished"}), mock.Job("a", mock.Pending(d), mock.Running(d), mock.Completed(nil)))
	var began []time.Duration
	for range 2 * 3600 {
		st, err := tr.Status(context.Background(), "a")
		require.NoError(t, err)
		if at := st.Updated.Sub(start); len(began) == 0 || at != began[len(began)-1] {
			began = append(began, at)
		}
		clk.Advance(time.Second)
	}
	require.Len(t, began, 3)
	assert.NotEqual(t, began[1], began[2]-began[1])
}

func TestDistributionsThatCannotBeFailTheTest(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]duration.Distribution{
		"uniform:2s,1s":       duration.Uniform(2*time.Second, time.Second),
		"uniform:-1s,1s":      duration.Uniform(-time.Second, time.Second),
		"exponential:0s":      duration.Exponential(0),
		"lognormal:1s,NaN":    duration.LogNormal(time.Second, math.NaN()),
		"pareto:1s,0":         duration.Pareto(time.Second, 0),
		"weibull:1s,-1":       duration.Weibull(time.Second, -1),
		"function is nil":     duration.Quantile(nil),
		"a zero Distribution": {},
	} {
		assert.Contains(t, failure(t, func(t mock.TB) {
			mock.NewTransport(t, mock.Job("a", mock.Running(d), mock.Completed(nil)))
		}), want)
	}
}
