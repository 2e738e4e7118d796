package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// purge removes all messages of a store, as an operator can.
func (m *memory) purge(s store) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored[s] = nil
	m.notifyLocked()
}

// newestSeq returns the sequence of the newest message of all stores.
func (m *memory) newestSeq() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seq
}

// requireOneOwner requires that all jobs were polled lately, and each by one worker.
func (s *stage) requireOneOwner(names []string, workers ...string) {
	s.t.Helper()
	since := time.Now().Add(-5 * time.Second)
	seen := map[string]bool{}
	for _, id := range names {
		by := map[string]bool{}
		for _, p := range s.service.of(id) {
			if p.at.After(since) {
				by[p.owner], seen[p.owner] = true, true
			}
		}
		require.Len(s.t, by, 1, "workers that poll %s", id)
	}
	require.Len(s.t, seen, len(workers))
	for _, w := range workers {
		require.True(s.t, seen[w], w)
	}
}

// An operator purges the stream of the owners. The workers go on, hand over and take over.
func TestWorkersShareTheJobsAfterTheOwnersWerePurged(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		names := s.submit(100)
		for _, w := range []string{"a", "b"} {
			s.member(w)
		}
		c := s.member("c")
		time.Sleep(10 * defaultLease)
		s.requireOneOwner(names, "a", "b", "c")
		s.memory.purge(owners)
		time.Sleep(10 * defaultLease)
		s.requireOneOwner(names, "a", "b", "c")
		began := time.Now()
		require.NoError(s.t, c.stop())
		assert.Less(s.t, time.Since(began), 2*time.Second)
		time.Sleep(4 * defaultLease)
		s.requireOneOwner(names, "a", "b")
		s.member("d")
		time.Sleep(4 * defaultLease)
		s.requireOneOwner(names, "a", "b", "d")
	})
}

// The server's machine loses power, and the server the newest claims. So the sequences that the
// workers know are those of no claims, or of other ones.
func TestWorkersShareTheJobsAfterTheServerHasLostClaims(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		names := s.submit(100)
		a := s.member("a")
		time.Sleep(10 * defaultLease)
		before := s.memory.newestSeq()
		b, c := s.member("b"), s.member("c")
		time.Sleep(10 * defaultLease)
		s.requireOneOwner(names, "a", "b", "c")
		all := []*actor{a, b, c}
		for _, w := range all {
			w.link.cut(true)
		}
		time.Sleep(time.Second)
		s.memory.lose(before)
		for _, w := range all {
			w.link.cut(false)
		}
		time.Sleep(10 * defaultLease)
		s.requireOneOwner(names, "a", "b", "c")
		require.NoError(s.t, c.stop())
		time.Sleep(4 * defaultLease)
		s.requireOneOwner(names, "a", "b")
		s.member("d")
		time.Sleep(4 * defaultLease)
		s.requireOneOwner(names, "a", "b", "d")
	})
}
