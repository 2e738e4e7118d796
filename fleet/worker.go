package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

const (
	// storing is how many ends a worker stores at once.
	storing = 128
	// beats is how many heartbeats a lease has.
	beats = 5
	// ticks is how often in a lease a worker looks what to do.
	ticks = 20
)

// claim is the value of a partition's key.
type claim struct {
	Format int    `json:"v"`
	Owner  string `json:"owner"` // "" if it was given up
}

// record is a claim as it is stored.
type record struct {
	owner string
	seq   uint64
	at    time.Time // by the server's clock
}

// slot is a partition as a worker sees it.
type slot struct {
	record record
	busy   bool // a write of the record is under way
	again  time.Time
	stop   func()    // ends the share that runs; nil if none runs
	ending bool      // it was told to stop
	gap    time.Time // until when the partition was polled, by this process's clock
}

// worker is one call of Run. All its fields belong to the goroutine of run, but for those that say
// otherwise.
type worker struct {
	f    *Fleet
	w    *jobstatus.Watcher
	name string
	log  *zap.Logger
	life context.Context // of what the worker starts; ends last

	events chan func() // what others have run on the goroutine of run
	gone   chan struct{}
	group  sync.WaitGroup

	roster   roster
	suspects suspects
	contact  contact
	slots    []slot
	studied  bool      // what others have learned is merged, or there is nothing to merge
	replayed int       // how many of the two stores are through
	server   time.Time // of one's own newest heartbeat, by the server's clock

	beatAt   time.Time // when the next heartbeat is due
	beating  bool
	touch    time.Time          // when the newest heartbeat that was stored set out
	sent     map[uint64]sending // heartbeats that were stored and did not come back yet
	count    int                // of heartbeats
	began    map[int]time.Time  // when those set out that did not come back yet
	fenced   bool
	leaving  bool
	deadline time.Time // of leaving
	cause    error     // why it leaves, if not for the end of ctx

	part    part
	recall  bool         // nothing is lent, as a partition is to be given up
	told    bool         // a heartbeat has said that it leaves
	offset  atomic.Int64 // server's clock less this process's; any goroutine
	storing chan struct{}
}

// sending is a heartbeat on its way.
type sending struct{ began, stored time.Time }

// Run watches a share of the fleet's jobs with w, until ctx ends. Call it once in each process.
// When ctx ends, Run hands its partitions over to other workers, and returns nil once none of its
// polls is in flight. It returns an error if that takes longer than a lease or four seconds,
// whichever is more.
//
// If w was closed, Run returns an error that matches [jobstatus.ErrClosed]. The limits and the
// Backoff of a job are those of the Watcher that polls it. So the Watchers of all workers should
// have the same options.
func (f *Fleet) Run(ctx context.Context, w *jobstatus.Watcher) error {
	if err := f.check(ctx); err != nil {
		if f != nil && f.engine != nil && ctx != nil {
			return nil
		}
		return err
	}
	if w == nil {
		return errors.New("fleet: Run: the Watcher is nil")
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	r := &worker{
		f: f, w: w, name: nuid.Next(), life: life,
		events: make(chan func()), gone: make(chan struct{}),
		contact: contact{most: 3 * f.lease / beats / 2}, slots: make([]slot, f.partitions),
		part: part{rate: f.rate, partitions: float64(f.partitions)}, sent: map[uint64]sending{}, began: map[int]time.Time{}, storing: make(chan struct{}, storing),
	}
	r.log = f.log.With(zap.String("worker", r.name))
	r.touch = time.Now()
	r.group.Go(func() { f.askForBacklog(life) })
	err := r.run(ctx)
	end()
	close(r.gone)
	r.group.Wait()
	return err
}

// post has do run on the goroutine of run. It is dropped once that has returned.
func (r *worker) post(do func()) {
	select {
	case r.events <- do:
	case <-r.gone:
	}
}

func (r *worker) run(ctx context.Context) error {
	r.read(members, r.memberChanged)
	r.read(owners, r.ownerChanged)
	r.study(ctx)
	tick := time.NewTicker(r.f.lease / ticks)
	defer tick.Stop()
	end := ctx.Done()
	for {
		r.step(time.Now())
		if r.leaving && (r.idle() || time.Now().After(r.deadline)) {
			break
		}
		select {
		case do := <-r.events:
			do()
		case <-tick.C:
		case <-end:
			end = nil
			r.leave(nil)
		}
	}
	return r.finish()
}

// finish stops what still runs, and returns the error of Run.
func (r *worker) finish() error {
	left := 0
	for p := range r.slots {
		s := &r.slots[p]
		if s.record.owner == r.name {
			left++
		}
		if s.stop != nil {
			s.stop()
		}
	}
	r.f.counts.workers.Store(0)
	r.f.counts.cut.Store(false)
	r.setRate(0)
	r.log.Info("worker left", zap.Int("partitions not handed over", left), zap.Uint64("watches taken up", r.f.counts.resumed.Load()),
		zap.Uint64("ends stored", r.f.counts.ended.Load()))
	if left > 0 && r.cause == nil {
		return fmt.Errorf("fleet: %d partitions were not handed over within %v", left, r.f.lease)
	}
	return r.cause
}

// study loads what other workers have learned, and saves what this one learns until it has left.
func (r *worker) study(ctx context.Context) {
	if r.f.learner == nil {
		r.studied = true
		return
	}
	s := &study{f: r.f, worker: r.name, log: r.log}
	r.group.Go(func() {
		early, cancel := context.WithTimeout(ctx, max(r.f.lease, grace))
		s.load(early)
		cancel()
		r.post(func() { r.studied = true })
		s.run(r.life)
	})
}

// read follows one of the small stores.
func (r *worker) read(s store, changed func(m message, old bool)) {
	r.group.Go(func() {
		caught := false
		r.f.follow(r.life, following{store: s}, func(m message) {
			old := !caught
			r.post(func() { changed(m, old) })
		}, func() {
			caught = true
			r.post(func() { r.replayed++ })
		})
	})
}

// local turns a time of the server into one of this process.
func (r *worker) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(r.offset.Load()))
}

// step does what is due at now.
func (r *worker) step(now time.Time) {
	r.suspect(now)
	r.beat(now)
	fenced := now.Sub(r.touch) > r.f.lease*4/5
	if fenced != r.fenced {
		r.fenced = fenced
		r.f.counts.cut.Store(fenced)
		if fenced {
			r.f.counts.fenced.Add(1)
		}
		r.log.Warn("contact with the server", zap.Bool("lost", fenced), zap.Duration("since", now.Sub(r.touch)))
	}
	ready := r.studied && r.replayed == 2 && !r.server.IsZero() && !fenced && !r.leaving
	living := r.roster.living(r.dead)
	r.f.counts.workers.Store(int64(len(living)))
	lent := r.part.lending.reserved(now) > 0
	recall := r.leaving
	for p := range r.slots {
		s := &r.slots[p]
		mine := s.record.owner == r.name
		want := ready && ownerOf(p, living) == r.name
		recall = recall || s.stop != nil && mine && !want
		switch {
		case s.busy:
		case s.stop != nil:
			if (!mine || !want && (!lent || fenced)) && !s.ending {
				s.ending = true
				s.stop()
			}
		case now.Before(s.again) || fenced:
		case mine && !want:
			r.write(p, "")
		case want && (mine || s.record.owner == "" || r.dead(s.record.owner)):
			r.write(p, r.name)
		}
	}
	if recall && !r.recall || r.leaving && !r.told && !lent {
		r.beatAt = now
	}
	r.recall = recall
	r.limit(now)
}

// leave begins to hand over.
func (r *worker) leave(cause error) {
	if r.leaving {
		return
	}
	r.leaving, r.cause = true, cause
	r.deadline = time.Now().Add(max(r.f.lease, 2*grace))
	r.beatAt = time.Time{}
}

// idle reports whether all is handed over, and the others know that this worker has left.
func (r *worker) idle() bool {
	for p := range r.slots {
		if s := &r.slots[p]; s.stop != nil || s.busy || s.record.owner == r.name {
			return false
		}
	}
	return r.told && !r.beating
}
