package fleet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// End says how the watch of a job ended.
type End struct {
	// Key identifies this end. If the end is delivered more than once, each delivery has the same Key.
	// A job that is submitted again after Ack gets another Key. Use the Key to recognize an end that
	// was already handled.
	Key string
	// Kind is the kind that the job was submitted with.
	Kind string
	// Status is the last status of the job. Its ID is the id of the job.
	Status jobstatus.Status
	// Err is nil if the job completed. If it failed or was canceled, it is a
	// [*jobstatus.JobError]. Otherwise the watch ended before the job, and Err is a
	// [*jobstatus.WaitError]. It matches the sentinels of package jobstatus. Its LastErr is nil,
	// because the texts of other errors are not stored.
	Err error
	// LeftOut is the size, in bytes, of a result that was too large for the server's max_payload. It
	// is zero if the result was stored. Otherwise Status.Result is nil, and the result must be
	// requested from the service.
	LeftOut int

	ack func()
}

// Ack acknowledges the end: it was handled and must not be delivered again. Ack returns at once,
// and the end is removed soon after. If removing it fails, the end is delivered again. The range
// over [Fleet.Ends] returns only when all acknowledged ends are removed or have failed.
func (e *End) Ack() {
	if e != nil && e.ack != nil {
		e.ack()
	}
}

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

// Ends yields the end of each job at least once, until ctx ends. Several processes can range over
// Ends: each end is delivered to one of them. An end that is not acknowledged within 30 seconds is
// delivered again. So do not do long work in the body of the loop.
//
// While the server cannot be reached, Ends waits. If the connection is closed, Ends yields an error
// and returns. When ctx ends, it returns without an error.
func (f *Fleet) Ends(ctx context.Context) iter.Seq2[End, error] {
	return func(yield func(End, error) bool) {
		if err := f.check(ctx); err != nil {
			if err == errNotOpened || ctx == nil {
				yield(End{}, err)
			}
			return
		}
		r := newReceiver(ctx, f)
		defer r.close()
		r.start()
		for e := range r.ends {
			if !yield(e, nil) {
				return
			}
		}
		if r.err != nil {
			yield(End{}, fmt.Errorf("fleet: ends: %w", r.err))
		}
	}
}

// receiver hands the ends of a call to its loop, and removes those that are acknowledged.
type receiver struct {
	f     *Fleet
	life  context.Context // of the call
	stop  context.CancelFunc
	ends  chan End
	acks  chan settling
	err   error          // why nothing more is received; to be read once ends is closed
	over  chan struct{}  // closed when nothing is received any more
	group sync.WaitGroup // those who receive
	acked sync.WaitGroup // those who remove

	mu      sync.Mutex
	unacked map[uint64]func(time.Duration) error // by sequence: how to give it back. Guarded by mu
	counted int                                  // how many of them the figures count. Guarded by mu
}

func newReceiver(ctx context.Context, f *Fleet) *receiver {
	r := &receiver{f: f, ends: make(chan End), acks: make(chan settling, acksAhead), over: make(chan struct{}), unacked: map[uint64]func(time.Duration) error{}}
	r.life, r.stop = context.WithCancel(ctx)
	return r
}

// start begins to receive. close ends what it starts.
func (r *receiver) start() {
	r.group.Go(func() {
		defer close(r.ends)
		r.receive()
	})
	r.group.Go(func() { r.f.askForBacklog(r.life) })
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
	r.f.counts.unacked.Add(int64(len(r.unacked) - r.counted))
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
		err := r.f.engine.receive(r.life, func(d delivery) {
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
		r.f.log.Debug("receiving ends begins anew", zap.Error(err))
		sleep(r.life, pause)
	}
}

// deliver hands an end to the loop. An end that cannot be read is put aside.
func (r *receiver) deliver(d delivery) {
	e, err := decodeEnding(d.data, r.f.key)
	switch {
	case errors.Is(err, errNewer):
		r.f.log.Debug("an end is left alone", zap.String("subject", d.subject), zap.Error(err))
		_ = d.later(retryNewer)
	case err != nil:
		r.f.counts.putAside.Add(1)
		r.f.log.Warn("an end cannot be read and is put aside", zap.String("subject", d.subject), zap.Error(err))
		_ = d.term()
	case e.Forgotten:
		r.settle(settlingOf(d, e))
	default:
		end := newEnd(e, r.f.key)
		settling := settlingOf(d, e)
		end.ack = sync.OnceFunc(func() { r.later(settling) })
		r.open(d)
		select {
		case r.ends <- end:
		case <-r.life.Done():
		}
	}
}

// newEnd returns the End that a message tells.
func newEnd(e ending, k *secret) End {
	return End{Key: keyOf(e, k), Kind: e.Kind, Status: e.Status, Err: e.Failure.error(e.Status), LeftOut: e.LeftOut}
}

// keyOf returns the key of an end: which job, and which of its submissions.
func keyOf(e ending, k *secret) string {
	d := k.place(e.ID, 1).digest
	return hex.EncodeToString(d[:]) + "-" + strconv.FormatUint(e.Of, 10)
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
	err := r.f.clear(ctx, s.submitted, s.ended)
	if err == nil {
		err = s.ack()
	}
	if err != nil {
		r.f.log.Info("an end could not be removed and comes again", zap.String("subject", s.subject), zap.Error(err))
		return
	}
	r.done(s.ended)
	if !s.forgotten {
		r.f.counts.acked.Add(1)
	}
}
