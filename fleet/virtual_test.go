package fleet

import (
	"context"
	"flag"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

var long = flag.Bool("long", false, "run the long tests")

// longOr returns what a long run has, or what a short one has.
func longOr[T any](inLong, inShort T) T {
	if *long {
		return inLong
	}
	return inShort
}

// stage is a fleet in virtual time.
type stage struct {
	t       *testing.T
	memory  *memory
	service *service
	opts    []Option
}

// actor is a worker of a stage.
type actor struct {
	fleet *Fleet
	link  *link
	stop  func() error
}

// play runs do in a bubble, in which time passes at once.
func playVirtually(t *testing.T, takes time.Duration, do func(s *stage), opts ...Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		do(&stage{t: t, memory: newMemory(), service: newService(takes), opts: opts})
	})
}

func (s *stage) fleet(l *link) *Fleet {
	c, err := newConfig(append([]Option{Partitions(16)}, s.opts...))
	require.NoError(s.t, err)
	return newFleet(c, l, 1<<20)
}

// worker starts a worker, and stops it at the test's end. Its link may be skewed before.
func (s *stage) worker(name string, skew time.Duration, opts ...jobstatus.Option) *actor {
	l := s.memory.link()
	l.skew = skew
	f := s.fleet(l)
	return &actor{fleet: f, link: l, stop: run(s.t, f, s.service.watcher(s.t, name, opts...))}
}

// member is a worker whose clock is that of the server.
func (s *stage) member(name string) *actor { return s.worker(name, 0) }

// submit submits n jobs and returns their ids.
func (s *stage) submit(n int) []string {
	names := jobIDs(n)
	submit(s.t, s.fleet(s.memory.link()), names...)
	return names
}

// owners returns who polled the jobs after since.
func (s *stage) owners(names []string, since time.Time) map[string]int {
	n := map[string]int{}
	for _, id := range names {
		polls := s.service.of(id)
		if len(polls) > 0 && polls[len(polls)-1].at.After(since) {
			n[polls[len(polls)-1].owner]++
		}
	}
	return n
}

// pollsWithin requires that each job is polled again within a duration.
func (s *stage) pollsWithin(names []string, most time.Duration, why string) {
	for _, id := range names {
		polls := s.service.of(id)
		for i := 1; i < len(polls); i++ {
			require.Less(s.t, polls[i].at.Sub(polls[i-1].at), most, why)
		}
	}
}

func (s *stage) together(names []string) int {
	n := 0
	for _, id := range names {
		n += s.service.together(id, time.Second)
	}
	return n
}

func TestAWorkerThatJoinsTakesItsShare(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(200)
		s.worker("a", 0)
		time.Sleep(20 * time.Second)
		assert.Equal(t, map[string]int{"a": 200}, s.owners(names, time.Now().Add(-2*time.Second)))
		s.worker("b", 0)
		s.worker("c", 0)
		time.Sleep(20 * time.Second)
		owners := s.owners(names, time.Now().Add(-2*time.Second))
		assert.Len(t, owners, 3)
		assert.Equal(t, 200, owners["a"]+owners["b"]+owners["c"])
		assert.Zero(t, s.together(names), "no job returns to an owner")
		s.pollsWithin(names, 2*time.Second, "a hand-over costs no poll")
	}, Partitions(64)) // of 16, one of three workers in 220 runs would own none
}

func TestAWorkerThatLeavesHandsItsJobsOverAtOnce(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(200)
		a := s.worker("a", 0)
		s.worker("b", 0)
		time.Sleep(20 * time.Second)
		require.Len(t, s.owners(names, time.Now().Add(-2*time.Second)), 2)
		began := time.Now()
		require.NoError(t, a.stop())
		assert.Less(t, time.Since(began), time.Second)
		time.Sleep(3 * time.Second)
		assert.Equal(t, map[string]int{"b": 200}, s.owners(names, began.Add(500*time.Millisecond)))
		assert.Zero(t, s.together(names))
	})
}

func TestAWorkerThatIsCutOffStopsBeforeAnotherTakesOver(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(200)
		a := s.worker("a", 0)
		s.worker("b", 0)
		time.Sleep(20 * time.Second)
		cut := time.Now()
		a.link.cut(true)
		time.Sleep(20 * time.Second)
		var last, first time.Time // poll of a, and of b of a's jobs
		taken := 0
		for _, id := range names {
			polls := s.service.of(id)
			for i, p := range polls {
				if p.at.Before(cut) {
					continue
				}
				if p.owner == "a" && p.at.After(last) {
					last = p.at
				}
				if i > 0 && polls[i-1].owner == "a" && p.owner == "b" {
					taken++
					if first.IsZero() || p.at.Before(first) {
						first = p.at
					}
				}
			}
		}
		assert.Positive(t, taken)
		assert.Less(t, last.Sub(cut), 4500*time.Millisecond, "fenced at 0.8 of the lease")
		assert.True(t, last.Before(first), "two owners in turn, never together")
		assert.Less(t, first.Sub(cut), 6*time.Second, "owned again within the lease and a second")
		assert.Equal(t, map[string]int{"b": 200}, s.owners(names, time.Now().Add(-2*time.Second)))

		a.link.cut(false)
		time.Sleep(20 * time.Second)
		assert.Len(t, s.owners(names, time.Now().Add(-2*time.Second)), 2, "it is back")
	})
}

func TestWhenTheServerIsAwayNobodyIsTakenForDead(t *testing.T) {
	t.Parallel()
	// A request that began while the server was away hangs for 2.5 s. So after the last of these
	// the heartbeats of b set in nearly 5 s after those of a. Of 5 s it would depend on the order in
	// which goroutines run.
	for away, later := range map[time.Duration]time.Duration{
		3 * time.Second: 2 * time.Second, 12 * time.Second: 2 * time.Second, longOr(time.Hour, 10*time.Minute): 2 * time.Second,
		2500 * time.Millisecond: 3400 * time.Millisecond,
	} {
		playVirtually(t, 10*time.Hour, func(s *stage) {
			t := s.t
			names := s.submit(100)
			a, b := s.worker("a", 0), s.worker("b", 0)
			time.Sleep(20*time.Second + 100*time.Millisecond) // no heartbeat sets out now
			before := map[string]string{}
			for _, id := range names {
				polls := s.service.of(id)
				before[id] = polls[len(polls)-1].owner
			}
			cut := time.Now()
			a.link.cut(true)
			b.link.cut(true)
			time.Sleep(away)
			a.link.cut(false)
			time.Sleep(later) // b connects again later than a
			b.link.cut(false)
			time.Sleep(30 * time.Second)
			for _, id := range names {
				polls := s.service.of(id)
				for _, p := range polls {
					require.True(t, p.at.Before(cut) || p.owner == before[id], id)
				}
				require.WithinDuration(t, time.Now(), polls[len(polls)-1].at, 2*time.Second)
			}
			assert.Zero(t, s.together(names))
		})
	}
}

// late is an engine whose heartbeats are delivered late, as by a process that is short of time.
type late struct {
	engine
	wait func() time.Duration
}

func (l late) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	return l.engine.follow(ctx, f, func(m message) {
		if f.store == members {
			sleep(ctx, l.wait())
		}
		each(m)
	}, caughtUp)
}

// A worker that hears late takes over nothing from one that lives (fault 17).
func TestAWorkerThatHearsLateTakesNobodyForDead(t *testing.T) {
	t.Parallel()
	for seed := range uint64(longOr(20, 6)) {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			names := s.submit(20)
			a := s.worker("a", 0)
			random := rand.New(rand.NewPCG(seed, 1))
			begun := time.Now()
			f := s.fleet(nil)
			f.engine = late{s.memory.link(), func() time.Duration {
				if time.Since(begun) < 20*time.Second || random.IntN(6) > 0 {
					return 0
				}
				return time.Duration(random.Int64N(int64(7 * time.Second)))
			}}
			run(t, f, s.service.watcher(t, "b"))
			time.Sleep(4 * time.Minute)
			assert.Zero(t, f.Stats().TakenOver, "seed %d: from one that lives", seed)
			assert.Zero(t, s.together(names))
			// It still finds one that is dead.
			a.link.cut(true)
			time.Sleep(time.Minute)
			assert.Equal(t, 16, f.Stats().Owned, "seed %d", seed)
		})
	}
}

func TestTheRateLimitIsThatOfAllWorkers(t *testing.T) {
	t.Parallel()
	const limit = 60
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		s.submit(300)
		s.worker("a", 0)
		time.Sleep(10 * time.Second)
		b := s.worker("b", 0)
		time.Sleep(10 * time.Second)
		s.worker("c", 0)
		time.Sleep(10 * time.Second)
		b.link.cut(true)
		time.Sleep(20 * time.Second)
		polls := s.service.all()
		perSecond := map[int64]int{}
		for _, p := range polls {
			perSecond[p.at.UnixNano()/int64(time.Second)]++
		}
		for second, n := range perSecond {
			assert.LessOrEqual(t, n, limit*102/100+3, "second %d", second)
		}
		assert.Greater(t, len(polls), 40*limit, "the limit is used")
	}, RateLimit(limit))
}

// The workers are restarted one by one with another limit.
func TestTheRateLimitChangesInARollingRestart(t *testing.T) {
	t.Parallel()
	const high, low = 30, 10
	for _, c := range []struct{ from, to float64 }{{high, low}, {low, high}} {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			s.submit(150)
			var stops []func() error
			start := func(limit float64, name string) {
				s.opts = []Option{RateLimit(limit)}
				stops = append(stops, s.member(name).stop)
				time.Sleep(12 * time.Second)
			}
			for _, name := range []string{"a", "b", "c"} {
				start(c.from, name)
			}
			for i, name := range []string{"d", "e", "f"} {
				start(c.to, name)
				require.NoError(t, stops[i]())
				time.Sleep(12 * time.Second)
			}
			settled := time.Now().Add(5 * time.Second)
			time.Sleep(25 * time.Second)
			perSecond, after := map[int64]int{}, 0
			for _, p := range s.service.all() {
				perSecond[p.at.UnixNano()/int64(time.Second)]++
				if p.at.After(settled) {
					after++
				}
			}
			for second, n := range perSecond {
				assert.LessOrEqual(t, n, high*102/100+3, "second %d", second)
			}
			assert.InDelta(t, 20*c.to, after, 2*c.to, "the new limit holds, and is used")
		})
	}
}

// tardy is an engine on which a heartbeat comes back before the server's answer does.
type tardy struct{ engine }

func (e tardy) publish(ctx context.Context, m outgoing) (uint64, error) {
	seq, err := e.engine.publish(ctx, m)
	if m.store == members {
		sleep(ctx, 100*time.Millisecond)
	}
	return seq, err
}

// The clock of a worker differs from the server's by an hour, or by a year (fault 29).
func TestAgesCountByTheServersClock(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for _, skew := range []time.Duration{time.Hour, -time.Hour, year, -year} {
		playVirtually(t, 10*time.Hour, func(s *stage) {
			t := s.t
			l := s.memory.link()
			l.skew = skew
			require.NoError(t, s.fleet(l).Submit(t.Context(), Job{ID: "a", Timeout: time.Minute}))
			began := time.Now()
			f := s.fleet(nil)
			f.engine = tardy{l}
			run(t, f, s.service.watcher(t, "a"))
			for end, err := range s.fleet(s.memory.link()).Ends(t.Context()) {
				require.NoError(t, err)
				require.ErrorIs(t, end.Err, jobstatus.ErrTimeout)
				end.Ack()
				break
			}
			assert.InDelta(t, 60, time.Since(began).Seconds(), 2)
		})
	}
}

func TestATakeOverGoesOnWithTheAgeOfItsJobs(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		require.NoError(t, s.fleet(s.memory.link()).Submit(t.Context(), Job{ID: "a", Timeout: time.Minute}))
		began := time.Now()
		a := s.worker("a", 0)
		time.Sleep(30 * time.Second)
		a.link.cut(true)
		s.worker("b", 0)
		for end, err := range s.fleet(s.memory.link()).Ends(t.Context()) {
			require.NoError(t, err)
			require.ErrorIs(t, end.Err, jobstatus.ErrTimeout)
			end.Ack()
			break
		}
		assert.InDelta(t, 60, time.Since(began).Seconds(), 2)
	})
}

func TestAWatchThatIsForgottenIsPolledNoMore(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(10)
		s.worker("a", 0)
		time.Sleep(20 * time.Second)
		require.NoError(t, s.fleet(s.memory.link()).Forget(t.Context(), names[0]))
		time.Sleep(6 * time.Second)
		n := len(s.service.of(names[0]))
		time.Sleep(time.Minute)
		assert.Equal(t, n, len(s.service.of(names[0])))
		for _, id := range names[1:] {
			assert.InDelta(t, 86, len(s.service.of(id)), 6, "others are polled as before")
		}
	})
}

// While nobody answers, as when a cluster has no leader, nothing fails before its context ends.
func TestWaitAndForgetWaitForTheServerAsSubmitDoes(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(2)
		l := s.memory.link()
		f := s.fleet(l)
		s.member("a")
		_, err := f.Wait(t.Context(), "job-0001")
		require.NoError(t, err)
		l.cut(true)
		calls := map[string]func(ctx context.Context) error{
			"submit": func(ctx context.Context) error { return f.Submit(ctx, Job{ID: "new"}) },
			"wait":   func(ctx context.Context) error { _, err := f.Wait(ctx, "job-0001"); return err },
			"forget": func(ctx context.Context) error { return f.Forget(ctx, "job-0000") },
		}
		for name, call := range calls {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			began := time.Now()
			require.ErrorIs(t, call(ctx), context.DeadlineExceeded, name)
			assert.GreaterOrEqual(t, time.Since(began), time.Minute, name)
			cancel()
		}
		var group sync.WaitGroup
		for name, call := range calls {
			group.Go(func() { assert.NoError(t, call(t.Context()), name) })
		}
		time.Sleep(10 * time.Second)
		l.cut(false)
		group.Wait()
	})
}

func TestAMessageThatCannotBeReadBlocksNoOther(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		l := s.memory.link()
		for i, data := range []string{"", "{", `{"v":0,"id":"x"}`, `{"v":99,"id":"x"}`, `{"v":1}`, `{"v":1,"id":"x","of":"y"}`} {
			for _, suffix := range []string{submittedSuffix, endedSuffix, ".q"} {
				_, err := l.publish(context.Background(), outgoing{subject: place{partition: i, digest: digest{byte(i)}}.subject("fw", suffix), data: []byte(data), always: true})
				require.NoError(t, err)
			}
		}
		for st, data := range map[store]string{members: "{", owners: `"`} {
			_, err := l.publish(context.Background(), outgoing{store: st, subject: "1", data: []byte(data), always: true})
			require.NoError(t, err)
		}
		names := s.submit(100)
		s.worker("a", 0)
		collect(t, s.fleet(s.memory.link()), len(names))
		assert.Eventually(t, func() bool { return len(s.memory.all()) == 18 }, time.Minute, time.Second, "what cannot be read is left alone")
	})
}

func TestAFullWatcherKeepsJobsForLater(t *testing.T) {
	t.Parallel()
	playVirtually(t, 10*time.Second, func(s *stage) {
		t := s.t
		names := s.submit(20)
		s.worker("a", 0, jobstatus.WithMaxWatches(10))
		for _, keys := range collect(t, s.fleet(s.memory.link()), len(names)) {
			for _, end := range keys {
				assert.NoError(t, end.Err)
			}
		}
	})
}

func TestAPollThatCameDueWithoutAnOwnerIsMadeUpFor(t *testing.T) {
	t.Parallel()
	playVirtually(t, 24*time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(10)
		slow := jobstatus.WithBackoff(backoff.Constant(10 * time.Minute))
		a := s.worker("a", 0, slow)
		time.Sleep(10*time.Minute - 20*time.Second)
		a.link.cut(true)
		time.Sleep(30 * time.Second)
		b := s.worker("b", 0, slow)
		time.Sleep(20 * time.Second)
		assert.Equal(t, map[string]int{"b": 10}, s.owners(names, time.Now().Add(-25*time.Second)), "none waits ten minutes more")

		time.Sleep(2 * time.Minute)
		b.link.cut(true)
		s.worker("c", 0, slow)
		time.Sleep(time.Minute)
		assert.Empty(t, s.owners(names, time.Now().Add(-3*time.Minute)), "nobody polls before it is due")
	})
}

// strayed is a service whose first answers come from elsewhere.
type strayed struct {
	transport.Transport
	until time.Time
}

func (s strayed) Status(ctx context.Context, id string) (transport.Status, error) {
	if time.Now().Before(s.until) {
		return transport.Status{}, &transport.Error{Class: transport.Misdirected}
	}
	return s.Transport.Status(ctx, id)
}

// A fault of TLS while a worker takes over is no end of its jobs (fault 48).
func TestAWorkerThatDoesNotReachTheServiceYetEndsNoWatch(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(5)
		w, err := jobstatus.New(strayed{s.service.as("a"), time.Now().Add(3 * time.Second)}, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		require.NoError(t, err)
		defer w.Close()
		f := s.fleet(s.memory.link())
		run(t, f, w)
		for _, keys := range collect(t, f, 5) {
			for _, end := range keys {
				assert.NoError(t, end.Err)
			}
		}
	})
}

// Under the default Backoff the requests of a take-over are few more than those before it.
func TestATakeOverIsNoBurst(t *testing.T) {
	t.Parallel()
	playVirtually(t, 100*time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(5000)
		start := func(name string) *actor {
			w, err := jobstatus.New(s.service.as(name), jobstatus.WithTimeout(jobstatus.Unlimited), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
			require.NoError(t, err)
			t.Cleanup(func() { _ = w.Close() })
			l := s.memory.link()
			return &actor{link: l, stop: run(t, s.fleet(l), w)}
		}
		a := start("a")
		start("b")
		start("c")
		time.Sleep(2 * time.Minute)
		cut := time.Now()
		a.link.cut(true)
		time.Sleep(time.Minute)
		perSecond := map[int]int{}
		for _, id := range names {
			for _, p := range s.service.of(id) {
				perSecond[int(math.Floor(p.at.Sub(cut).Seconds()))]++
			}
		}
		before, after := 0, 0
		for second := -60; second < 0; second++ {
			before = max(before, perSecond[second])
		}
		for second := range 50 {
			after = max(after, perSecond[second])
		}
		t.Logf("the most requests in a second: %d before, %d after", before, after)
		assert.LessOrEqual(t, float64(after), 1.2*float64(before))
	}, Partitions(64))
}

// Two workers that both think they own a partition store one end.
func TestTwoOwnersStoreOneEnd(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(1)
		p := placeOf("job-0000", 16)
		last, err := s.memory.link().last(t.Context(), p.all("fw"))
		require.NoError(t, err)
		var group sync.WaitGroup
		for range 5 {
			f := s.fleet(s.memory.link())
			group.Go(func() {
				newRecorder(f.core, f.log).store(t.Context(), p, ending{Of: last.seq, ID: "job-0000", Status: jobstatus.Status{State: jobstatus.Completed}})
			})
		}
		group.Wait()
		assert.Len(t, s.memory.all(), 2)
		f := s.fleet(s.memory.link())
		collect(t, f, 1)
		newRecorder(f.core, f.log).store(t.Context(), p, ending{Of: last.seq, ID: "job-0000", Status: jobstatus.Status{State: jobstatus.Completed}})
		assert.Empty(t, s.memory.all(), "a late owner stores none")
	})
}

// half is an engine that removes one message, and then fails.
type half struct {
	engine
	removed []uint64
}

func (h *half) remove(ctx context.Context, s store, seq uint64) error {
	if len(h.removed) > 0 {
		return errAway
	}
	h.removed = append(h.removed, seq)
	return h.engine.remove(ctx, s, seq)
}

// A consumer that dies in the middle of an Ack leaves the end, and not the submission.
func TestHalfAnAckLeavesNoWatch(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(1)
		a := s.worker("a", 0)
		_, err := s.fleet(s.memory.link()).Wait(t.Context(), "job-0000")
		require.NoError(t, err)
		require.NoError(t, a.stop())
		polls := len(s.service.of("job-0000"))
		f := s.fleet(nil)
		f.engine = &half{engine: s.memory.link()}
		first := collect(t, f, 1)
		require.Len(t, s.memory.all(), 1)
		s.worker("b", 0)
		time.Sleep(20 * time.Second)
		assert.Len(t, s.service.of("job-0000"), polls, "it is not watched again")
		assert.Equal(t, keysOf(first), keysOf(collect(t, s.fleet(s.memory.link()), 1)), "the end comes again under its Key")
		assert.Empty(t, s.memory.all())
	})
}

func keysOf(ends map[string]map[string]End) []string {
	var keys []string
	for _, of := range ends {
		keys = slices.AppendSeq(keys, maps.Keys(of))
	}
	return keys
}

// slowClient is a service on which a poll takes a while, whatever becomes of its context.
type slowClient struct {
	*service
	owner string
	takes time.Duration
	under map[string]string // the owner whose poll is under way, by job. Guarded by mu
	both  *int              // polls that began while another owner's was under way. Guarded by mu
}

func (s slowClient) Status(ctx context.Context, id string) (transport.Status, error) {
	s.mu.Lock()
	if other := s.under[id]; other != "" && other != s.owner {
		*s.both++
	}
	s.under[id] = s.owner
	s.mu.Unlock()
	time.Sleep(s.takes)
	s.mu.Lock()
	if s.under[id] == s.owner {
		delete(s.under, id)
	}
	s.mu.Unlock()
	return s.as(s.owner).Status(ctx, id)
}

// polledBy returns for how many jobs a poll of an owner is under way.
func (s *service) polledBy(owner string, under map[string]string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, by := range under {
		if by == owner {
			n++
		}
	}
	return n
}

func TestAWorkerThatLeavesIsTakenOverAfterItsLastPoll(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(200)
		under, both := map[string]string{}, 0
		start := func(name string) func() error {
			w, err := jobstatus.New(slowClient{service: s.service, owner: name, takes: 900 * time.Millisecond, under: under, both: &both},
				jobstatus.WithBackoff(backoff.Constant(100*time.Millisecond)), jobstatus.WithTimeout(1000*time.Hour), jobstatus.WithConcurrency(200))
			require.NoError(t, err)
			t.Cleanup(func() { _ = w.Close() })
			return run(t, s.fleet(s.memory.link()), w)
		}
		leave := start("a")
		start("b")
		time.Sleep(20 * time.Second)
		require.Len(t, s.owners(names, time.Now().Add(-4*time.Second)), 2)
		// It leaves as polls of its begin.
		for idle, n := false, 0; n < 1000; n++ {
			polls := s.service.polledBy("a", under)
			if idle && polls > 0 {
				break
			}
			idle = idle || polls == 0
			time.Sleep(10 * time.Millisecond)
		}
		require.NotZero(t, s.service.polledBy("a", under))
		began := time.Now()
		require.NoError(t, leave())
		assert.Less(t, time.Since(began), 2*time.Second)
		time.Sleep(10 * time.Second)
		assert.Equal(t, map[string]int{"b": 200}, s.owners(names, began.Add(4*time.Second)))
		assert.Zero(t, both, "two owners in turn, never together")
	})
}

// distant is an engine that takes a while to tell the newest message of a job.
type distant struct{ engine }

func (e distant) last(ctx context.Context, filter string) (message, error) {
	sleep(ctx, 700*time.Millisecond)
	return e.engine.last(ctx, filter)
}

func TestWaitReturnsAnEndThatIsAcknowledgedSoon(t *testing.T) {
	t.Parallel()
	playVirtually(t, 20*time.Second, func(s *stage) {
		t := s.t
		names := s.submit(10)
		s.member("a")
		f := s.fleet(nil)
		f.engine = distant{s.memory.link()}
		var group sync.WaitGroup
		for _, id := range names {
			group.Go(func() {
				_, err := f.Wait(t.Context(), id)
				assert.NoError(t, err)
			})
		}
		seen := 0
		for end, err := range s.fleet(s.memory.link()).Ends(t.Context()) {
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
			end.Ack()
			if seen++; seen == len(names) {
				break
			}
		}
		group.Wait()
	})
}

// A consumer acknowledges the end of a job, and submits the job again at once. Ack has only begun
// then, and Submit must not take the end for one that waits for its acknowledgment.
func TestAJobThatIsSubmittedRightAfterItsAckIsWatchedAgain(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		f := s.fleet(nil)
		f.engine = unsteady{s.memory.link(), 300 * time.Millisecond, rand.Int64N}
		s.member("w")
		names := s.submit(20)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		keys := map[string]int{}
		for end, err := range f.Ends(ctx) {
			require.NoError(t, err)
			end.Ack()
			if keys[end.Status.ID]++; keys[end.Status.ID] < 3 {
				require.NoError(t, f.Submit(ctx, Job{ID: end.Status.ID}))
			}
		}
		for _, id := range names {
			assert.Equal(t, 3, keys[id], id)
		}
		assert.Empty(t, s.memory.all())
	})
}

// unauthorized is a service that refuses a worker's credentials.
type unauthorized struct{}

func (unauthorized) Status(context.Context, string) (transport.Status, error) {
	return transport.Status{}, &transport.Error{Class: transport.Permanent, Code: 401}
}

// The error is about the worker, and looks as if it were about the job. So the jobs of this worker
// end, each with an error that says so, and can be submitted again. Others go on.
func TestAWorkerWhoseCredentialsAreRefusedEndsItsWatchesAlone(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Minute, func(s *stage) {
		t := s.t
		names := s.submit(100)
		good := s.member("good")
		time.Sleep(10 * time.Second)
		w, err := jobstatus.New(unauthorized{})
		require.NoError(t, err)
		defer func() { _ = w.Close() }()
		bad := s.fleet(s.memory.link())
		leave := run(t, bad, w)
		time.Sleep(10 * time.Second)
		require.NoError(t, leave())
		require.Positive(t, bad.Stats().Ended)
		again, done := 0, 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for end, err := range good.fleet.Ends(ctx) {
			require.NoError(t, err)
			end.Ack()
			if end.Err != nil {
				require.ErrorContains(t, end.Err, "code 401")
				require.NoError(t, good.fleet.Submit(ctx, Job{ID: end.Status.ID}))
				again++
			} else if done++; done == len(names) {
				break
			}
		}
		assert.EqualValues(t, bad.Stats().Ended, again)
		assert.Empty(t, s.memory.all())
	})
}
