package timeline

import (
	"context"
	"iter"
	"runtime"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/transport"
)

// A source feeds a [Call] with the ids of a sequence. It pulls them on a goroutine of its own, as a
// sequence may be quiet or endless, and neither may hold up the call.
//
// The goroutine goes on to the next id only while its call is parked. So ids are taken no faster
// than results are, and memory is proportional to the number of pending jobs. It ends when the
// sequence returns. [Call.Leave] makes it end at its next id.
//
// To a test clock the goroutine is one caller more: it may sleep on that clock, or wait for a job.
type source struct {
	call  *Call
	ctx   context.Context // the call's
	began time.Duration
	went  chan struct{} // one token, which lets a held goroutine go on

	// What follows is guarded by Timeline.mu.
	held     bool // between two ids, until the call parks
	stopped  bool // no further id is wanted
	ended    bool // the sequence returned, panicked or ended its goroutine
	goexit   bool // it ended its goroutine
	panicked any  // what it panicked with
	told     bool // that ids may be left was told
	left     bool // nobody hears of a panic any more
}

// Feed makes c wait for the jobs of a sequence, until Leave. Their Results come from Next.
func (c *Call) Feed(ctx context.Context, ids iter.Seq[string]) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &source{call: c, ctx: ctx, began: t.now(), went: make(chan struct{}, 1)}
	c.source = s
	if ctx.Err() != nil || t.closed {
		s.stopped = true
		return
	}
	t.offers[c] = struct{}{} // so that Close wakes the call though no job is pending
	t.track.Unpark()         // one caller more, until the goroutine ends
	go s.pull(ids)
}

// pull is the source's goroutine.
func (s *source) pull(ids iter.Seq[string]) {
	returned := false
	defer func() { s.end(returned, recover()) }()
	for id := range ids {
		s.call.Join(s.ctx, id)
		if !s.hold() {
			break
		}
	}
	returned = true
}

// hold blocks until the call is parked, and reports whether a further id is wanted.
func (s *source) hold() (more bool) {
	t := s.call.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.stopped && !s.call.parked {
		s.held = true
		t.track.Park()
		t.mu.Unlock()
		<-s.went
		t.mu.Lock()
	}
	return !s.stopped
}

// end notes how the sequence ended. Without a call that could panic with v in its place, v is logged.
func (s *source) end(returned bool, v any) {
	t := s.call.t
	t.mu.Lock()
	s.ended, s.panicked, s.goexit = true, v, !returned && v == nil
	delete(t.offers, s.call)
	s.call.wakeUp()
	left := s.left
	t.mu.Unlock()
	t.track.Park() // after the call was woken
	if left && v != nil {
		t.Logger.Error("a sequence of ids panicked after its wait had ended", zap.Any("value", v),
			zap.ByteString("stack", debug.Stack()))
	}
}

// releaseLocked lets the goroutine go on.
func (s *source) releaseLocked() {
	if s != nil && s.held {
		s.held = false
		s.call.t.track.Unpark()
		s.went <- struct{}{}
	}
}

// stopLocked makes the goroutine take no further id. It reports whether the sequence stood between
// two ids, and so has only to return.
func (s *source) stopLocked() (between bool) {
	between = s.held
	s.stopped = true
	s.releaseLocked()
	return between
}

// raise does to the caller's goroutine what the sequence did to its own.
func (s *source) raise() {
	switch {
	case s.panicked != nil:
		v := s.panicked
		s.panicked = nil
		panic(v)
	case s.goexit:
		s.goexit = false
		runtime.Goexit()
	}
}

// Next blocks until there is a Result of a Call that is fed, and reports false when none will come.
// If the context ended or the Timeline was closed before the sequence did, the last Result is about
// no job: it says that ids may be left.
//
// If the sequence panicked or ended its goroutine, Next does the same to the caller's.
func (c *Call) Next(ctx context.Context) (r Result, ok bool) {
	t, s := c.t, c.source
	t.mu.Lock()
	defer t.unlock()
	for {
		s.raise()
		if s.told {
			return r, false
		}
		if r, ok := c.take(); ok {
			return r, true
		}
		switch {
		case ctx.Err() != nil:
			s.stopLocked()
			if c.giveUpLocked(ctx); len(c.left) == 0 {
				return s.cutLocked(context.Cause(ctx), ctx.Err())
			}
		case len(c.members) > 0:
			c.park(ctx, nil, transport.Status{})
		case t.closed:
			s.stopLocked()
			return s.cutLocked(ErrClosed, nil)
		case s.ended:
			return r, false
		default:
			c.park(ctx, nil, transport.Status{})
		}
	}
}

// cutLocked returns the Result that says, once, that ids may be left because of why.
func (s *source) cutLocked(why, ended error) (r Result, ok bool) {
	if s.ended {
		return r, false
	}
	s.told = true
	return Result{End: GaveUp, Err: why, Context: ended, Elapsed: s.call.t.now() - s.began}, true
}

// leaveLocked stops the source of a call that ends. A sequence that stands between two ids is
// waited for, as long as the context lasts: it may hold what its caller needs next.
func (s *source) leaveLocked() {
	if s == nil {
		return
	}
	t := s.call.t
	if s.stopLocked() {
		for !s.ended && !t.closed && s.ctx.Err() == nil {
			s.call.park(s.ctx, nil, transport.Status{})
		}
	}
	s.left = true
	delete(t.offers, s.call)
	s.raise()
}
