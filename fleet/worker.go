package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// worker is one call of Run. It makes its parts do what is due, and tells each part what it must
// know about the others. Only the goroutine of run uses it, except for the clock and the loop's
// post.
type worker struct {
	*core
	self string
	log  *zap.Logger // with the worker's name

	loop      *loop
	clock     *serverClock
	pulse     pulse
	peers     peers
	allowance allowance
	owned     ownership

	replayed int  // how many of the two small stores were read completely
	studied  bool // whether the states of other Learners are merged, or there are none
	exit     exit
}

// exit is the state of a worker that leaves. The worker says in its heartbeats that it leaves,
// hands over its partitions, and returns.
type exit struct {
	cause    error     // nil if the context of Run has ended
	deadline time.Time // when it returns in any case; zero if it does not leave
	told     bool      // whether a heartbeat that says so was sent
	again    time.Time // when to say so again, after a heartbeat that failed
}

// begun reports whether the worker leaves.
func (e *exit) begun() bool { return !e.deadline.IsZero() }

// untold reports whether the worker must tell the others at now that it leaves.
func (e *exit) untold(now time.Time) bool {
	return e.begun() && !e.told && !now.Before(e.again)
}

// newWorker returns a worker. Before run, the caller sets the function that watches a partition,
// and whether the worker has studied.
func newWorker(ctx context.Context, c *core, w *jobstatus.Watcher) *worker {
	r := &worker{core: c, self: nuid.Next(), loop: newLoop(ctx), clock: new(serverClock)}
	r.log = c.log.With(zap.String("worker", r.self))
	r.pulse = newPulse(c.lease, time.Now())
	r.peers = newPeers(r.self, c.lease)
	r.allowance = allowance{
		part: part{rate: c.rate, partitions: float64(c.partitions)}, watcher: w, counts: &c.counts, log: r.log,
	}
	r.owned = ownership{
		core: c, self: r.self, log: r.log, loop: r.loop, clock: r.clock, peers: &r.peers,
		resized: func() { r.limit(time.Now()) }, slots: make([]slot, c.partitions),
	}
	return r
}

// run is the loop. It returns when ctx has ended and the worker has left.
func (r *worker) run(ctx context.Context) error {
	r.readMembers()
	r.readOwners()
	tick := time.NewTicker(r.lease / ticks)
	defer tick.Stop()
	end := ctx.Done()
	for {
		r.step(time.Now())
		if r.exit.begun() && (r.left() || time.Now().After(r.exit.deadline)) {
			break
		}
		select {
		case do := <-r.loop.events:
			do()
		case <-tick.C:
		case <-end:
			end = nil
			r.leave(nil)
		}
	}
	return r.finish()
}

// readMembers follows the heartbeats of all workers.
func (r *worker) readMembers() {
	r.loop.start(func(ctx context.Context) {
		caught := false
		_ = r.follow(ctx, following{store: members}, func(m message) {
			old := !caught // it was stored before the worker began
			r.loop.post(func() { r.memberChanged(m, old) })
		}, func() {
			caught = true
			r.loop.post(func() { r.replayed++ })
		})
	})
}

// readOwners follows the records of the owners. It reads all of them again if the server has lost
// some, or if the ownership has found out that the server does not have what it should have.
func (r *worker) readOwners() {
	r.loop.start(func(ctx context.Context) {
		caughtUp := sync.OnceFunc(func() { r.loop.post(func() { r.replayed++ }) })
		for err := error(nil); ctx.Err() == nil && !errors.Is(err, errLost); {
			life, again := context.WithCancel(ctx)
			r.loop.post(func() { r.owned.readAgain(again) })
			err = r.follow(life, following{store: owners}, func(m message) { r.loop.post(func() { r.owned.changed(m) }) }, caughtUp)
			again()
		}
	})
}

// step does what is due at now.
func (r *worker) step(now time.Time) {
	if r.replayed == 2 && r.peers.suspect(r.owned.owners(), now) {
		r.pulse.hurry() // the heartbeat shows whether the suspects are dead
	}
	if r.pulse.due(now) {
		r.beat(now)
	}
	if r.pulse.check(now) {
		r.counts.cut.Store(r.pulse.lost)
		if r.pulse.lost {
			r.counts.fenced.Add(1)
		}
		r.log.Warn("contact with the server", zap.Bool("lost", r.pulse.lost), zap.Duration("since", now.Sub(r.pulse.touch)))
	}
	v := outlook{living: r.peers.living(), lost: r.pulse.lost, lent: r.allowance.lends(now)}
	v.ready = r.studied && r.replayed == 2 && r.peers.inTouch() && !v.lost
	r.counts.workers.Store(int64(len(v.living)))
	recalled := r.owned.recall || r.exit.begun() // the heartbeat that leave made due says so already
	r.owned.step(now, v)
	if r.owned.recall && !recalled || r.exit.untold(now) && !v.lent {
		r.pulse.hurry() // the heartbeat says so
	}
	r.limit(now)
}

// beat sends a heartbeat.
func (r *worker) beat(now time.Time) {
	h := heartbeat{Format: format, Lease: r.lease, N: r.pulse.setOut(now)}
	var to []string
	if !r.owned.recall && !r.exit.begun() {
		to = r.peers.short(r.owned.ownedBy)
	}
	h.Short, h.Loans = r.allowance.lend(h.N, r.owned.watched(), to, now)
	r.limit(now) // before other workers read of the loans
	h.Left = r.exit.begun() && !r.allowance.lends(now)
	r.exit.told = h.Left
	m := outgoing{store: members, subject: r.self, data: encode(h), always: true}
	r.loop.ask(r.lease/2, func(ctx context.Context) func() {
		_, err := r.engine.publish(ctx, m)
		stored := time.Now()
		return func() { r.beaten(now, stored, err) }
	})
}

// beaten handles the result of sending the heartbeat that was sent at began.
func (r *worker) beaten(began, stored time.Time, err error) {
	if err == nil {
		if missed := r.pulse.stored(began, stored); missed {
			r.peers.resume(time.Now())
		}
		return
	}
	r.pulse.failed()
	r.exit.told, r.exit.again = false, time.Now().Add(r.lease/ticks)
	if errors.Is(err, errLost) {
		r.leave(fmt.Errorf("fleet: Run: %w", err))
	}
}

// memberChanged handles a heartbeat of any worker.
func (r *worker) memberChanged(m message, old bool) {
	now := time.Now()
	defer r.peers.passed(m.more)
	h, err := decodeHeartbeat(m.data)
	if err == nil && m.subject == r.self && (h.newer() || !r.pulse.flies(h.N)) {
		err = errors.New("another process wrote it")
	}
	if err != nil {
		r.counts.unreadable.Add(1)
		r.log.Warn("a heartbeat cannot be read and is put aside", zap.String("subject", m.subject), zap.Error(err))
		r.peers.unread(m.subject, m.at, old, now)
		return
	}
	if m.subject == r.self {
		r.cameBack(h.N, m.at, now)
	}
	switch joined, leaves := r.peers.saw(m.subject, h, m.at, old, now); {
	case joined:
		r.log.Info("worker joined", zap.String("member", m.subject))
	case leaves:
		r.log.Info("worker leaves", zap.String("member", m.subject))
	}
}

// cameBack records that the worker's own heartbeat with number n came back. It was stored at the
// time at, by the server's clock.
func (r *worker) cameBack(n int, at, now time.Time) {
	f := r.pulse.cameBack(n)
	r.peers.cameBack(f.began, at, now)
	r.allowance.cameBack(n, now.Add(validity(r.lease)+r.lease/10))
	switch {
	case !f.stored.IsZero():
		r.clock.learn(at, f.began, f.stored)
	case !f.began.IsZero() && !r.clock.learned():
		r.clock.learn(at, f.began, now) // an inexact difference is better than none
	}
}

// limit sets the Watcher's limit to its part of the fleet's limit. The limit falls before a
// partition is given up or lent, and rises after one was claimed. So the parts never exceed the
// whole.
func (r *worker) limit(now time.Time) {
	r.allowance.keep(r.owned.watched(), r.peers.lent(now, r.clock.local, r.owned.ownedBy), now)
}

// leave begins to hand over the partitions.
func (r *worker) leave(cause error) {
	if r.exit.begun() {
		return
	}
	r.exit = exit{cause: cause, deadline: time.Now().Add(max(r.lease, 2*grace))}
	r.owned.leaving = true
	r.pulse.hurry()
}

// left reports whether all partitions are handed over, and the other workers can know that this
// worker has left.
func (r *worker) left() bool { return r.owned.idle() && r.exit.told && !r.pulse.sending }

// finish stops all watching, and returns the error of Run.
func (r *worker) finish() error {
	left := r.owned.close()
	r.counts.workers.Store(0)
	r.counts.cut.Store(false)
	r.allowance.tell(0)
	r.log.Info("worker left", zap.Int("partitions not handed over", left), zap.Uint64("watches taken up", r.counts.resumed.Load()),
		zap.Uint64("ends stored", r.counts.ended.Load()))
	if left > 0 && r.exit.cause == nil {
		return fmt.Errorf("fleet: %d partitions were not handed over within %v", left, max(r.lease, 2*grace))
	}
	return r.exit.cause
}
