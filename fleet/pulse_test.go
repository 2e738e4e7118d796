package fleet

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHeartbeatsSetOutFiveTimesALeaseAndOneAtATime(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	p := newPulse(5*time.Second, at(0))
	assert.True(t, p.due(at(0)), "the first one at once")
	assert.Equal(t, 1, p.setOut(at(0)))
	assert.False(t, p.due(at(time.Minute)), "the server has not answered")
	p.failed()
	assert.False(t, p.due(at(time.Second-1)))
	assert.True(t, p.due(at(time.Second)))
	assert.Equal(t, 2, p.setOut(at(time.Second)))
	p.stored(at(time.Second), at(time.Second))
	assert.False(t, p.due(at(time.Second)))
	p.hurry()
	assert.True(t, p.due(at(time.Second)))
}

func TestTheServerIsLostAfterFourFifthsOfALeaseWithoutAStoredHeartbeat(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	p := newPulse(5*time.Second, at(0))
	assert.False(t, p.check(at(4*time.Second)))
	assert.False(t, p.lost)
	assert.True(t, p.check(at(4*time.Second+1)))
	assert.True(t, p.lost)
	assert.False(t, p.check(at(time.Minute)), "it is no news")
	p.setOut(at(time.Minute))
	p.failed()
	assert.False(t, p.check(at(time.Minute)))
	p.setOut(at(time.Minute))
	assert.True(t, p.stored(at(time.Minute), at(time.Minute+time.Second)), "some were missed")
	assert.True(t, p.check(at(time.Minute+4*time.Second)))
	assert.False(t, p.lost)
	assert.True(t, p.check(at(time.Minute+4*time.Second+1)), "it counts from when the heartbeat set out")
	p.setOut(at(time.Minute + 3*time.Second))
	assert.False(t, p.stored(at(time.Minute+3*time.Second), at(time.Minute+4*time.Second)), "two are late, and none is missed")
}

func TestAHeartbeatThatComesBackEndsThoseBeforeIt(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	p := newPulse(5*time.Second, at(0))
	for i := range 3 {
		began := at(time.Duration(i) * time.Second)
		p.setOut(began)
		p.stored(began, began.Add(time.Millisecond))
	}
	p.setOut(at(3 * time.Second))
	assert.Equal(t, flight{at(time.Second), at(time.Second + time.Millisecond)}, p.cameBack(2))
	assert.Zero(t, p.cameBack(2), "it comes back once")
	assert.Zero(t, p.cameBack(1))
	assert.Equal(t, flight{began: at(3 * time.Second)}, p.cameBack(4), "the server has not answered yet")
	assert.Empty(t, p.flights)
	p.stored(at(3*time.Second), at(3*time.Second))
	assert.Empty(t, p.flights, "an answer that is late brings none back")
}

// jumped returns a time as it is read after the wall clock was set forward by d.
func jumped(t *testing.T, now time.Time, d time.Duration) time.Time {
	t.Helper()
	set := now
	*(*uint64)(unsafe.Pointer(&set)) += uint64(d/time.Second) << 30 // the seconds of the wall clock
	require.Equal(t, d, set.Round(0).Sub(now.Round(0)))
	require.Zero(t, set.Sub(now), "it is the same moment")
	return set
}

// A job keeps its age when the wall clock of its worker is set.
func TestAClockThatIsSetMakesNoJobOlder(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{time.Hour, -time.Hour} {
		var c serverClock
		began := time.Now()
		at := began.Round(0)
		c.learn(at, began, began)
		for _, now := range []time.Time{began, jumped(t, began, set)} {
			assert.Equal(t, time.Minute, now.Add(time.Minute).Sub(c.local(at)), "before it learns the new difference")
		}
		now := jumped(t, began.Add(time.Minute), set)
		c.learn(at.Add(time.Minute), now, now)
		assert.Equal(t, time.Minute, began.Add(time.Minute).Sub(c.local(at)), "the Watcher counts from a time before the jump")
		assert.WithinDuration(t, at, c.server(began), 0)
	}
}

func TestTheServersClockIsLearnedFromWhatItStores(t *testing.T) {
	t.Parallel()
	var c serverClock
	now := time.Unix(1000, 0)
	assert.Equal(t, now, c.local(now))
	c.learn(now.Add(time.Hour), now.Add(-time.Second), now.Add(time.Second))
	assert.Equal(t, now, c.local(now.Add(time.Hour)))
	assert.Equal(t, now.Add(time.Hour), c.server(now))
	c.learn(now.Add(-time.Hour), now, now)
	assert.Equal(t, now, c.local(c.server(now)))
	assert.Equal(t, now.Add(-time.Hour), c.server(now))
	assert.True(t, c.local(time.Time{}).IsZero())
}
