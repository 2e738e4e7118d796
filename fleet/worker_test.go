package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stepVirtually has a test do the steps of a worker. It has read the stores, it knows a member "b",
// and its next heartbeat is not due for long.
func stepVirtually(t *testing.T, do func(t *testing.T, s *stage, r *worker)) {
	t.Helper()
	playVirtually(t, time.Hour, func(s *stage) {
		r := newWorker(s.t.Context(), s.fleet(s.memory.link()).core, s.service.watcher(s.t, "a"))
		defer r.loop.close()
		r.owned.watch = func(ctx context.Context, _ int, _ time.Time) { <-ctx.Done() }
		r.replayed, r.studied = 2, true
		now := time.Now()
		r.cameBack(0, now, now)
		r.peers.saw("b", heartbeat{Lease: r.lease, Short: true}, now, false, now)
		r.pulse.next = now.Add(time.Hour)
		r.step(now)
		require.Zero(s.t, r.pulse.count)
		do(s.t, s, r)
	}, RateLimit(60))
}

// newestBeat returns the newest heartbeat that was stored.
func (s *stage) newestBeat() (h heartbeat) {
	synctest.Wait()
	m, ok, _ := s.memory.next(members, "", 0)
	require.True(s.t, ok)
	require.NoError(s.t, json.Unmarshal(m.data, &h))
	return h
}

func TestAWorkerSendsAHeartbeatAtOnceIfAnotherSeemsToBeDead(t *testing.T) {
	t.Parallel()
	stepVirtually(t, func(t *testing.T, _ *stage, r *worker) {
		for range beats + 1 {
			r.step(time.Now())
			require.Zero(t, r.pulse.count, "b was heard of within its lease")
			time.Sleep(r.lease / beats)
			r.cameBack(0, time.Now(), time.Now())
		}
		r.step(time.Now())
		assert.Equal(t, 1, r.pulse.count)
	})
}

func TestAWorkerSaysAtOnceThatItLendsNoMore(t *testing.T) {
	t.Parallel()
	stepVirtually(t, func(t *testing.T, s *stage, r *worker) {
		r.studied = false // so it claims nothing, and keeps nothing
		r.peers.saw(r.self, heartbeat{Lease: r.lease}, time.Now(), false, time.Now())
		r.owned.slots[1].record.owner = "b"
		r.owned.slots[0] = slot{record: record{owner: r.self}, phase: watched, stop: func() {}}
		r.beat(time.Now())
		assert.NotEmpty(t, s.newestBeat().Loans)
		(<-r.loop.events)()

		r.step(time.Now())
		assert.Equal(t, watched, r.owned.slots[0].phase, "what is lent is waited for")
		assert.True(t, r.pulse.due(time.Now()))
		r.step(time.Now())
		assert.Empty(t, s.newestBeat().Loans)
		(<-r.loop.events)()
		r.step(time.Now())
		assert.Equal(t, 2, r.pulse.count, "it is said once")
	})
}

func TestAWorkerThatLeavesClaimsNothingAndSaysSo(t *testing.T) {
	t.Parallel()
	stepVirtually(t, func(t *testing.T, s *stage, r *worker) {
		delete(r.peers.roster.members, "b")
		r.peers.saw(r.self, heartbeat{Lease: r.lease}, time.Now(), false, time.Now())
		cause := errors.New("the Watcher was closed")
		r.leave(cause)
		deadline := r.exit.deadline
		time.Sleep(time.Second)
		r.leave(nil)
		assert.Equal(t, exit{cause: cause, deadline: deadline}, r.exit, "it leaves once")
		assert.False(t, r.left())
		r.step(time.Now())
		assert.Zero(t, r.owned.watched())
		assert.True(t, r.owned.idle(), "nothing is claimed")
		assert.True(t, s.newestBeat().Left)
		assert.False(t, r.left(), "the server has not answered")
		r.beaten(time.Now(), time.Now(), errors.New("no answer"))
		assert.False(t, r.left(), "nobody may have heard it")
		r.step(time.Now())
		assert.Equal(t, 1, r.pulse.count)
		time.Sleep(r.lease / ticks)
		r.step(time.Now())
		r.step(time.Now())
		assert.Equal(t, 2, r.pulse.count, "it is said again soon")
		assert.True(t, s.newestBeat().Left)
		(<-r.loop.events)()
		assert.True(t, r.left())
		assert.Equal(t, cause, r.finish())
	})
}
