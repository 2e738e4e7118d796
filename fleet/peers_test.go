package fleet

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnOwnerThatIsNoMemberIsFoundDead(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(1000+second), 0) }
	const lease = 5 * time.Second
	p := newPeers("a", lease)
	owners := slices.Values([]string{"a", "b", "c"})
	assert.False(t, p.suspect(owners, at(0)), "nothing of one's own has come back")
	back := func(began, now int) {
		p.cameBack(at(began), at(now), at(now))
		p.saw("a", heartbeat{Lease: lease}, at(now), false, at(now))
		p.passed(false)
	}
	back(0, 1)
	p.saw("b", heartbeat{Lease: lease}, at(1), false, at(1))
	assert.True(t, p.suspect(owners, at(1)), "c is no member")
	assert.False(t, p.dead("c"), "not before a heartbeat has come back")
	back(1, 2)
	assert.True(t, p.dead("c"))
	assert.Equal(t, []string{"a", "b"}, p.living())

	for second := 2; second <= 6; second++ {
		back(second, second)
	}
	assert.False(t, p.suspect(owners, at(6)))
	assert.True(t, p.suspect(owners, at(7)), "b was not heard of for more than a lease")
	p.resume(at(7))
	assert.False(t, p.suspect(owners, at(7)))
	back(8, 8)
	assert.False(t, p.dead("b"), "others may be back later than oneself")
}

// fault 61: a worker that runs for months does not remember all the others that came and went.
func TestAMemberThatIsGoneForADayIsForgotten(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	const lease = 5 * time.Second
	p := newPeers("a", lease)
	p.saw("gone", heartbeat{Lease: lease, Left: true}, start, false, start)
	p.saw("owner", heartbeat{Lease: lease}, start, false, start)
	known := func(after time.Duration) []string {
		for now := start.Add(after - 10*time.Second); !now.After(start.Add(after)); now = now.Add(time.Second) {
			p.cameBack(now.Add(-time.Second), now, now)
			p.saw("a", heartbeat{Lease: lease}, now, false, now)
			p.passed(false)
			p.suspect(slices.Values([]string{"a", "owner", "owner"}), now)
		}
		return slices.Sorted(maps.Keys(p.roster.members))
	}
	assert.Equal(t, []string{"a", "gone", "owner"}, known(memberTTL))
	assert.Equal(t, []string{"a", "owner"}, known(memberTTL+time.Second))
	assert.Equal(t, start, p.lastBeat("owner"), "whoever takes its partitions needs to know until when it polled")
	assert.True(t, p.dead("owner"))
	joined, _ := p.saw("gone", heartbeat{Lease: lease}, start.Add(2*memberTTL), false, start.Add(2*memberTTL))
	assert.True(t, joined, "it may come back")
}

func TestAWorkerIsNeverDeadToItself(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	p := newPeers("a", time.Second)
	for _, name := range []string{"a", "b"} {
		joined, leaves := p.saw(name, heartbeat{Lease: time.Second}, now, name == "a", now)
		assert.Equal(t, name != "a", joined, "what was there before has not joined: %s", name)
		assert.False(t, leaves)
		_, leaves = p.saw(name, heartbeat{Lease: time.Second, Left: true}, now, false, now)
		assert.True(t, leaves)
		_, leaves = p.saw(name, heartbeat{Lease: time.Second, Left: true}, now, false, now)
		assert.False(t, leaves, "it is said once")
	}
	assert.Empty(t, p.living(), "both leave")
	p.cameBack(now, now, now)
	p.suspect(slices.Values([]string{"a", "c"}), now)
	p.cameBack(now, now, now)
	p.passed(false)
	assert.False(t, p.dead("a"))
	assert.False(t, p.dead("b"), "it leaves, and may still poll")
	assert.True(t, p.dead("c"))
}
