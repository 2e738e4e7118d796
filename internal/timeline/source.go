package timeline

import (
	"context"
	"iter"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// maxRefused is how many ids are taken after the end of a call and given up at once, while its
// sequence yields without delay. Without this limit, a call with an endless sequence would never
// end.
const maxRefused = 1000

// A source feeds a [Consumer] with the ids of a sequence. It takes them on a goroutine of its own,
// because a sequence may be slow or endless, and must not delay the call.
//
// The source and the call take turns. While the call yields results, the source is paused between
// two ids. While the source computes the next id, the call is parked. If that takes long, the
// source counts as quiet, and the call continues without it. What the engine does with an id may
// take longer, because on a busy machine the goroutine may have to wait for the lock or a
// processor.
//
// So ids are taken no faster than results, and memory is proportional to the number of pending
// jobs. A sequence that is not quiet may share variables with the body of the caller's loop.
//
// The goroutine ends when the sequence returns. [Consumer.Leave] makes it stop at its next id. A
// test clock counts the goroutine as one more caller, because it may sleep on that clock or wait
// for a job.
type source struct {
	*core
	consumer *Consumer
	ctx      context.Context // the context of the call
	began    time.Duration
	went     chan struct{} // has room for one token, which lets a paused goroutine continue
	computes atomic.Bool   // the sequence computes its next id

	// What follows is guarded by core.mu.
	step     int         // grows with each id that is taken
	checks   int         // how many checks since then did not find it quiet
	refused  int         // how many of them were given up at once
	paused   bool        // between two ids, until the call parks
	quiet    bool        // the sequence takes long to yield the next id
	unlisten func() bool // stops the check whether the source is quiet; nil if there is no check
	stopped  bool        // no further id is wanted
	ended    bool        // the sequence returned, panicked or ended its goroutine
	accident accident
	told     bool // the result that says that ids may be left was returned
	left     bool // the call has returned, so that it cannot panic
}

// An accident is how a sequence ended its goroutine without returning.
type accident struct {
	goexit   bool  // it ended its goroutine
	panicked any   // what it panicked with
	broken   error // a plugin ended its goroutine, so that no further jobs can be taken
}

// Feed makes c wait for the jobs of a sequence, until Leave. [Consumer.Next] returns their Results.
func (c *Consumer) Feed(ctx context.Context, jobs iter.Seq[*Job]) {
	k := c.core
	k.mu.Lock()
	defer k.mu.Unlock()
	c.source = &source{core: k, consumer: c, ctx: ctx, began: k.now(), went: make(chan struct{}, 1)}
	c.finisher.offers[c] = struct{}{} // so that Close wakes c even if no job is pending
	k.track.Unpark()                  // one more caller, until the goroutine ends
	go c.source.pull(jobs)
}

// pull is the function of the source's goroutine.
func (s *source) pull(jobs iter.Seq[*Job]) {
	returned := false
	var joins *Job
	defer func() { s.end(returned, joins, recover()) }()
	s.computes.Store(true)
	for job := range jobs {
		s.computes.Store(false)
		joins = job
		s.consumer.joinJob(s.ctx, job)
		joins = nil
		if !s.pause() {
			break
		}
		s.computes.Store(true)
	}
	s.computes.Store(false)
	returned = true
}

// tookLocked notes that an id was taken, so that the sequence is no longer quiet. It is called
// before the job can have a Result: if the caller's loop ends after that Result, the call waits for
// the sequence.
func (s *source) tookLocked() {
	s.step++
	s.checks, s.quiet = 0, false
}

// pause blocks while the call has results to yield, and reports whether another id is wanted.
func (s *source) pause() (more bool) {
	c := s.consumer
	over := wait.EndOf(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.endLocked(over)
	s.tookLocked() // also if no wait began
	if !s.stopped && (!c.parked || s.hasNewsLocked()) {
		s.paused = true
		c.wakeUpLocked()
		s.track.Park() // after the call was woken
		s.mu.Unlock()
		<-s.went
		s.mu.Lock()
	}
	return !s.stopped
}

// end records how the sequence ended, or that a plugin ended its goroutine while the job joins, if
// not nil, joined. If the call is over and cannot panic with v, end logs v.
func (s *source) end(returned bool, joins *Job, v any) {
	s.mu.Lock()
	s.ended, s.accident = true, accident{panicked: v, goexit: !returned && v == nil}
	if s.accident.goexit && joins != nil {
		err := s.guard.Panicked(boundary.ErrGoexit)
		s.accident = accident{broken: err}
		s.consumer.inbox.put(&Result{Status: transport.Status{ID: joins.ID}, End: Broken, Err: err})
	}
	delete(s.consumer.finisher.offers, s.consumer)
	s.unlistenLocked()
	s.consumer.wakeUpLocked()
	left := s.left
	s.mu.Unlock()
	s.track.Park() // after the call was woken
	if left && v != nil {
		stack := debug.Stack()
		s.guard.Log(zap.ErrorLevel, "a sequence of ids panicked after its wait had ended", func() []zap.Field {
			return []zap.Field{zap.Any("value", v), zap.ByteString("stack", stack)}
		})
	}
}

// releaseLocked lets the goroutine continue.
func (s *source) releaseLocked() {
	if s != nil && s.paused {
		s.paused = false
		s.track.Unpark()
		s.went <- struct{}{}
	}
}

// stopLocked makes the goroutine take no further id. It reports whether the sequence was paused
// between two ids, so that it will return soon.
func (s *source) stopLocked() (between bool) {
	between = s.paused
	s.stopped = true
	s.releaseLocked()
	return between
}

// maxChecks is how often the source is checked while the engine is busy with one of its ids. Then
// the source counts as quiet, because a plugin probably blocks.
const maxChecks = 10

// listenLocked wakes the call once the source is quiet.
//
// On a test clock the check takes no time, and is made only when the call has results to yield. On
// any other clock the check takes a while, and begins in advance.
func (s *source) listenLocked() {
	c := s.consumer
	if s.unlisten != nil || wait.IsTracked(s.Clock) && !s.hasNewsLocked() {
		return
	}
	step := s.step
	s.unlisten = wait.AfterIdle(s.Clock, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unlisten = nil
		switch {
		case s.paused || s.ended:
		case s.step == step && (s.computes.Load() || s.checks >= maxChecks):
			s.quiet = true
			c.wakeUpLocked()
		case c.parked:
			s.checks++
			s.listenLocked()
		}
	})
}

func (s *source) unlistenLocked() {
	if s.unlisten != nil {
		s.unlisten()
		s.unlisten = nil
	}
}

// raise panics or ends the caller's goroutine if the sequence did so to its own.
func (s *source) raise() {
	a := s.accident
	s.accident = accident{broken: a.broken}
	switch {
	case a.panicked != nil:
		panic(a.panicked)
	case a.goexit:
		runtime.Goexit()
	}
}

// hasNewsLocked reports whether the call has results to yield, or is over.
func (s *source) hasNewsLocked() bool { return s.consumer.inbox.hasFinal() || s.isOverLocked() }

// isOverLocked reports whether the call is over, even if jobs are pending.
func (s *source) isOverLocked() bool {
	return s.closed || s.consumer.isOverLocked()
}

// Next blocks until there is a Result of a Consumer that has a source. It reports false if no more
// Results will come. If the context ended or the Timeline was closed before the sequence ended, the
// last Result is about no job. It says that ids may be left.
//
// If the sequence panicked or ended its goroutine, Next does the same on the caller's goroutine.
func (c *Consumer) Next(ctx context.Context) (r *Result, ok bool) {
	r = c.source.next(ctx).owned()
	return r, r != nil
}

// next is like Next, but its Result shares bytes with other waiters. It returns nil if no more
// Results will come.
func (s *source) next(ctx context.Context) *Result {
	c := s.consumer
	over := wait.EndOf(ctx)
	s.mu.Lock()
	defer s.unlockAside()
	c.endLocked(over)
	for {
		s.raise()
		if s.told {
			return nil
		}
		if c.isOverLocked() {
			c.giveUpLocked()
			if !s.untold.isEmpty() { // the plugins are not told while c is parked
				s.unlockAside()
				s.mu.Lock()
			}
		}
		if s.paused || s.quiet || s.ended {
			if r := c.inbox.take(); r != nil {
				return r
			}
			switch {
			case s.ended && c.members.Len() == 0 && s.accident.broken != nil:
				return s.cutLocked()
			case s.ended && c.members.Len() == 0:
				return nil
			case s.isOverLocked() && (s.quiet || s.refused >= maxRefused):
				return s.cutLocked()
			}
		}
		s.parkLocked(ctx)
	}
}

// parkLocked parks the call until there may be a Result, and lets the source continue meanwhile.
// After the end of ctx, only the source wakes the call.
func (s *source) parkLocked(ctx context.Context) {
	s.releaseLocked()
	if !s.quiet && !s.ended {
		s.listenLocked()
	}
	if s.consumer.isOverLocked() {
		ctx = context.Background()
	}
	s.consumer.parkLocked(ctx, nil, nil)
}

// cutLocked stops a source that has not ended, and returns the Result that says so.
func (s *source) cutLocked() *Result {
	s.stopLocked()
	s.told = true
	r := &Result{End: GaveUp, Err: ErrClosed, Elapsed: s.now() - s.began}
	switch over := s.consumer.over; {
	case s.accident.broken != nil:
		r.Err = s.accident.broken
	case over.Err != nil:
		r.Err, r.Context = over.Cause, over.Err
	}
	return r
}

// leaveLocked stops the source of a call that ends. If the sequence is between two ids, leaveLocked
// waits for it to return, or for the end of the context. The sequence may hold something that its
// caller needs next.
func (s *source) leaveLocked() {
	if s == nil {
		return
	}
	if s.stopLocked() {
		for !s.ended && !s.isOverLocked() {
			s.consumer.parkLocked(s.ctx, nil, nil)
		}
	}
	s.left = true
	s.unlistenLocked()
	delete(s.consumer.finisher.offers, s.consumer)
	s.raise()
}
