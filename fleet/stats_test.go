package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iamber12/job-status-monitoring/observe"
)

func TestStatsTellWhatAWorkerOwnsAndWhatHappenedToIt(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a, b := s.member("a"), s.member("b")
		s.submit(100)
		time.Sleep(20 * time.Second)
		as, bs := a.fleet.Stats(), b.fleet.Stats()
		assert.Equal(t, 16, as.Owned+bs.Owned)
		assert.Equal(t, 100, as.Pending+bs.Pending)
		assert.Equal(t, 2, as.Workers)
		assert.Equal(t, 16, as.Partitions)
		assert.InDelta(t, 60, as.RateLimit+bs.RateLimit, 1e-9)
		assert.EqualValues(t, as.Owned, as.Claimed-as.GaveUp)
		assert.Zero(t, as.TakenOver+bs.TakenOver)

		a.link.cut(true)
		time.Sleep(20 * time.Second)
		lost, after := a.fleet.Stats(), b.fleet.Stats()
		assert.True(t, lost.Disconnected)
		assert.EqualValues(t, 1, lost.Fenced)
		assert.Zero(t, lost.Owned)
		assert.Zero(t, lost.Pending)
		assert.Equal(t, 16, after.Owned)
		assert.Equal(t, 100, after.Pending)
		assert.Equal(t, 1, after.Workers)
		assert.EqualValues(t, as.Owned, after.TakenOver)
		a.link.cut(false)
		time.Sleep(20 * time.Second)
		lost = a.fleet.Stats()
		assert.False(t, lost.Disconnected)
		assert.EqualValues(t, as.Owned, lost.Taken, "others had claimed them")
		assert.Positive(t, b.fleet.Stats().GaveUp)

		require.NoError(t, a.stop())
		require.NoError(t, b.stop())
		for _, f := range []*Fleet{a.fleet, b.fleet} {
			st := f.Stats()
			assert.Zero(t, st.Owned+st.Pending+st.Workers)
			assert.Zero(t, st.RateLimit)
		}
	}, RateLimit(60))
}

func TestStatsTellWhichEndsWait(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		a := s.member("a")
		submit(t, a.fleet, jobIDs(10)...)
		time.Sleep(20 * time.Second)
		got := a.fleet.Stats()
		assert.EqualValues(t, 10, got.Submitted)
		assert.EqualValues(t, 10, got.Ended)
		assert.Equal(t, 10, got.Backlog)

		c := s.fleet(s.memory.link())
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		n := 0
		for end, err := range c.Ends(ctx) {
			require.NoError(t, err)
			if n++; n <= 4 {
				end.Ack()
			}
			if n == 6 {
				time.Sleep(6 * time.Second)
				got = c.Stats()
				assert.EqualValues(t, 4, got.Acked)
				assert.Equal(t, 3, got.Unacked, "two that were yielded and one that is next")
				assert.Equal(t, 6, got.Backlog)
				break
			}
		}
		assert.Zero(t, c.Stats().Unacked)
	})
}

func TestAMessageThatIsPutAsideIsCounted(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		l := s.memory.link()
		for _, data := range []string{"{", `{"v":1}`, `{"v":99}`} {
			_, err := l.publish(t.Context(), outgoing{subject: place{digest: digest{1}}.subject("fw", submittedSuffix), data: []byte(data), always: true})
			require.NoError(t, err)
		}
		a := s.member("a")
		time.Sleep(20 * time.Second)
		assert.EqualValues(t, 2, a.fleet.Stats().Unreadable, "a newer one is left alone")
	})
}

func TestStatsOfNoFleetAreZero(t *testing.T) {
	t.Parallel()
	assert.Zero(t, (*Fleet)(nil).Stats())
	assert.Equal(t, observe.FleetStats{}, new(Fleet).Stats())
}

func TestEachChangeOfAnOwnerIsALineThatSaysWhy(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.member("a")
		time.Sleep(20 * time.Second)
		b := s.member("b")
		time.Sleep(20 * time.Second)
		moved := b.fleet.Stats().Owned
		reasons := func() map[string]int {
			n := map[string]int{}
			for _, line := range logs.TakeAll() {
				if line.Message == "partition changes its owner" {
					n[line.ContextMap()["reason"].(string)]++
				} else {
					n[line.Message]++
				}
			}
			return n
		}
		got := reasons()
		assert.Equal(t, 16+moved, got["had no owner"])
		assert.Equal(t, moved, got["handed over"])
		assert.Equal(t, 16+moved, got["partition is watched"])
		a.link.cut(true)
		time.Sleep(20 * time.Second)
		a.link.cut(false)
		time.Sleep(20 * time.Second)
		got = reasons()
		assert.Equal(t, 16-moved, got["its owner sends no heartbeats"])
		assert.Equal(t, 16-moved, got["partition was taken by another worker"])
	}, Logger(zap.New(core)))
}
