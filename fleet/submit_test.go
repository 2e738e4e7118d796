package fleet

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limited is an engine that stores a number of messages, and then behaves as if the server did not
// answer.
type limited struct {
	engine
	left atomic.Int64
}

func (e *limited) publish(ctx context.Context, m outgoing) (uint64, error) {
	if e.left.Add(-1) < 0 {
		return 0, unanswered(ctx)
	}
	return e.engine.publish(ctx, m)
}

// A process that submits many jobs must learn what the server did not do, and how many jobs it need
// not worry about.
func TestSubmitSaysHowFarItCameAndWhyItGaveUp(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		f := s.fleet(nil)
		e := &limited{engine: s.memory.link()}
		e.left.Store(1234)
		f.engine = e
		var jobs []Job
		for _, id := range jobIDs(2000) {
			jobs = append(jobs, Job{ID: id})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := f.Submit(ctx, jobs...)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "fleet: submit job \"job-")
		assert.ErrorContains(t, err, "at least 1234 of 2000 jobs are stored")
		assert.EqualValues(t, 1234, f.Stats().Submitted)

		e.left.Store(5000)
		require.NoError(t, f.Submit(t.Context(), jobs...))
		assert.Len(t, s.memory.all(), 2000, "each job has one submission")
	})
}

func TestSubmitOfOneJobSaysWhatTheServerDidNotDo(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		l := s.memory.link()
		f := s.fleet(l)
		l.cut(true)
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
		defer cancel()
		err := f.Submit(ctx, Job{ID: "a"})
		require.ErrorIs(s.t, err, context.DeadlineExceeded)
		assert.ErrorContains(s.t, err, `fleet: submit job "a": `)
	})
}

// A call that names a job several times stores the last of these jobs alone. Otherwise it would be
// chance which one counts, and each would replace another one.
func TestTheLastOfTheJobsWithOneIDCounts(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		f := s.fleet(s.memory.link())
		var jobs []Job
		for i := range 100 {
			for _, id := range jobIDs(20) {
				jobs = append(jobs, Job{ID: id, Timeout: time.Duration(i+1) * time.Minute})
			}
		}
		require.NoError(t, f.Submit(t.Context(), jobs...))
		all := s.memory.all()
		assert.Len(t, all, 20)
		assert.EqualValues(t, 20, s.memory.newestSeq(), "messages that were stored")
		for _, m := range all {
			stored, err := decodeSubmission(m.data, nil)
			require.NoError(t, err)
			assert.Equal(t, 100*time.Minute, stored.Timeout, stored.ID)
		}
		assert.Len(t, jobs, 2000)
		assert.Equal(t, time.Minute, jobs[0].Timeout, "the caller's jobs are not changed")
	})
}
