package fleet

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tally is an engine that counts requests.
type tally struct {
	engine
	followers, lasts atomic.Int64
}

func (e *tally) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	e.followers.Add(1)
	return e.engine.follow(ctx, f, each, caughtUp)
}

func (e *tally) last(ctx context.Context, filter string) (message, error) {
	e.lasts.Add(1)
	return e.engine.last(ctx, filter)
}

// following returns how many listeners follow their partition.
func (w *waits) following() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.listeners {
		if l.stop != nil {
			n++
		}
	}
	return n
}

// A server drops requests of all its clients when too many wait, so calls of Wait must share their
// requests.
func TestAThousandWaitsMakeFewRequests(t *testing.T) {
	t.Parallel()
	playVirtually(t, 40*time.Second, func(s *stage) {
		t := s.t
		const n = 1000
		names := s.submit(n)
		s.member("a")
		e := &tally{engine: s.memory.link()}
		f := s.fleet(nil)
		f.engine = e
		var group sync.WaitGroup
		for _, id := range append(names, names[:50]...) {
			group.Go(func() {
				st, err := f.Wait(t.Context(), id)
				assert.NoError(t, err)
				assert.Equal(t, id, st.ID)
			})
		}
		time.Sleep(20 * time.Second)
		assert.EqualValues(t, f.partitions, e.followers.Load(), "followers")
		assert.LessOrEqual(t, e.lasts.Load(), int64(2*(n+50)+20*checksPerSecond), "requests for the newest message")
		group.Wait()
		assert.Empty(t, f.waits.listeners)
		assert.Zero(t, f.waits.count)
	})
}

// A call that ends leaves the others of its partition their follower.
func TestAWaitThatIsGivenUpEndsNoOther(t *testing.T) {
	t.Parallel()
	playVirtually(t, 40*time.Second, func(s *stage) {
		t := s.t
		names := s.submit(50)
		s.member("a")
		f := s.fleet(s.memory.link())
		var group sync.WaitGroup
		for i, id := range names {
			for _, patient := range []bool{i%2 == 0, i%3 == 0} {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Second/2)
				if patient {
					ctx = t.Context()
				}
				group.Go(func() {
					defer cancel()
					_, err := f.Wait(ctx, id)
					if patient {
						assert.NoError(t, err)
					} else {
						assert.ErrorIs(t, err, context.DeadlineExceeded)
					}
				})
			}
		}
		group.Wait()
		assert.Empty(t, f.waits.listeners)
	}, Partitions(1))
}

// The server loses the newest messages while a call waits, and the job is submitted again.
func TestAWaitGoesOnAfterTheServerHasLostMessages(t *testing.T) {
	t.Parallel()
	playVirtually(t, 40*time.Second, func(s *stage) {
		t := s.t
		f := s.fleet(s.memory.link())
		submit(t, f, "kept")
		before := s.memory.newestSeq()
		submit(t, f, "lost")
		l := s.memory.link()
		w := s.fleet(l)
		done := make(chan error, 1)
		go func() { _, err := w.Wait(t.Context(), "lost"); done <- err }()
		time.Sleep(500 * time.Millisecond)
		l.cut(true)
		s.memory.lose(before)
		submit(t, f, "lost")
		l.cut(false)
		s.member("a")
		require.NoError(t, <-done)
	}, Partitions(1))
}

// A server drops the requests of all its clients when too many wait. So a process that forgets
// thousands of jobs at once makes a limited number of requests at a time.
func TestAProcessMakesALimitedNumberOfRequestsAtOnce(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	js, err := jetstream.New(start(t).Conn(), jetstream.WithClientTrace(&jetstream.ClientTrace{
		RequestSent: func(string, []byte) {
			for n, m := now.Add(1), most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
		},
		ResponseReceived: func(string, []byte, nats.Header) { now.Add(-1) },
	}))
	require.NoError(t, err)
	f := open(t, js)
	most.Store(0)
	var group sync.WaitGroup
	for _, id := range jobIDs(4 * maxAsking) {
		group.Go(func() { assert.NoError(t, f.Forget(t.Context(), id)) })
	}
	group.Wait()
	assert.LessOrEqual(t, most.Load(), int64(maxAsking))
}
