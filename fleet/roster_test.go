package fleet

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContactPassesOnlyWhileHeartbeatsComeBack(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	c := contact{most: 2 * time.Second}
	assert.Zero(t, c.at(start))
	c.beat(start)
	assert.Equal(t, time.Second, c.at(start.Add(time.Second)))
	c.beat(start.Add(time.Second))
	assert.Equal(t, 3*time.Second, c.at(start.Add(time.Hour)), "an hour without the server counts two seconds")
	c.beat(start.Add(time.Hour))
	assert.Equal(t, 3*time.Second, c.at(start.Add(time.Hour)))
	assert.Equal(t, 3*time.Second, c.at(start), "a clock that is set back takes nothing away")
}

func TestAMemberIsSilentAfterItsLeaseWithoutAHeartbeat(t *testing.T) {
	t.Parallel()
	const lease = 5 * time.Second
	server := time.Unix(1000, 0)
	var r roster
	r.saw("a", member{heartbeat: heartbeat{Lease: lease}, at: server, seen: 10 * time.Second, heard: server})
	r.saw("old", member{heartbeat: heartbeat{Lease: lease}, at: server.Add(-time.Minute), seen: 10 * time.Second, old: true, heard: server})
	r.saw("stored", member{heartbeat: heartbeat{Lease: lease}, at: server.Add(-time.Second), seen: 10 * time.Second, old: true, heard: server})
	r.saw("left", member{heartbeat: heartbeat{Lease: lease, Left: true}, at: server, seen: 10 * time.Second, heard: server})
	r.saw("patient", member{heartbeat: heartbeat{Lease: time.Minute}, at: server, seen: 10 * time.Second, heard: server})
	living := func(contact time.Duration) []string {
		silent := r.silent(contact, server)
		return r.living(func(name string) bool { return slices.Contains(silent, name) })
	}
	assert.Equal(t, []string{"a", "patient", "stored"}, living(15*time.Second))
	assert.Equal(t, []string{"patient"}, living(15*time.Second+1), "each by its own lease")
	assert.Equal(t, []string{"a", "old", "patient", "stored"}, r.living(func(string) bool { return false }), "who leaves lives no more")
	assert.Contains(t, r.silent(15*time.Second+1, server), "left", "who leaves and is silent is dead, with what it did not hand over")
	assert.False(t, r.heard("unknown", 0, server))
	r.saw("a", member{heartbeat: heartbeat{Lease: lease}, at: server, seen: 20 * time.Second, heard: server})
	assert.True(t, r.heard("a", 24*time.Second, server))
	assert.Equal(t, server, r.lastBeat("a"))
	assert.Zero(t, r.lastBeat("unknown"))
}

func TestASuspectIsDeadOnceALaterHeartbeatCameBack(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(1000+second), 0) }
	var s suspects
	s.cameBack(at(1))
	s.passed(false)
	require.True(t, s.suspect([]string{"a"}, at(2)))
	assert.False(t, s.suspect([]string{"a"}, at(3)), "it is no news")
	s.cameBack(at(1))
	s.passed(false)
	assert.False(t, s.dead("a"), "a heartbeat that set out before")
	s.cameBack(at(2))
	assert.False(t, s.dead("a"), "more may be known of it with the same message")
	s.passed(true)
	assert.False(t, s.dead("a"), "its own may be still to come")
	s.cameBack(at(1))
	s.passed(false)
	assert.True(t, s.dead("a"))
	assert.False(t, s.dead("b"))
	s.suspect(nil, at(4))
	assert.False(t, s.dead("a"), "it was heard of")
	require.True(t, s.suspect([]string{"a"}, at(5)))
	assert.False(t, s.dead("a"), "a heartbeat confirms one suspicion")
}

// After an outage others can be back later than oneself.
func TestWhoComesBackGivesEverybodyALease(t *testing.T) {
	t.Parallel()
	server := time.Unix(1000, 0)
	var r roster
	r.saw("a", member{heartbeat: heartbeat{Lease: 5 * time.Second}, at: server, heard: server})
	require.False(t, r.heard("a", 6*time.Second, server))
	r.resume(6 * time.Second)
	assert.True(t, r.heard("a", 11*time.Second, server))
	assert.False(t, r.heard("a", 12*time.Second, server))
}

func TestOnlyAMembersOwnPartitionsMove(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 8 {
		all = append(all, fmt.Sprintf("member-%d", i))
		slices.Reverse(all)
		without := slices.DeleteFunc(slices.Clone(all), func(m string) bool { return m == "member-0" })
		share := map[string]int{}
		for p := range 1024 {
			owner := ownerOf(p, all)
			share[owner]++
			if len(without) > 0 && owner != "member-0" {
				require.Equal(t, owner, ownerOf(p, without))
			}
		}
		for m, n := range share {
			assert.InDelta(t, 1024/len(all), n, 1024/float64(len(all))/2.5, "%s of %d", m, len(all))
		}
		assert.Len(t, share, len(all))
	}
	assert.Empty(t, ownerOf(1, nil))
}

func TestALedgerBeginsNoWatchThatHasEnded(t *testing.T) {
	t.Parallel()
	o := func(d byte, seq uint64) opening {
		return opening{digest: digest{d}, seq: seq, submission: submission{Kind: "k"}}
	}
	l := newLedger()
	assert.False(t, l.submitted(o(1, 1)))
	assert.False(t, l.submitted(o(2, 2)))
	assert.False(t, l.submitted(o(3, 3)))
	assert.False(t, l.ended(digest{2}, 4), "no watch of it has begun")
	assert.False(t, l.submitted(o(1, 5)), "it ended, and was removed and submitted again")
	assert.Zero(t, l.watched())
	begin := l.caughtUp()
	require.Len(t, begin, 2)
	assert.EqualValues(t, []uint64{3, 5}, []uint64{begin[0].seq, begin[1].seq}, "in the stream's order")
	assert.Equal(t, 2, l.watched())

	assert.True(t, l.submitted(o(4, 6)), "a new one begins at once")
	assert.False(t, l.submitted(o(4, 9)), "one that is under way goes on")
	assert.False(t, l.ended(digest{4}, 8), "an end of the earlier submission")
	w, ok := l.take(digest{4})
	require.True(t, ok)
	assert.EqualValues(t, 9, w.seq)
	assert.Equal(t, "k", w.kind.Value())
	_, ok = l.take(digest{4})
	assert.False(t, ok)
	assert.True(t, l.ended(digest{1}, 10), "one that is under way ended elsewhere")
	assert.False(t, l.ended(digest{1}, 10))
}

func TestServersBefore212AreRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12.15": true, "2.15.2": true, "3.0.0": true, "v2.12.1-beta": true,
		"2.11.9": false, "2.9.0": false, "1.99.0": false, "": false, "x": false, "2": false, "2.x": false,
	} {
		assert.Equal(t, want, recent(version, oldestServerMinor), version)
	}
}
