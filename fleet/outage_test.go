package fleet

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// unsteady is an engine whose writes take up to most.
type unsteady struct {
	engine
	most time.Duration
	rand func(n int64) int64
}

func (u unsteady) publish(ctx context.Context, m outgoing) (uint64, error) {
	if m.store == jobs {
		sleep(ctx, time.Duration(u.rand(int64(u.most))))
		defer sleep(ctx, time.Duration(u.rand(int64(u.most))))
	}
	return u.engine.publish(ctx, m)
}

func (u unsteady) remove(ctx context.Context, s store, seq uint64) error {
	sleep(ctx, time.Duration(u.rand(int64(u.most))))
	return u.engine.remove(ctx, s, seq)
}

// serial is an engine of a server that makes the writes of all workers one after the other.
type serial struct {
	engine
	turn  chan struct{} // has room for one
	takes time.Duration
}

func (w serial) publish(ctx context.Context, m outgoing) (uint64, error) {
	w.turn <- struct{}{}
	time.Sleep(w.takes)
	<-w.turn
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return w.engine.publish(ctx, m)
}

// Two workers that claim many partitions of a slow server at once lost contact, because their
// heartbeats waited for all the claims. Then they claimed the partitions again.
func TestHeartbeatsDoNotWaitForTheClaimsOfManyPartitions(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Second, func(s *stage) {
		server := serial{turn: make(chan struct{}, 1), takes: 5 * time.Millisecond}
		var workers []*Fleet
		for _, name := range []string{"a", "b"} {
			f := s.fleet(s.memory.link())
			server.engine = f.engine
			f.engine = server
			run(s.t, f, s.service.watcher(s.t, name))
			workers = append(workers, f)
		}
		f := s.fleet(s.memory.link())
		submit(s.t, f, jobIDs(50)...)
		collect(s.t, f, 50)
		for _, w := range workers {
			assert.Zero(s.t, w.Stats().Fenced)
		}
	}, Partitions(256), Lease(time.Second))
}

// Forget of a job whose partition changes hands, and of one whose end is being stored.
func TestForgetHoldsWhileThePartitionChangesHandsAndTheJobEnds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(longOr(200, 5)) {
		playVirtually(t, 30*time.Second, func(s *stage) {
			t, source, mu := s.t, rand.New(rand.NewPCG(seed, 0)), sync.Mutex{}
			random := func(n int64) int64 {
				mu.Lock()
				defer mu.Unlock()
				return source.Int64N(n)
			}
			worker := func(name string) (stop func() error) {
				f := s.fleet(nil)
				f.engine = unsteady{s.memory.link(), 300 * time.Millisecond, random}
				return run(t, f, s.service.watcher(t, name))
			}
			names := s.submit(200)
			first := worker("a")
			time.Sleep(15 * time.Second)
			forgetting := s.fleet(nil)
			forgetting.engine = unsteady{s.memory.link(), 100 * time.Millisecond, random}
			var group sync.WaitGroup
			for _, id := range names { // most are forgotten while workers join and leave, some as they end
				group.Go(func() {
					time.Sleep(time.Duration(random(int64(17 * time.Second))))
					assert.NoError(t, forgetting.Forget(t.Context(), id))
				})
			}
			second := worker("b")
			time.Sleep(8 * time.Second)
			require.NoError(t, first())
			third := worker("c")
			group.Wait()
			forgotten := time.Now()
			time.Sleep(20 * time.Second)
			for _, id := range names {
				polls := s.service.of(id)
				assert.LessOrEqual(t, polls[len(polls)-1].at.Sub(forgotten), defaultLease+time.Second, id)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for end := range s.fleet(s.memory.link()).Ends(ctx) {
				assert.Fail(t, "an end", end.Status.ID)
			}
			assert.Empty(t, s.memory.all())
			s.submit(len(names))
			for id, keys := range collect(t, s.fleet(s.memory.link()), len(names)) {
				assert.Len(t, keys, 1, id)
			}
			require.NoError(t, second())
			require.NoError(t, third())
		})
	}
}

// deaf is a service whose polls do not return once it blocks, whatever becomes of their context.
type deaf struct {
	transport.Transport
	blocks atomic.Bool
	free   chan struct{}
}

func (d *deaf) Status(ctx context.Context, id string) (transport.Status, error) {
	if d.blocks.Load() {
		<-d.free
	}
	return d.Transport.Status(ctx, id)
}

// A worker whose Transport never returns leaves like any other, and its jobs are taken over.
func TestAWorkerWhoseTransportBlocksForEverLeaves(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Minute, func(s *stage) {
		t := s.t
		names := s.submit(100)
		d := &deaf{Transport: s.service.as("deaf"), free: make(chan struct{})}
		w, err := jobstatus.New(d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited))
		require.NoError(t, err)
		stop := run(t, s.fleet(s.memory.link()), w)
		s.member("b")
		time.Sleep(20 * time.Second)
		d.blocks.Store(true)
		time.Sleep(2 * time.Second)
		began := time.Now()
		require.NoError(t, stop())
		assert.LessOrEqual(t, time.Since(began), defaultLease+time.Second)
		time.Sleep(2 * defaultLease)
		assert.Equal(t, map[string]int{"b": len(names)}, s.owners(names, time.Now().Add(-2*time.Second)))
		close(d.free)
		require.NoError(t, w.Close())
		collect(t, s.fleet(s.memory.link()), len(names))
	})
}

// crammed is an engine whose disk is full for ends, for a while.
type crammed struct {
	engine
	full *atomic.Bool
}

func (c crammed) publish(ctx context.Context, m outgoing) (uint64, error) {
	if c.full.Load() && m.store == jobs && strings.HasSuffix(m.subject, endedSuffix) {
		return 0, errRefused
	}
	return c.engine.publish(ctx, m)
}

// The disk is full when jobs end: their ends are stored when there is room, or by the next owner.
func TestAnEndOutlivesAFullDisk(t *testing.T) {
	t.Parallel()
	playVirtually(t, 10*time.Second, func(s *stage) {
		t, full := s.t, new(atomic.Bool)
		full.Store(true)
		names := s.submit(40)
		worker := func(name string) (stop func() error) {
			f := s.fleet(nil)
			f.engine = crammed{s.memory.link(), full}
			return run(t, f, s.service.watcher(t, name))
		}
		stop := worker("a")
		time.Sleep(time.Minute)
		polls := len(s.service.all())
		assert.Len(t, s.memory.all(), len(names))
		time.Sleep(time.Minute)
		assert.Equal(t, polls, len(s.service.all()), "what has ended is polled no more")
		require.NoError(t, stop(), "it hands its partitions over")
		worker("b")
		time.Sleep(time.Minute)
		full.Store(false)
		began := time.Now()
		for id, keys := range collect(t, s.fleet(s.memory.link()), len(names)) {
			assert.Len(t, keys, 1, id)
		}
		assert.Less(t, time.Since(began), 10*time.Second)
		assert.Empty(t, s.memory.all())
	})
}

// restore stores a message again that was removed, as a server does that has lost the mark of the
// removal.
func (m *memory) restore(msg message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored[jobs] = append(m.stored[jobs], msg)
	slices.SortFunc(m.stored[jobs], func(a, b message) int { return cmp.Compare(a.seq, b.seq) })
	m.notifyLocked()
}

// The answer to Submit is lost, and the server is killed, so that it stores the job once more. The
// job may have ended meanwhile, and its end may be acknowledged. Then the end has the same Key.
func TestAJobThatIsStoredTwiceEndsUnderOneKey(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{true, false} {
		playVirtually(t, time.Second, func(s *stage) {
			t, link := s.t, s.memory.link()
			link.loseAnswers(true)
			submitted := make(chan error, 1)
			go func() { submitted <- s.fleet(link).Submit(t.Context(), Job{ID: "a"}) }()
			f := s.fleet(s.memory.link())
			var keys []map[string]End
			if ends {
				s.member("w")
				keys = append(keys, collect(t, f, 1)["a"])
				require.Empty(t, s.memory.all())
			}
			synctest.Wait()
			before := s.memory.all()
			link.loseAnswers(false)
			require.NoError(t, <-submitted)
			if !ends {
				assert.Equal(t, before, s.memory.all(), "the job is stored already")
				return
			}
			keys = append(keys, collect(t, f, 1)["a"])
			assert.Equal(t, slices.Collect(maps.Keys(keys[0])), slices.Collect(maps.Keys(keys[1])))
		})
	}
}

// A submission whose end was acknowledged comes back when the server is killed. The job is then
// submitted again, and that submission has an end of its own, whoever has seen the first one.
func TestAJobThatIsSubmittedAfterItCameBackEndsUnderANewKey(t *testing.T) {
	t.Parallel()
	for name, worker := range map[string]struct{ before, between, after bool }{
		"the worker goes on":                {before: true},
		"another worker has taken it up":    {between: true},
		"no worker was there for a while":   {after: true},
		"another worker takes over at once": {before: true, after: true},
	} {
		playVirtually(t, 10*time.Second, func(s *stage) {
			t, f := s.t, s.fleet(s.memory.link())
			submit(t, f, "a")
			came := s.memory.all()
			require.Len(t, came, 1)
			first := s.member("first")
			keys := collect(t, f, 1)["a"]
			require.Len(t, keys, 1, name)
			time.Sleep(time.Second)
			require.Empty(t, s.memory.all())
			if !worker.before {
				require.NoError(t, first.stop())
			}

			s.memory.restore(came[0])
			s.service.restart()
			if worker.between {
				s.member("between")
				time.Sleep(5 * time.Second)
			}
			submit(t, f, "a")
			submit(t, f, "a")
			if worker.before && worker.after {
				first.link.cut(true)
			}
			if worker.after {
				s.member("after")
			}
			again := collect(t, f, 1)["a"]
			require.Len(t, again, 1, name)
			for key := range again {
				assert.NotContains(t, keys, key, name)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for end := range f.Ends(ctx) {
				assert.Fail(t, "a second end", "%s: %s", name, end.Key)
			}
			assert.Empty(t, s.memory.all(), name)
		})
	}
}
