package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/zap"
)

// register is the jobs of a fleet as the stream has them. A job has a submission, then an end, and
// then neither. Both are conditional writes, so of two processes that try the same one succeeds.
// A register holds no state of its own, and is safe for concurrent use.
type register struct{ *core }

// submit has the job stored. It asks again while the server is away. The nonce lets the server see
// that it has the job already, even if that has ended and was acknowledged meanwhile.
func (r *register) submit(ctx context.Context, j Job) error {
	p := r.place(j.ID)
	m := outgoing{
		subject: p.subject(r.name, submittedSuffix),
		filter:  p.all(r.name),
		data:    encode(submission{Format: format, ID: r.key.seal(j.ID), Kind: j.Kind, Timeout: j.Timeout}),
		nonce:   nuid.Next(),
	}
	for {
		err := patiently(ctx, func() (err error) { _, err = r.engine.publish(ctx, m); return err })
		if errors.Is(err, errTaken) {
			var again bool
			err = patiently(ctx, func() (err error) { again, err = r.clearSettled(ctx, p); return err })
			if again {
				continue
			}
		}
		if err == nil {
			r.counts.submitted.Add(1)
		}
		return err
	}
}

// forget ends the watch of a job so that nobody hears of it, or takes back its end.
func (r *register) forget(ctx context.Context, id string) error {
	p := r.place(id)
	for {
		last, err := r.patient(ctx, p)
		switch {
		case errors.Is(err, errNone):
			return nil
		case errors.Is(err, errNewer) && !last.ended: // which watch that is need not be known
		case err != nil:
			return err
		case last.ended:
			return patiently(ctx, func() error { return r.clear(ctx, last.ending.Of, last.seq) })
		}
		err = patiently(ctx, func() error {
			_, err := r.engine.publish(ctx, outgoing{
				subject: p.subject(r.name, endedSuffix), filter: p.all(r.name), after: last.seq,
				data: encode(ending{Format: format, Of: last.seq, ID: r.key.seal(id), Forgotten: true}),
			})
			return err
		})
		if errors.Is(err, errTaken) {
			continue // it ended meanwhile, or it is forgotten already
		}
		if err != nil {
			return err
		}
		// The end stays until the owner has seen it, or Submit has.
		return patiently(ctx, func() error { return r.engine.remove(ctx, jobs, last.seq) })
	}
}

// waitCheck is how often Wait looks whether a job is still watched.
const waitCheck = time.Second

// errNotWatched is the error of a wait for a job that the fleet does not watch.
var errNotWatched = fmt.Errorf("the fleet does not watch it, or its end was acknowledged: %w", fs.ErrNotExist)

// wait returns the end of a job once it is stored, or errNotWatched.
func (r *register) wait(ctx context.Context, id string) (ending, error) {
	p := r.place(id)
	if last, err := r.patient(ctx, p); last.ended || err != nil && !errors.Is(err, errNewer) {
		return endOf(last, err)
	}
	found := make(chan message, 1)
	life, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() {
		r.follow(life, following{filter: p.subject(r.name, endedSuffix)}, func(m message) {
			select {
			case found <- m:
			default:
			}
		}, func() {})
	})
	check := time.NewTicker(waitCheck)
	defer check.Stop()
	for {
		var last entry
		var err error
		select {
		case m := <-found:
			last, err = r.entryOf(ctx, m)
		case <-check.C:
			last, err = r.newest(ctx, p)
		case <-ctx.Done():
			return ending{}, context.Cause(ctx)
		}
		if errors.Is(err, errNone) && len(found) > 0 {
			continue // its end was acknowledged meanwhile
		}
		if errors.Is(err, errNone) || last.ended && (err == nil || errors.Is(err, errNewer)) {
			return endOf(last, err)
		}
	}
}

// endOf returns the end that the newest message about a job tells.
func endOf(last entry, err error) (ending, error) {
	if errors.Is(err, errNone) || err == nil && last.ending.Forgotten {
		err = errNotWatched
	}
	return last.ending, err
}

// patient returns what newest does. It waits for the server as patiently does.
func (r *register) patient(ctx context.Context, p place) (e entry, err error) {
	err = patiently(ctx, func() (err error) { e, err = r.newest(ctx, p); return err })
	return e, err
}

// clearSettled removes the messages of a job if nobody is to hear of its end any more, and reports
// whether that is so. Otherwise the job is watched, or its end waits.
func (r *register) clearSettled(ctx context.Context, p place) (settled bool, err error) {
	last, err := r.newest(ctx, p)
	switch {
	case errors.Is(err, errNone):
		return true, nil // it is gone meanwhile
	case errors.Is(err, errNewer):
		return false, nil // a newer worker sees to it
	case err != nil || !last.ended:
		return false, err
	case !last.settled(r.acked(ctx)):
		return false, nil
	}
	return true, r.clear(ctx, last.ending.Of, last.seq)
}

// clear removes the messages of a watch that has ended. The submission goes first: an end without
// one does no harm, but a submission without an end would be watched again.
func (r *register) clear(ctx context.Context, submitted, ended uint64) error {
	if err := r.engine.remove(ctx, jobs, submitted); err != nil {
		return err
	}
	return r.engine.remove(ctx, jobs, ended)
}

// acked returns up to which sequence all ends are acknowledged, or 0 if that is not known.
//
// An end that is stored up to there was removed, and came back when the server was killed: the
// server can lose the marks of what was removed from the beginning of a block. Nobody will be given
// it again, so whoever finds it removes it.
func (r *register) acked(ctx context.Context) uint64 {
	_, acked, err := r.engine.backlog(ctx)
	if err != nil {
		r.log.Debug("up to where ends are acknowledged is not known", zap.Error(err))
	}
	return acked
}
