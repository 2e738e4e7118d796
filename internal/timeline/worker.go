package timeline

import (
	"context"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/observe"
)

// A worker makes polls. All workers of a Timeline share this struct, because they differ only in
// their call.
type worker struct {
	*core
	board   *board
	pool    *pool
	chooser *chooser
	judge   *judge
	settler *settler
}

// work polls ready watches until none is left. If a plugin ends the goroutine, another goroutine
// continues with c.
func (w *worker) work(c *call) {
	returned := false
	defer func() {
		if !returned {
			go c.work()
		}
	}()
	makeRoom(0)
	for w.step(c) {
	}
	returned = true
}

// makeRoom grows the stack of its goroutine at once to the size that a request of net/http needs.
// Otherwise the stack of each worker would grow step by step and copy its frames each time.
//
//go:noinline
func makeRoom(i int) byte {
	var room [8 << 10]byte
	return room[i]
}

// step runs the stages of c, beginning with the next one, and reports whether there is another
// request. It advances c.stage before each stage, so that no stage is run twice.
func (w *worker) step(c *call) (more bool) {
	switch c.stage {
	case stageTake:
		if !w.takeNext(c) {
			return false
		}
		fallthrough
	case stageFit:
		c.stage = stageAnnounce
		w.fitBatch(c)
		fallthrough
	case stageAnnounce:
		c.stage = stageAsk
		w.announce(c)
		fallthrough
	case stageAsk:
		c.stage, c.inside = stageConclude, true
		if !w.ask(c) {
			return w.discard(c)
		}
		c.inside = false
		fallthrough
	case stageConclude:
		if !c.claim.CompareAndSwap(asking, claimedByWorker) {
			return w.discard(c)
		}
		c.stage, c.at = stageDivide, 0
		w.conclude(c)
		fallthrough
	case stageDivide:
		c.stage = stageReport
		w.judge.distribute(c)
		fallthrough
	case stageReport:
		c.stage = stageJudge
		w.report(c)
		fallthrough
	case stageJudge:
		w.judge.begin(c)
		for c.at < len(c.polls) {
			w.judge.judgeNext(c)
		}
		c.stage = stageSettle
		fallthrough
	default:
		return w.settleAll(c)
	}
}

// takeNext fills c with due watches, or ends its worker if there are none.
func (w *worker) takeNext(c *call) (more bool) {
	w.mu.Lock()
	c.ended = w.now() // the last request may have ended long ago
	return w.continueLocked(c)
}

// continueLocked fills c with the watches that are due at c.ended, or ends its worker. It releases
// the lock.
func (w *worker) continueLocked(c *call) (more bool) {
	if w.pool.pollsLocked(c) && w.beginLocked(c, c.ended) {
		c.stage = stageFit
		w.mu.Unlock()
		return true
	}
	if c.hold == 0 {
		w.pool.busy--
	} else {
		c.hold = 0
	}
	w.pool.armLocked()
	clear(c.polls[:cap(c.polls)])
	kept := w.pool.idle.put(c)
	w.mu.Unlock()
	if !kept && c.cancel != nil {
		c.cancel(context.Canceled)
	}
	w.track.End()
	w.workers.Done()
	return false
}

// beginLocked fills c with the watches to ask about next, and reports whether there are any. It
// releases the lock while the Backoff ranks due watches.
func (w *worker) beginLocked(c *call, now time.Duration) bool {
	if w.closed || now < w.board.gate.Shut() || w.pool.alarm.Late(now) >= standstill {
		return false
	}
	w.board.gate.Open() // the wait is over; Admit shuts the gate again if necessary
	var ranked []candidate
	if w.schedule.Ranks() {
		if w.board.ready.Waiting() > 0 && !w.board.gate.Admits(now) {
			return false // without ranking in vain
		}
		ranked = w.chooser.rankDueLocked(c, now)
	}
	x := w.chooser.nextLocked(ranked)
	again := w.schedule.Follows() && !c.asking // if c.asking is set, the Backoff ended the goroutine when it was asked
	for c.asking = false; again && x != nil && !x.marks.has(confirmed); x = w.chooser.nextLocked(ranked) {
		w.chooser.reaskLocked(c, x, now)
	}
	var hold time.Duration
	if w.service.Holds() {
		x, hold = w.chooser.chooseHeldLocked(c, x, ranked, now)
	}
	if x == nil {
		if w.board.ready.Waiting() == 0 {
			w.board.gate.CaughtUp(now)
		}
		return false
	}
	size := w.board.size.Now()
	if w.closed || !w.board.gate.Admit(now, min(size, w.board.ready.Waiting())) {
		return false
	}
	if c.hold = hold; hold > 0 {
		size = 1
		w.chooser.holding.Began(now)
	}
	if c.tried = size > 1 && w.judge.triesAloneLocked(x, now); c.tried {
		size = 1
	}
	w.fillLocked(c, x, ranked, size, now)
	w.pool.launchLocked(c, now)
	if hold > 0 || len(c.polls) < w.board.size.Now() {
		w.pool.hireLocked(now) // for the due watches that are not in this call
	}
	w.pool.armLocked()
	return true
}

// fillLocked makes c a call about x, which is next, and other due watches, at most size in all.
func (w *worker) fillLocked(c *call, x *watch, ranked []candidate, size int, now time.Duration) {
	c.lane = w.board.ready.Lane(x.lane)
	c.polls, c.ids, c.split = c.polls[:0], c.ids[:0], false
	if c.pollErr.Err != nil {
		c.pollErr = sighting.PollError{}
	}
	for ; x != nil && x.batchLimit.Size(size) > len(c.polls); x = w.chooser.nextLocked(ranked) {
		size = min(size, x.batchLimit.Size(size))
		w.board.moveLocked(x, asked)
		w.chooser.picks++
		c.add(x, w.board.kindLocked(x, x.waiters.part), now)
		c.ids = append(c.ids, x.id)
		x.call = c
		if len(c.polls) == size {
			break
		}
	}
}

// fitBatch makes the watches of c that do not fit into one request ready again.
func (w *worker) fitBatch(c *call) {
	n := w.service.Fit(c.ids)
	if n == len(c.ids) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for i := range c.polls[n:] {
		if x := c.polls[n+i].x; x.waiters != nil && x.call == c {
			x.call = nil
			c.present--
			w.board.figures.InFlight--
			w.board.moveLocked(x, ready)
		}
	}
	clear(c.polls[n:])
	c.polls, c.ids = c.polls[:n], c.ids[:n]
	w.pool.proceedLocked(now)
}

// announce tells the Observer that a poll starts. It writes c only after the Observer has returned,
// because c may be written off meanwhile.
func (w *worker) announce(c *call) {
	observed, unbind := c.ctx, func() {}
	if w.audience != nil {
		made := w.audience.Observe(c.ctx, &observe.Event{Kind: observe.PollStarted, Time: w.steady.Time(c.asked), IDs: c.ids})
		observed, unbind = w.audience.Bind(c.ctx, made)
	}
	c.observed, c.unbind = observed, unbind
}

// ask makes the request of c, unless c has been written off. It writes only the result.
func (w *worker) ask(c *call) bool {
	if c.observed == nil {
		c.observed = c.ctx // because the Observer ended the goroutine
	}
	if !c.claim.CompareAndSwap(unclaimed, asking) {
		return false
	}
	if c.hold > 0 {
		w.askHeld(c)
	} else if len(c.polls) == 1 {
		p := &c.polls[0]
		w.service.Status(c.observed, p.x.id, p.last, &c.status, &c.pollErr)
	} else {
		asked := make([]string, len(c.polls)) // a copy, because a Transport or an Observer may change its slice
		for i := range c.polls {
			asked[i] = c.polls[i].x.id
		}
		c.batch, c.batchErrs, c.pollErr = w.service.StatusBatch(c.observed, asked)
	}
	c.ended = w.now()
	return true
}

// askHeld makes the held request of c. If the Transport reports that it cannot hold the request,
// askHeld makes a poll instead.
func (w *worker) askHeld(c *call) {
	p := &c.polls[0]
	w.service.Hold(c.observed, p.x.id, p.last, c.hold, &c.status, &c.pollErr)
	if !c.pollErr.Unsupported {
		return
	}
	w.mu.Lock()
	w.chooser.holding.Unsupported(w.now())
	if c.cause != nil { // a poll follows this hold, if one is still needed
		w.mu.Unlock()
		return
	}
	c.polled, c.pollErr = true, sighting.PollError{}
	c.leave()
	c.until = instant.Later(c.asked, w.PollTimeout)
	w.pool.held.insert(c)
	w.pool.armLocked()
	w.mu.Unlock()
	w.service.Status(c.observed, p.x.id, p.last, &c.status, &c.pollErr)
}

// conclude records whether the goroutine ended during the request of c, and releases the context of
// the Observer.
func (w *worker) conclude(c *call) {
	if c.inside { // the Transport ended the goroutine
		c.inside = false
		c.pollErr, c.ended = boundary.Broken(w.guard.Panicked(boundary.ErrGoexit)), w.now()
		c.cancel(context.Canceled)
		c.ctx = nil
	}
	if c.unbind != nil {
		c.unbind()
		c.unbind = nil
	}
}

// report tells the Observer that the request of c has ended.
func (w *worker) report(c *call) {
	if w.audience != nil {
		w.audience.Observe(c.observed, &observe.Event{Kind: observe.PollEnded, Time: w.steady.Time(c.ended), IDs: c.ids,
			Took: c.ended - c.asked, Err: c.pollErr.Err})
	}
	c.observed = nil
}

// settleAll passes the outcome of c to the waiters, puts the watches that continue back on the due
// line, and takes the next due watches.
func (w *worker) settleAll(c *call) (more bool) {
	w.lockSoon()
	c.stage = stageTake
	w.settler.answeredLocked(c)
	if !w.untold.isEmpty() {
		w.pool.armLocked()
		w.unlock()
		return true
	}
	return w.continueLocked(c)
}

// discard ends the worker of c, which was written off and has now returned.
func (w *worker) discard(c *call) (more bool) {
	if c.unbind != nil {
		c.unbind() // perhaps for the second time
	}
	w.mu.Lock()
	c.leave()
	w.pool.returnedLocked()
	w.pool.armLocked()
	w.mu.Unlock()
	w.workers.Done()
	return false
}
