package fleet

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// estate is the ownership of a worker without the rest of the worker.
type estate struct {
	*ownership
	link  *link
	sizes []int               // what it was resized to
	gaps  map[int][]time.Time // by partition: what those who watched it were told
}

// holdVirtually has a worker "a" own partitions of a fleet of 4, in virtual time.
func holdVirtually(t *testing.T, do func(t *testing.T, e *estate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := newConfig([]Option{Partitions(4)})
		require.NoError(t, err)
		e := &estate{link: newMemory().link(), gaps: map[int][]time.Time{}}
		p := newPeers("a", c.lease)
		l := newLoop(t.Context())
		defer l.close()
		e.ownership = &ownership{
			core: newFleet(c, e.link, 1<<20).core, self: "a", log: c.logger, loop: l, clock: new(serverClock), peers: &p,
			slots: make([]slot, c.partitions),
		}
		e.resized = func() { e.sizes = append(e.sizes, e.ownership.watched()) }
		e.watch = func(ctx context.Context, partition int, gap time.Time) {
			l.post(func() { e.gaps[partition] = append(e.gaps[partition], gap) })
			<-ctx.Done()
			assert.ErrorIs(t, context.Cause(ctx), errGivenUp)
		}
		do(t, e)
	})
}

// settle runs the loop until nothing is under way.
func (e *estate) settle() {
	for {
		synctest.Wait()
		select {
		case do := <-e.loop.events:
			do()
		default:
			return
		}
	}
}

// phases returns the phases of all partitions.
func (e *estate) phases() (all []phase) {
	for p := range e.slots {
		all = append(all, e.slots[p].phase)
	}
	return all
}

func TestAPartitionIsClaimedThenWatchedThenGivenUp(t *testing.T) {
	t.Parallel()
	holdVirtually(t, func(t *testing.T, e *estate) {
		alone := outlook{living: []string{"a"}, ready: true}
		e.step(time.Now(), outlook{living: []string{"a"}})
		assert.Equal(t, []phase{unwatched, unwatched, unwatched, unwatched}, e.phases(), "not ready")
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{writing, writing, writing, writing}, e.phases())
		e.step(time.Now(), alone)
		e.settle()
		assert.Equal(t, []phase{watched, watched, watched, watched}, e.phases())
		assert.Equal(t, []int{1, 2, 3, 4}, e.sizes)
		assert.EqualValues(t, 4, e.counts.claimed.Load())
		assert.False(t, e.idle())

		both := outlook{living: []string{"a", "b"}, ready: true}
		var want []phase
		left := 0
		for p := range e.slots {
			if ownerOf(p, both.living) == "a" {
				want = append(want, watched)
				left++
			} else {
				want = append(want, stopping)
			}
		}
		require.NotZero(t, left)
		require.Less(t, left, 4)
		both.lent = true
		e.step(time.Now(), both)
		assert.Equal(t, []phase{watched, watched, watched, watched}, e.phases(), "what is lent is waited for")
		assert.True(t, e.recall)
		both.lent = false
		e.step(time.Now(), both)
		assert.Equal(t, want, e.phases())
		assert.Equal(t, 4, e.watched(), "polls may be in flight")
		e.settle()
		assert.Equal(t, left, e.watched())
		e.step(time.Now(), both)
		assert.False(t, e.recall)
		e.settle()
		assert.EqualValues(t, 4-left, e.counts.gaveUp.Load())

		e.leaving = true
		e.step(time.Now(), alone)
		e.settle()
		e.step(time.Now(), alone)
		e.settle()
		assert.True(t, e.idle())
		assert.Zero(t, e.close())
	})
}

func TestAPartitionOfAnotherIsClaimedOnceThatIsDead(t *testing.T) {
	t.Parallel()
	holdVirtually(t, func(t *testing.T, e *estate) {
		claimed := time.Now()
		for p := range e.slots {
			seq, err := e.link.publish(t.Context(), outgoing{store: owners, subject: strconv.Itoa(p), data: encode(claim{Format: format, Owner: "b"})})
			require.NoError(t, err)
			e.changed(message{subject: strconv.Itoa(p), seq: seq, at: claimed, data: encode(claim{Format: format, Owner: "b"})})
		}
		alone := outlook{living: []string{"a"}, ready: true}
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{unwatched, unwatched, unwatched, unwatched}, e.phases(), "its owner may live")
		time.Sleep(time.Minute)
		beat := time.Now()
		e.peers.saw("b", heartbeat{Lease: e.lease, Left: true}, beat, false, beat)
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{unwatched, unwatched, unwatched, unwatched}, e.phases(), "it leaves, and may still poll")
		for range 2 * beats {
			time.Sleep(e.lease / beats)
			e.peers.cameBack(time.Now(), time.Now(), time.Now())
			e.peers.suspect(e.owners(), time.Now())
		}
		e.peers.passed(false)
		e.step(time.Now(), alone)
		e.settle()
		assert.Equal(t, []phase{watched, watched, watched, watched}, e.phases())
		assert.EqualValues(t, 4, e.counts.takenOver.Load())
		assert.Equal(t, []time.Time{beat}, e.gaps[0], "it was polled until its owner was last heard of")

		// Another one takes it back meanwhile.
		later := e.slots[0].record.seq + 100
		e.changed(message{subject: "0", seq: later, data: encode(claim{Format: format, Owner: "b"})})
		assert.EqualValues(t, 1, e.counts.taken.Load())
		e.changed(message{subject: "0", seq: later - 1, data: encode(claim{Format: format, Owner: "a"})})
		alone.lent = true
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{stopping, watched, watched, watched}, e.phases(), "at once, whatever is lent")
		e.settle()
		alone.lost = true
		alone.ready = false
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{unwatched, stopping, stopping, stopping}, e.phases(), "without the server nothing is watched")
		e.settle()
	})
}

func TestAClaimThatCannotBeWrittenIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	holdVirtually(t, func(t *testing.T, e *estate) {
		alone := outlook{living: []string{"a"}, ready: true}
		e.link.cut(true)
		e.step(time.Now(), alone)
		time.Sleep(e.lease / 2)
		e.settle()
		assert.Equal(t, []phase{unwatched, unwatched, unwatched, unwatched}, e.phases())
		e.link.cut(false)
		e.step(time.Now(), alone)
		assert.Equal(t, []phase{unwatched, unwatched, unwatched, unwatched}, e.phases())
		time.Sleep(e.lease / ticks)
		e.step(time.Now(), alone)
		e.settle()
		assert.Equal(t, []phase{watched, watched, watched, watched}, e.phases())
		e.changed(message{subject: "4", seq: 99})
		e.changed(message{subject: "x", seq: 99})
		assert.EqualValues(t, 2, e.counts.unreadable.Load())
		assert.Equal(t, 4, e.close())
	})
}
