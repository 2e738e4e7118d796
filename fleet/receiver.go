package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// ackers is how many ends are removed at once, and acksAhead how many more can wait for it without
// holding up the loop. They are removed long before the server would deliver them again.
const (
	ackers    = 64
	acksAhead = 8 << 10
)

// ackTimeout limits the removal of an end, for which two requests are made.
const ackTimeout = 10 * time.Second

// retryNewer is when an end of a newer format is offered again, to a newer consumer perhaps.
const retryNewer = 5 * time.Second

// receiver hands the ends of a call to its loop, and removes those that are acknowledged.
type receiver struct {
	*core
	register *register
	life     context.Context // of the call
	stop     context.CancelFunc
	ends     chan End
	acks     chan settling
	err      error          // why nothing more is received; to be read once ends is closed
	over     chan struct{}  // closed when nothing is received any more
	group    sync.WaitGroup // those who receive
	acked    sync.WaitGroup // those who remove

	mu      sync.Mutex
	unacked map[uint64]func(time.Duration) error // by sequence: how to give it back. Guarded by mu
	counted int                                  // how many of them the figures count. Guarded by mu
}

func newReceiver(ctx context.Context, c *core, reg *register) *receiver {
	r := &receiver{
		core: c, register: reg, ends: make(chan End), acks: make(chan settling, acksAhead), over: make(chan struct{}),
		unacked: map[uint64]func(time.Duration) error{},
	}
	r.life, r.stop = context.WithCancel(ctx)
	return r
}

// start begins to receive, and runs count meanwhile. close ends what it starts.
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

// close returns when nothing is received any more, and all that was acknowledged is removed. What
// was not goes back, so that it comes again at once.
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
}

// countLocked brings the figures up to what is with the loop.
func (r *receiver) countLocked() {
	r.counts.unacked.Add(int64(len(r.unacked) - r.counted))
	r.counted = len(r.unacked)
}

// open notes an end that is with the loop.
func (r *receiver) open(d delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unacked[d.seq] = d.later
	r.countLocked()
}

// done notes that an end is with the loop no more.
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
		r.log.Debug("receiving ends begins anew", zap.Error(err))
		sleep(r.life, pause)
	}
}

// deliver hands an end to the loop. An end that cannot be read is put aside.
func (r *receiver) deliver(d delivery) {
	read, err := r.entryOf(r.life, d.message)
	e := read.ending
	switch {
	case errors.Is(err, errUnreadable):
		r.putAside(r.log, d.message, err)
		_ = d.term()
	case err != nil: // it is newer, or the server is away
		r.log.Debug("an end is left alone", zap.String("subject", d.subject), zap.Error(err))
		_ = d.later(retryNewer)
	case e.Forgotten:
		r.settle(settlingOf(d, e))
	default:
		end := newEnd(e, r.key)
		settling := settlingOf(d, e)
		end.ack = sync.OnceFunc(func() { r.later(settling) })
		r.open(d)
		select {
		case r.ends <- end:
		case <-r.life.Done():
		}
	}
}

// settling is an end that is to be removed. It holds no data, because many can wait.
type settling struct {
	subject   string
	submitted uint64
	ended     uint64
	forgotten bool
	ack       func() error
}

func settlingOf(d delivery, e ending) settling {
	return settling{subject: d.subject, submitted: e.Of, ended: d.seq, forgotten: e.Forgotten, ack: d.ack}
}

// later has an end removed by one of the goroutines for it. After the loop it has no effect, and
// the end comes again.
func (r *receiver) later(s settling) {
	select {
	case r.acks <- s:
	case <-r.over:
	}
}

// settle removes an end, and then tells the consumer so. It goes on when the call has ended. If the
// consumer does not hear of it, nothing is lost: a message that is gone is not delivered again.
func (r *receiver) settle(s settling) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.life), ackTimeout)
	defer cancel()
	err := r.register.clear(ctx, s.submitted, s.ended)
	if err == nil {
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
