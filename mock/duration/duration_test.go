package duration_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/mock/duration"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func FuzzParse(f *testing.F) {
	for _, s := range []string{"10s", "uniform:5s,15s", "exponential:10s", "lognormal:10s,0.5", "pareto:3s,1.5", "weibull:10s,0.7", "", ":",
		"uniform:5s", "uniform:,", "normal:1s,2", "pareto:1s,x", "exponential:-1s", "lognormal:1s,NaN", "quantile"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := duration.Parse(s)
		if err != nil {
			assert.ErrorContains(t, err, "lognormal:10s,0.5", "it says what would be right")
			return
		}
		again, err := duration.Parse(d.String())
		require.NoError(t, err)
		assert.Equal(t, d.String(), again.String())
		for _, took := range []time.Duration{d.At(1e-9), d.At(0.5), d.At(1 - 1e-9)} {
			assert.GreaterOrEqual(t, took, time.Duration(0))
		}
	})
}

func TestParseReadsWhatItSays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"10s": "uniform:10s,10s", "uniform:5s,15s": "uniform:5s,15s", "exponential:10s": "exponential:10s",
		"lognormal:10s,0.5": "lognormal:10s,0.5", "pareto:3s,1.5": "pareto:3s,1.5", "weibull:1m,2": "weibull:1m0s,2",
	} {
		d, err := duration.Parse(s)
		require.NoError(t, err)
		assert.Equal(t, want, d.String())
	}
}

func ExampleParse() {
	d, err := duration.Parse("lognormal:10s,0.5")
	fmt.Println(d, err)
	// Output: lognormal:10s,0.5 <nil>
}
