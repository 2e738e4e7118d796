package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/zap"
)

// register reads and writes the jobs of a fleet in the stream. The stream has first the submission
// of a job, then also its end, and later neither. Both are conditional writes, so if two processes
// try the same write, only one succeeds. A register has no state of its own, and is safe for
// concurrent use.
type register struct{ *core }

// submit stores a job. It tries again while the server is away. The nonce shows the server that it
// has stored the job already, even if the job has since ended and was acknowledged. A server that
// was killed may have forgotten that. Then it stores the job again, and the end comes again under
// its Key.
//
// A job that is watched gets a new submission in place of the old one, because the old one may have
// ended: it can come back when the server is killed. Then no worker may watch it, and its end would
// have a Key that was already handled.
func (r *register) submit(ctx context.Context, j Job) error {
	p := r.place(j.ID)
	s := submission{Format: format, ID: r.key.seal(j.ID), Kind: j.Kind, Timeout: j.Timeout, Key: rand.Uint64()}
	m := outgoing{subject: p.subject(r.name, submittedSuffix), filter: p.all(r.name), data: encode(s)}
	if err := r.admit(ctx, int64(len(m.data)+messageOverhead)); err != nil {
		return err
	}
	for again := true; again; {
		m.nonce, again = nuid.Next(), false
		err := r.patiently(ctx, func() (err error) { _, err = r.engine.publish(ctx, m); return err })
		if errors.Is(err, errTaken) {
			err = r.patiently(ctx, func() (err error) { m.after, again, err = r.makeWay(ctx, p, s.Key); return err })
		} else if err == nil && m.after > 0 {
			r.removeReplaced(ctx, m.after)
		}
		if errors.Is(err, ErrFull) {
			r.room.assume(err, time.Now()) // what is removed now makes room for heartbeats and ends first
		}
		if err != nil {
			return err
		}
	}
	r.counts.submitted.Add(1)
	return nil
}

// removeReplaced removes a submission that a newer one has replaced. If that fails, the next worker
// that claims the partition removes it.
func (r *register) removeReplaced(ctx context.Context, seq uint64) {
	if err := r.engine.remove(ctx, jobs, seq); err != nil {
		r.log.Debug("an earlier submission is not removed yet", zap.Uint64("sequence", seq), zap.Error(err))
	}
}

// admit takes room for a submission of size bytes. The error matches ErrFull if there is none. If
// the server cannot be asked, admit returns nil, and the submission waits for the server.
func (r *register) admit(ctx context.Context, size int64) error {
	if known, err := r.room.take(size, time.Now()); known {
		return err
	}
	select {
	case r.room.asking <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-r.room.asking }()
	if known, err := r.room.take(size, time.Now()); known {
		return err // another submission has asked meanwhile
	}
	uses, err := r.engine.storage(ctx)
	if err != nil {
		r.log.Debug("how much room the server has is not known", zap.Error(err))
		r.room.assume(nil, time.Now())
		return nil
	}
	return r.room.learn(uses, size, time.Now())
}

// forget ends the watch of a job so that no end is delivered, or removes its end.
func (r *register) forget(ctx context.Context, id string) error {
	p := r.place(id)
	for {
		last, err := r.patient(ctx, p)
		switch {
		case errors.Is(err, errNone):
			return nil
		case errors.Is(err, errNewer) && !last.ended: // the end needs only the sequence of the newer submission
		case err != nil:
			return err
		case last.ended:
			return r.patiently(ctx, func() error { return r.clear(ctx, last.ending.Of, last.seq) })
		}
		err = r.patiently(ctx, func() error {
			_, err := r.engine.publish(ctx, outgoing{
				subject: p.subject(r.name, endedSuffix), filter: p.all(r.name), after: last.seq,
				data: encode(ending{Format: format, Of: last.seq, ID: r.key.seal(id), Forgotten: true}),
			})
			return err
		})
		if errors.Is(err, errTaken) {
			continue // the job has ended since, or is forgotten already
		}
		if errors.Is(err, errRefused) {
			// The disk may be full, so there is room only for removals. The owner learns nothing of
			// this one, and polls on, but it cannot store an end.
			if err := r.patiently(ctx, func() error { return r.engine.remove(ctx, jobs, last.seq) }); err != nil {
				return err
			}
			continue // an end may have been stored before
		}
		if err != nil {
			return err
		}
		// The end stays until the owner of the partition or Submit has seen it.
		return r.patiently(ctx, func() error { return r.engine.remove(ctx, jobs, last.seq) })
	}
}

// patient is like newest, but waits for the server as [patiently] does.
func (r *register) patient(ctx context.Context, p place) (e entry, err error) {
	err = r.patiently(ctx, func() (err error) { e, err = r.newest(ctx, p); return err })
	return e, err
}

// makeWay finds out why the submission with the given Key was not stored. It reports whether to
// submit again, and after which message. It removes an end that must not be delivered any more.
// Nothing must be submitted if the submission is stored already, if another end waits for its
// acknowledgment, or if only a newer worker can read the message. The error is errRemoving while
// this process removes that end.
func (r *register) makeWay(ctx context.Context, p place, key uint64) (after uint64, again bool, err error) {
	last, err := r.newest(ctx, p)
	switch {
	case errors.Is(err, errNone):
		return 0, true, nil // another process has removed it
	case errors.Is(err, errNewer):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case !last.ended:
		return last.seq, last.submission.Key != key, nil
	case r.removals.has(last.seq):
		return 0, false, errRemoving
	case !last.settled(r.acked(ctx)):
		// It may have been removed since it was read.
		if now, err := r.newest(ctx, p); errors.Is(err, errNone) || err == nil && now.seq != last.seq {
			return 0, false, errRemoving
		}
		return 0, false, nil
	}
	return 0, true, r.clear(ctx, last.ending.Of, last.seq)
}

// clear removes the messages of a watch that has ended. It removes the submission first: an end
// without a submission does no harm, but a submission without an end would be watched again.
func (r *register) clear(ctx context.Context, submitted, ended uint64) error {
	if err := r.engine.remove(ctx, jobs, submitted); err != nil {
		return err
	}
	return r.engine.remove(ctx, jobs, ended)
}

// acked returns the sequence up to which all ends are acknowledged, or 0 if that is unknown.
//
// A stored end up to that sequence was removed, and came back when the server was killed: the
// server can lose the marks of messages that were removed from the beginning of a block. Such an
// end is never delivered again, so the process that finds it removes it.
func (r *register) acked(ctx context.Context) uint64 {
	_, acked, err := r.engine.backlog(ctx)
	if err != nil {
		r.log.Debug("up to where ends are acknowledged is not known", zap.Error(err))
	}
	return acked
}
