package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASlowLoopFetchesFewEndsAhead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took time.Duration
		want int
	}{
		{0, 64}, {10 * time.Millisecond, 64}, {80 * time.Millisecond, 16}, {time.Second, 4}, {4 * time.Second, 1}, {time.Hour, 1},
	} {
		a := newAhead(ackWait)
		assert.Equal(t, c.want != maxAhead, a.took(c.took), c.took)
		assert.Equal(t, c.want, a.now, c.took)
		for range 3 * maxAhead {
			assert.False(t, a.took(c.took), "a steady loop changes nothing")
		}
		a.now = 1
		changes := 0
		for range 3 * maxAhead {
			if a.took(c.took / 2) {
				changes++
			}
		}
		assert.LessOrEqual(t, a.now, c.want*aheadStep, c.took)
		assert.LessOrEqual(t, changes, 3, c.took)
	}
}

func TestALoopThatIsQuickAgainFetchesMoreEndsAhead(t *testing.T) {
	t.Parallel()
	a := newAhead(ackWait)
	require.True(t, a.took(time.Minute))
	for range 3 * maxAhead {
		a.took(time.Millisecond)
	}
	assert.Equal(t, maxAhead, a.now)
	assert.False(t, a.slow())
}

// A loop that takes a fortieth of ackWait for each end gets none twice. Ends that it needs later
// were fetched with the first one, and delivered again before it reached them.
func TestASlowLoopGetsNoEndTwice(t *testing.T) {
	t.Parallel()
	f := figureFleet(t, false)
	e := f.engine.(*natsEngine)
	e.ackWait = 8 * time.Second
	const jobs = maxAhead
	submitAll(t, f, jobs)
	endAll(t, f, jobs)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, again := map[string]bool{}, 0
	for end, err := range f.Ends(ctx) {
		require.NoError(t, err)
		sleep(t.Context(), e.ackWait/40)
		if got[end.Key] {
			again++
		}
		got[end.Key] = true
		end.Ack()
		if len(got) == jobs {
			defer time.AfterFunc(e.ackWait/4, cancel).Stop() // time for an end that comes twice
		}
	}
	assert.Zero(t, again)
	assert.Zero(t, stored(t, f))
}
