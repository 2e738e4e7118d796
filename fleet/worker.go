package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
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

// Run watches a share of the fleet's jobs with w, until ctx ends. Call it once in each process. It
// then hands its jobs over and returns nil. No poll of its is in flight then. Handing over takes a
// lease at most; the error says so if the server did not take it in time.
//
// Run returns an error that matches [jobstatus.ErrClosed] if w was closed. The limits and the
// Backoff of a job are those of the Watcher that polls it, so all workers should have the same.
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

// memberChanged takes in a heartbeat.
func (r *worker) memberChanged(m message, old bool) {
	now := time.Now()
	defer r.suspects.passed(m.more)
	var h heartbeat
	switch {
	case len(m.data) == 0:
		r.roster.gone(m.subject)
		return
	case json.Unmarshal(m.data, &h) != nil || h.Lease <= 0:
		r.f.counts.putAside.Add(1)
		r.log.Warn("a heartbeat cannot be read and is put aside", zap.String("subject", m.subject))
		return
	}
	if m.subject == r.name {
		r.server = m.at
		r.contact.beat(now)
		r.cameBack(h.N)
		r.part.lending.cameBack(h.N, now.Add(validity(r.f.lease)+r.f.lease/10))
		if s, ok := r.sent[m.seq]; ok {
			// The server stored it between the two.
			r.offset.Store(int64(m.at.Sub(s.began.Add(s.stored.Sub(s.began) / 2))))
		}
		for seq := range r.sent {
			if seq <= m.seq {
				delete(r.sent, seq)
			}
		}
	}
	if _, known := r.roster.members[m.subject]; !known && !old {
		r.log.Info("worker joined", zap.String("member", m.subject))
	} else if h.Left && !r.roster.members[m.subject].Left {
		r.log.Info("worker leaves", zap.String("member", m.subject))
	}
	r.roster.saw(m.subject, h, m.at, r.contact.at(now), old, now)
}

// cameBack takes in one's own heartbeat of a number. Those before it come back no more.
func (r *worker) cameBack(n int) {
	if began, ok := r.began[n]; ok {
		r.suspects.cameBack(began)
	}
	for earlier := range r.began {
		if earlier <= n {
			delete(r.began, earlier)
		}
	}
}

// ownerChanged takes in a claim.
func (r *worker) ownerChanged(m message, _ bool) {
	p, err := strconv.Atoi(m.subject)
	if err != nil || p < 0 || p >= len(r.slots) {
		r.f.counts.putAside.Add(1)
		r.log.Warn("a claim of no partition is put aside", zap.String("subject", m.subject))
		return
	}
	var c claim
	if err := json.Unmarshal(m.data, &c); err != nil {
		c.Owner = "" // whoever wrote it, it has no owner
		r.log.Warn("a claim cannot be read and is replaced", zap.String("subject", m.subject), zap.Error(err))
	}
	s := &r.slots[p]
	if m.seq <= s.record.seq {
		return
	}
	if s.record.owner == r.name && c.Owner != r.name && !s.busy {
		r.f.counts.taken.Add(1)
		r.log.Warn("partition was taken by another worker", zap.Int("partition", p), zap.String("to", c.Owner))
	}
	s.record = record{owner: c.Owner, seq: m.seq, at: m.at}
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

// suspect notes who seems to be dead at now. A heartbeat is sent at once to find out.
func (r *worker) suspect(now time.Time) {
	if r.replayed < 2 || r.server.IsZero() {
		return
	}
	silent := r.roster.silent(r.contact.at(now), r.server)
	for p := range r.slots {
		owner := r.slots[p].record.owner
		if _, known := r.roster.members[owner]; !known && owner != "" {
			silent = append(silent, owner)
		}
	}
	if r.suspects.suspect(silent, now) {
		r.beatAt = now
	}
}

// dead reports whether a worker has left, or is found dead.
func (r *worker) dead(name string) bool {
	return name != r.name && (r.roster.left(name) || r.suspects.dead(name))
}

// beat sends a heartbeat if one is due.
func (r *worker) beat(now time.Time) {
	if r.beating || now.Before(r.beatAt) {
		return
	}
	r.beating = true
	r.beatAt = now.Add(r.f.lease / beats)
	r.count++
	r.began[r.count] = now
	h := heartbeat{Format: format, Lease: r.f.lease, N: r.count}
	h.Short, h.Loans = r.lend(now)
	r.limit(now) // before anybody hears of the loans
	h.Left = r.leaving && r.part.lending.reserved(now) == 0
	r.told = h.Left
	data := encode(h)
	r.group.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, r.f.lease/2)
		defer cancel()
		seq, err := r.f.engine.publish(ctx, outgoing{store: members, subject: r.name, data: data, always: true})
		stored := time.Now()
		r.post(func() {
			r.beating = false
			if errors.Is(err, errLost) {
				r.leave(fmt.Errorf("fleet: Run: %w", err))
			}
			if err == nil {
				if now.Sub(r.touch) > 3*r.f.lease/beats {
					r.roster.resume(r.contact.at(time.Now()))
				}
				r.touch = now
				r.sent[seq] = sending{began: now, stored: stored}
			}
		})
	})
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

// write claims a partition or, for the owner "", gives it up.
func (r *worker) write(p int, owner string) {
	s := &r.slots[p]
	s.busy = true
	before := s.record
	s.gap = r.gapOf(s)
	m := outgoing{store: owners, subject: strconv.Itoa(p), after: before.seq, data: encode(claim{Format: format, Owner: owner})}
	r.group.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, r.f.lease/2)
		defer cancel()
		seq, err := r.f.engine.publish(ctx, m)
		r.post(func() { r.written(p, owner, seq, err) })
	})
}

// written takes in how the write of a claim went.
func (r *worker) written(p int, owner string, seq uint64, err error) {
	s := &r.slots[p]
	s.busy = false
	if err != nil {
		s.again = time.Now().Add(r.f.lease / ticks)
		return
	}
	before := s.record
	if seq > s.record.seq {
		s.record = record{owner: owner, seq: seq, at: time.Now().Add(time.Duration(r.offset.Load()))}
	}
	if s.record.seq != seq {
		return // it was taken from us meanwhile
	}
	r.log.Info("partition changes its owner", zap.Int("partition", p), zap.String("from", before.owner), zap.String("to", owner),
		zap.String("reason", r.reason(before.owner, owner)))
	if owner != "" && !r.leaving {
		r.start(p)
	}
}

// reason counts a change of an owner that this worker made, and names it for the log.
func (r *worker) reason(from, to string) string {
	c := &r.f.counts
	switch {
	case to == "":
		c.gaveUp.Add(1)
		return "handed over"
	case from == r.name:
		return "goes on"
	case from == "":
		c.claimed.Add(1)
		return "had no owner"
	default:
		c.claimed.Add(1)
		c.takenOver.Add(1)
		return "its owner is heard of no more"
	}
}

// gapOf returns until when a partition was polled, by this process's clock. It is zero if it never
// was.
func (r *worker) gapOf(s *slot) time.Time {
	switch {
	case s.record.owner == r.name:
		return s.gap
	case s.record.owner == "":
		return r.local(s.record.at)
	}
	at := s.record.at
	if last := r.roster.lastBeat(s.record.owner); last.After(at) {
		at = last
	}
	return r.local(at)
}

// start begins to watch the jobs of a partition.
func (r *worker) start(p int) {
	s := &r.slots[p]
	ctx, stop := context.WithCancelCause(r.life)
	s.stop, s.ending = func() { stop(errGivenUp) }, false
	r.limit(time.Now())
	sh := &share{
		f: r.f, w: r.w, partition: p, gap: s.gap, local: r.local, slots: r.storing,
		log: r.log.With(zap.Int("partition", p)),
	}
	r.group.Go(func() {
		defer stop(errGivenUp)
		err := sh.run(ctx)
		ended := time.Now()
		r.post(func() {
			s.stop, s.gap = nil, ended
			r.limit(time.Now())
			if err != nil {
				r.leave(fmt.Errorf("fleet: Run: %w", err))
			}
		})
	})
}

// running returns the number of partitions whose jobs are watched.
func (r *worker) running() (n int) {
	for p := range r.slots {
		if r.slots[p].stop != nil {
			n++
		}
	}
	return n
}

// lend returns what the heartbeat that sets out at now says of the rate limit.
func (r *worker) lend(now time.Time) (short bool, loans map[string]float64) {
	if r.f.rate == 0 {
		return false, nil
	}
	var to []string
	if !r.recall && !r.leaving {
		to = r.roster.short(r.name)
	}
	return r.part.lend(r.count, r.running(), r.w.Stats().Requests, to, now)
}

// limit gives the Watcher its part of the rate limit. It is lowered before a partition is given up
// or lent, and raised after one was claimed, so that the parts never exceed the whole.
func (r *worker) limit(now time.Time) {
	borrowed := 0.0
	if !r.server.IsZero() {
		borrowed = r.roster.lent(r.name, now, r.local)
	}
	limit, changed := r.part.limit(r.running(), borrowed, now)
	if !changed {
		return
	}
	r.setRate(limit)
	if err := r.w.SetRateLimit(limit, 1); err != nil {
		r.log.Error("set the rate limit", zap.Error(err))
	}
}

// setRate tells the figures of the rate limit.
func (r *worker) setRate(perSecond float64) { r.f.counts.rate.Store(math.Float64bits(perSecond)) }
