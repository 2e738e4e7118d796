package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// ackers is how many ends are removed at once. acksAhead is how many more can wait for their
// removal without blocking the loop over Ends. All are removed long before the server would
// deliver them again.
const (
	ackers    = 64
	acksAhead = 8 << 10
)

// ackTimeout limits the removal of an end, which takes two requests.
const ackTimeout = 10 * time.Second

// firstRetry is the time after which an end of a newer format is delivered again, perhaps to a
// newer process. The time doubles with each delivery, up to lastRetry. The server delivers such
// ends before others. So if thousands of them came every few seconds, a slow process would receive
// no other ends.
const (
	firstRetry = 5 * time.Second
	lastRetry  = 80 * time.Second
)

// retryAfter returns the wait until the next delivery of an end, after the given number of them.
func retryAfter(deliveries uint64) time.Duration {
	return min(firstRetry<<min(max(deliveries, 1)-1, 4), lastRetry)
}

// receiver passes the ends of a call of Ends to its loop, and removes the acknowledged ones.
type receiver struct {
	*core
	register *register
	life     context.Context // the context of the call
	stop     context.CancelFunc
	ends     chan End
	acks     chan settling
	err      error          // why receiving has ended; may be read after ends is closed
	over     chan struct{}  // closed when receiving has ended
	group    sync.WaitGroup // the goroutines that receive
	acked    sync.WaitGroup // the goroutines that remove

	mu      sync.Mutex
	unacked map[uint64]func(time.Duration) error // by sequence, the function that gives the end back; guarded by mu
	counted int                                  // how many of them the figures include; guarded by mu
	leaving map[uint64]bool                      // acknowledged and not removed yet; guarded by mu; nil after close
}

func newReceiver(ctx context.Context, c *core, reg *register) *receiver {
	r := &receiver{
		core: c, register: reg, ends: make(chan End), acks: make(chan settling, acksAhead), over: make(chan struct{}),
		unacked: map[uint64]func(time.Duration) error{}, leaving: map[uint64]bool{},
	}
	r.life, r.stop = context.WithCancel(ctx)
	return r
}

// start begins to receive, and calls count on its own goroutine. close ends all that it starts.
func (r *receiver) start(count func(ctx context.Context)) {
	r.group.Go(func() {
		defer close(r.ends)
		r.receive()
	})
	r.group.Go(func() { count(r.life) })
	for range ackers {
		r.acked.Go(r.acknowledge)
	}
}

// close ends the receiving, and returns when all acknowledged ends are removed. It gives the other
// ends back, so that they are delivered again at once.
func (r *receiver) close() {
	r.stop()
	r.group.Wait()
	close(r.over)
	r.acked.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, later := range r.unacked {
		_ = later(0)
	}
	clear(r.unacked)
	r.countLocked()
	for seq := range r.leaving {
		r.removals.over(seq)
	}
	r.leaving = nil
}

// countLocked updates the figures with the number of ends that the loop has.
func (r *receiver) countLocked() {
	r.counts.unacked.Add(int64(len(r.unacked) - r.counted))
	r.counted = len(r.unacked)
}

// open records that the loop has an end.
func (r *receiver) open(d delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unacked[d.seq] = d.later
	r.countLocked()
}

// done records that the loop no longer has an end.
func (r *receiver) done(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.unacked, seq)
	r.countLocked()
}

// acknowledge removes ends, until the call is over and all of them are removed.
func (r *receiver) acknowledge() {
	for {
		select {
		case s := <-r.acks:
			r.settle(s)
			continue
		default:
		}
		select {
		case s := <-r.acks:
			r.settle(s)
		case <-r.over:
			return
		}
	}
}

func (r *receiver) receive() {
	for pause := time.Duration(0); r.life.Err() == nil; {
		err := r.engine.receive(r.life, func(d delivery) {
			pause = 0
			r.deliver(d)
		})
		if r.life.Err() != nil {
			return
		}
		if errors.Is(err, errLost) {
			r.err = err
			return
		}
		pause = nextPause(pause)
		r.complain(pause, err)
		r.log.Debug("receiving ends begins anew", zap.Error(err))
		sleep(r.life, pause)
	}
}

// deliver passes an end to the loop. An end that cannot be read is logged and left in the stream.
func (r *receiver) deliver(d delivery) {
	read, err := r.entryOf(r.life, d.message)
	e := read.ending
	switch {
	case errors.Is(err, errUnreadable):
		r.putAside(r.log, d.message, err)
		_ = d.term()
	case err != nil: // it is newer, or the server is away
		r.log.Debug("an end is left alone", zap.String("subject", d.subject), zap.Error(err))
		_ = d.later(retryAfter(d.deliveries))
	case e.Forgotten:
		r.settle(settlingOf(d, e))
	default:
		end := newEnd(e, r.key)
		settling := settlingOf(d, e)
		end.ack = sync.OnceFunc(func() { r.later(settling) })
		r.open(d)
		select {
		case r.ends <- end:
			d.handed()
		case <-r.life.Done():
		}
	}
}

// settling is an end that must be removed. It has no data of the end, because many can wait.
type settling struct {
	subject   string
	submitted uint64
	ended     uint64
	at        time.Time // when the end was stored
	forgotten bool
	ack       func() error
	stale     func() bool
}

func settlingOf(d delivery, e ending) settling {
	return settling{subject: d.subject, submitted: e.Of, ended: d.seq, at: d.at, forgotten: e.Forgotten, ack: d.ack, stale: d.stale}
}

// later passes an end to a goroutine that removes it. After the loop it has no effect, and the end
// is delivered again.
func (r *receiver) later(s settling) {
	r.leaves(s.ended)
	select {
	case r.acks <- s:
	case <-r.over:
	}
}

// leaves records that an end will be removed, so that a submission of its job waits for that.
func (r *receiver) leaves(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaving != nil && !r.leaving[seq] {
		r.leaving[seq] = true
		r.removals.begin(seq)
	}
}

// left records that an end was removed, or could not be.
func (r *receiver) left(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leaving[seq] {
		delete(r.leaving, seq)
		r.removals.over(seq)
	}
}

// settle removes an end, and then acknowledges it. It continues when the call has ended. If the
// acknowledgment is lost, there is no harm, because a removed message is not delivered again.
func (r *receiver) settle(s settling) {
	defer r.left(s.ended)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.life), ackTimeout)
	defer cancel()
	kept, err := r.kept(ctx, s)
	if kept {
		err = r.register.clear(ctx, s.submitted, s.ended)
	}
	if kept && err == nil {
		err = s.ack()
	}
	if err != nil {
		r.log.Info("an end could not be removed and comes again", zap.String("subject", s.subject), zap.Error(err))
		return
	}
	r.done(s.ended)
	if !s.forgotten {
		r.counts.acked.Add(1)
	}
}

// kept reports whether the server still has an end. Otherwise neither its sequence nor its delivery
// may be used any more: both can now be those of another end.
func (r *receiver) kept(ctx context.Context, s settling) (bool, error) {
	if !s.stale() {
		return true, nil
	}
	m, err := r.engine.last(ctx, s.subject)
	if errors.Is(err, errNone) {
		return false, nil
	}
	return err == nil && m.seq == s.ended && m.at.Equal(s.at), err
}
