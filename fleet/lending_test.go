package fleet

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// What a worker lends, however late its heartbeats are heard, is never used by more than it has
// reserved, and it reserves no more than it has.
func TestNoPartOfTheRateLimitIsUsedTwice(t *testing.T) {
	t.Parallel()
	const lease, parts = 10 * time.Second, 16
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		now := begin
		var l lending
		type stored struct {
			h  heartbeat
			at time.Time
		}
		var beats []stored
		others := []string{"b", "c", "d"}
		rosters := map[string]*roster{}
		heard := map[string]int{} // the newest heartbeat that was heard
		for _, name := range others {
			rosters[name] = &roster{}
		}
		for range rapid.IntRange(1, 120).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(lease/4)).Draw(t, "passes")))
			switch rapid.IntRange(0, 3).Draw(t, "event") {
			case 0:
				n := len(beats)
				used := rapid.Float64Range(0, parts).Draw(t, "used")
				loans := l.offer(parts, used, rapid.SliceOfNDistinct(rapid.SampledFrom(others), 0, 3, rapid.ID).Draw(t, "short"), now)
				l.send(n, loans)
				beats = append(beats, stored{heartbeat{Lease: lease, Loans: loans}, now})
			case 1: // it comes back once it is stored
				if len(beats) > 0 {
					l.cameBack(rapid.IntRange(0, len(beats)-1).Draw(t, "back"), now.Add(validity(lease)+lease/10))
				}
			default:
				name := rapid.SampledFrom(others).Draw(t, "hears")
				if n := heard[name]; n < len(beats) {
					n = rapid.IntRange(n, len(beats)-1).Draw(t, "which")
					rosters[name].saw("a", member{heartbeat: beats[n].h, at: beats[n].at, heard: now})
					heard[name] = n + 1
				}
			}
			var used float64
			for _, name := range others {
				used += rosters[name].lent(name, now, func(t time.Time) time.Time { return t }, func(string) int { return parts })
			}
			assert.LessOrEqual(t, used, l.reserved(now)+1e-9, "at %v", now.Sub(begin))
			assert.LessOrEqual(t, l.reserved(now), float64(parts)*7/8+1e-9)
		}
	})
}

// jobsIn returns n ids of jobs that belong to one of so many partitions.
func jobsIn(partition, partitions, n int) (names []string) {
	var k *secret
	for i := 0; len(names) < n; i++ {
		if id := fmt.Sprintf("hot-%d", i); k.place(id, partitions).partition == partition {
			names = append(names, id)
		}
	}
	return names
}

// watchLimit sees to it that the parts of the limit that workers have never exceed it together.
func (s *stage) watchLimit(limit float64, workers ...*actor) {
	ctx := s.t.Context()
	go func() {
		for sleep(ctx, longOr(5*time.Millisecond, 25*time.Millisecond)) {
			var sum float64
			for _, w := range workers {
				if st := w.fleet.Stats(); st.Owned > 0 {
					sum += st.RateLimit
				}
			}
			if !assert.LessOrEqual(s.t, sum, limit*1.0001) {
				return
			}
		}
	}()
}

// since returns how many polls there were a second since an instant, by whom.
func (s *stage) since(at time.Time) map[string]float64 {
	owners := map[string]float64{}
	for _, p := range s.service.all() {
		if p.at.After(at) {
			owners[p.owner] += 1 / time.Since(at).Seconds()
		}
	}
	return owners
}

// A worker that is short of its part of the rate limit uses what others leave, and they have it
// back once they need it.
func TestWhatOneWorkerLeavesOfTheRateLimitAnotherUses(t *testing.T) {
	t.Parallel()
	const limit = 60
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		submit(t, s.fleet(s.memory.link()), jobsIn(3, 16, 90)...)
		workers := map[string]*actor{"a": s.member("a"), "b": s.member("b"), "c": s.member("c"), "d": s.member("d")}
		s.watchLimit(limit, slices.Collect(maps.Values(workers))...)
		time.Sleep(30 * time.Second)
		since := time.Now()
		time.Sleep(20 * time.Second)
		assert.Greater(t, total(s.since(since)), 0.8*limit, "one partition is busy, and the limit is used")

		s.submit(160)
		time.Sleep(6 * time.Second)
		since = time.Now()
		time.Sleep(10 * time.Second)
		for name, rate := range s.since(since) {
			part := float64(workers[name].fleet.Stats().Owned) / 16
			assert.InDelta(t, part*limit, rate, 0.15*limit, "all are busy, and each has its own part: %s", name)
		}
		for name, w := range workers { // names of workers are random, so one can own nothing
			assert.Equal(t, w.fleet.Stats().Owned > 0, s.since(since)[name] > 0, name)
		}
	}, RateLimit(limit))
}

// Whoever joins, leaves or is cut off, and however late heartbeats are heard, the parts of the rate
// limit that are lent are used once.
func TestTheRateLimitHoldsWhileItIsLent(t *testing.T) {
	t.Parallel()
	const limit = 20
	for seed := range uint64(2) {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			submit(t, s.fleet(s.memory.link()), jobsIn(3, 16, 30)...)
			var workers []*actor
			for i := range uint64(4) {
				random := rand.New(rand.NewPCG(seed, i))
				l := s.memory.link()
				f := s.fleet(l)
				f.engine = late{l, func() time.Duration {
					if random.IntN(20) == 0 {
						return 2 * time.Second
					}
					return time.Duration(random.Int64N(int64(200 * time.Millisecond)))
				}}
				workers = append(workers, &actor{fleet: f, link: l})
			}
			s.watchLimit(limit, workers...)
			for i, w := range workers {
				w.stop = run(t, w.fleet, s.service.watcher(t, string(rune('a'+i))))
				time.Sleep(20 * time.Second)
			}
			workers[0].link.cut(true)
			time.Sleep(20 * time.Second)
			workers[0].link.cut(false)
			time.Sleep(20 * time.Second)
			began := time.Now()
			assert.NoError(t, workers[1].stop())
			assert.Less(t, time.Since(began), 5*time.Second, "what is lent is waited for")
			time.Sleep(20 * time.Second)
			assert.Greater(t, total(s.since(began)), 0.35*limit)
		}, RateLimit(limit))
	}
}
