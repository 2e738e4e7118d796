package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The server's machine loses power, and with it the newest messages. Their sequences are used again
// for jobs that are submitted before the worker is back. The worker watches these jobs too.
func TestJobsThatGetTheSequencesOfLostOnesAreWatched(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		f := s.fleet(s.memory.link())
		submit(t, f, "kept")
		w := s.member("w")
		time.Sleep(3 * defaultLease)
		all := s.memory.all()
		before := all[len(all)-1].seq
		submit(t, f, "lost")
		time.Sleep(3 * defaultLease)
		require.NotEmpty(t, s.service.of("lost"))

		w.link.cut(true)
		time.Sleep(time.Second)
		s.memory.lose(before)
		submit(t, f, "new", "lost")
		time.Sleep(time.Second)
		w.link.cut(false)
		time.Sleep(6 * defaultLease)
		for _, id := range []string{"kept", "lost", "new"} {
			s.service.finish(id)
		}
		for id, keys := range collect(t, f, 3) {
			assert.Len(t, keys, 1, id)
		}
		assert.Empty(t, s.memory.all())
	}, Partitions(1))
}

func TestAFollowerNoticesThatTheServerHasLostMessages(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	submit(t, f, "a", "b")
	var seen []message
	read := func(from following) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		return f.engine.follow(ctx, from, func(m message) { seen = append(seen, m) }, cancel)
	}
	require.ErrorIs(t, read(following{}), context.Canceled)
	require.Len(t, seen, 2)
	last := seen[1]
	require.ErrorIs(t, read(following{after: last.seq, at: last.at}), context.Canceled, "nothing is lost")
	require.ErrorIs(t, read(following{after: last.seq, at: last.at.Add(-1)}), errRolledBack, "its sequence was used again")
	require.ErrorIs(t, read(following{after: last.seq + 1, at: last.at}), errRolledBack, "it is gone")
	require.NoError(t, f.engine.remove(t.Context(), jobs, last.seq))
	require.ErrorIs(t, read(following{after: last.seq, at: last.at}), context.Canceled, "it was removed")
}

// The consumer has an end when the server loses its newest messages, that end among them. A job
// that is submitted then gets the sequence of the end. Ack of the end does not remove that job.
func TestAnAckRemovesNoJobThatGotTheSequenceOfALostEnd(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t, link := s.t, s.memory.link()
		f := s.fleet(link)
		submit(t, f, "first")
		leave := s.member("w").stop
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		keys := map[string]string{}
		for end, err := range f.Ends(ctx) {
			require.NoError(t, err)
			if len(keys) == 0 {
				require.NoError(t, leave())
				seq := s.memory.all()[1].seq // that of the end
				link.cut(true)
				time.Sleep(time.Second)
				s.memory.lose(seq - 1)
				submit(t, s.fleet(s.memory.link()), "second")
				require.Equal(t, seq, s.memory.all()[1].seq)
				link.cut(false)
				time.Sleep(time.Minute)
				s.member("again")
			}
			if before, known := keys[end.Status.ID]; known {
				assert.Equal(t, before, end.Key)
			}
			keys[end.Status.ID] = end.Key
			end.Ack()
			if keys["second"] != "" && len(s.memory.all()) <= 1 {
				break
			}
		}
		assert.Contains(t, keys, "second")
		assert.Empty(t, s.memory.all())
	})
}
