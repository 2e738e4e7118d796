package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
