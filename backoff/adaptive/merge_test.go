package adaptive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// saved is the state of a Learner that saw n jobs of a kind.
func saved(t *testing.T, kind string, n int, draw func(*rand.Rand) time.Duration) []byte {
	t.Helper()
	a, r := New(), rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		o := exactly(fmt.Sprint(i), kind, draw(r))
		o.Marks = []backoff.Mark{{Age: o.After / 2, Progress: 0.5}}
		a.Observe(o)
	}
	data, err := a.MarshalBinary()
	require.NoError(t, err)
	return data
}

func TestMergedStatesKnowWhatEachKnew(t *testing.T) {
	t.Parallel()
	long := func(r *rand.Rand) time.Duration { return 10 * uniform(r) }
	data, err := Merge(saved(t, "a", 60, uniform), saved(t, "a", 40, uniform), saved(t, "b", 30, long))
	require.NoError(t, err)
	a := New()
	require.NoError(t, a.UnmarshalBinary(data))
	for kind, want := range map[string]struct {
		jobs   int
		median time.Duration
	}{"a": {100, 10 * time.Second}, "b": {30, 100 * time.Second}} {
		f, ok := a.Forecast(kind)
		require.True(t, ok, kind)
		assert.Equal(t, want.jobs, f.Jobs, kind)
		assert.InEpsilon(t, want.median, f.Quantile(0.5), 0.15, kind)
		o, ok := a.kinds.all[kind].progress.Load().outlook(0.5)
		require.True(t, ok, kind)
		assert.InDelta(t, math.Ln2, o.mean, 1e-3, "half done means twice as long: %s", kind)
	}
}

func TestMergedStatesShareTheRoomByWhatTheyHold(t *testing.T) {
	t.Parallel()
	data, err := Merge(saved(t, "a", maxSpans, uniform), saved(t, "a", maxSpans/2, func(*rand.Rand) time.Duration { return time.Hour }))
	require.NoError(t, err)
	states, err := decode(data)
	require.NoError(t, err)
	long, last := 0, 0
	for i, s := range states[0].spans {
		if s.after > 100 {
			long++
			last = i
		}
	}
	assert.InDelta(t, maxSpans, len(states[0].spans), 2)
	assert.InDelta(t, maxSpans/3, long, 2)
	assert.Greater(t, last, maxSpans-5, "spread among the others")
}

func TestMergeOfManySmallStatesFillsTheRoom(t *testing.T) {
	t.Parallel()
	small := make([][]byte, maxSpans+100)
	for i := range small {
		small[i] = saved(t, "a", 1, uniform)
	}
	for name, states := range map[string][][]byte{"of one job each": small, "beside a full one": {saved(t, "a", maxSpans, uniform), small[0]}} {
		data, err := Merge(states...)
		require.NoError(t, err)
		merged, err := decode(data)
		require.NoError(t, err)
		assert.Equal(t, maxSpans, len(merged[0].spans), name) // not Len, which prints them all
	}
}

func TestMergeOfOneStateIsThatState(t *testing.T) {
	t.Parallel()
	want, err := experienced(20).MarshalBinary()
	require.NoError(t, err)
	for _, states := range [][][]byte{{want}, {want, saved(t, "", 0, uniform)}} {
		got, err := Merge(states...)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	none, err := Merge()
	require.NoError(t, err)
	require.NoError(t, New().UnmarshalBinary(none))
}

func TestMergeNamesTheStateThatIsDamaged(t *testing.T) {
	t.Parallel()
	good := saved(t, "a", 3, uniform)
	_, err := Merge(good, good[:len(good)-1])
	assert.ErrorContains(t, err, "state 2 of 2: adaptive: saved state: ")
}
