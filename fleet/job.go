package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nuid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Job is a job for the fleet to watch.
type Job struct {
	// ID is the job's id. It is stored in plain text, unless [EncryptIDs] is given.
	ID string
	// Kind is the job's kind: see [jobstatus.Kind].
	Kind string
	// Timeout limits the watch, counted from Submit on the server's clock: see [jobstatus.Timeout].
	// Zero means the timeout of the worker's Watcher. [jobstatus.Unlimited] removes the limit.
	Timeout time.Duration
}

func (j Job) check() error {
	switch {
	case transport.CheckID(j.ID) != nil:
		return transport.CheckID(j.ID)
	case !utf8.ValidString(j.Kind):
		return errors.New("the kind is not UTF-8")
	case j.Timeout < 0 && j.Timeout != jobstatus.Unlimited:
		return fmt.Errorf("the timeout is %v", j.Timeout)
	}
	return nil
}

// submitters is how many submissions are on their way to the server at once.
const submitters = 256

// Submit makes the fleet watch jobs. When it returns nil, the server has stored all of them. If it
// returns an error, some of the jobs may be stored. It is safe to call it again. Submit has no
// effect on a job that is watched already, or whose end nobody has acknowledged yet. While the
// server cannot be reached, Submit waits until ctx ends.
func (f *Fleet) Submit(ctx context.Context, jobs ...Job) error {
	if err := f.check(ctx); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.check(); err != nil {
			return fmt.Errorf("fleet: submit job %s: %w", quoteID(j.ID), err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(len(jobs), submitters) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				if err := f.submit(ctx, jobs[i]); err != nil {
					cancel(fmt.Errorf("fleet: submit job %s: %w", quoteID(jobs[i].ID), err))
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// submit has the job stored. It asks again while the server is away. The nonce lets the server see
// that it has the job already, even if that has ended and was acknowledged meanwhile.
func (f *Fleet) submit(ctx context.Context, j Job) error {
	p := f.key.place(j.ID, f.partitions)
	m := outgoing{
		subject: p.subject(f.name, submittedSuffix),
		filter:  p.all(f.name),
		data:    encode(submission{Format: format, ID: f.key.seal(j.ID), Kind: j.Kind, Timeout: j.Timeout}),
		nonce:   nuid.Next(),
	}
	for {
		err := patiently(ctx, func() (err error) { _, err = f.engine.publish(ctx, m); return err })
		if errors.Is(err, errTaken) {
			var again bool
			err = patiently(ctx, func() (err error) { again, err = f.clearSettled(ctx, p); return err })
			if again {
				continue
			}
		}
		if err == nil {
			f.counts.submitted.Add(1)
		}
		return err
	}
}

// patiently asks the server for something. It asks again while the server is away, or while a
// cluster has no leader, until ctx ends.
func patiently(ctx context.Context, ask func() error) error {
	for pause := time.Duration(0); ; {
		err := ask()
		switch {
		case err == nil, errors.Is(err, errTaken), errors.Is(err, errNone), errors.Is(err, errRefused), errors.Is(err, errLost):
			return err
		}
		if pause = nextPause(pause); !sleep(ctx, pause) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// newest returns the newest message about a job, or errNone. It waits for the server as patiently
// does.
func (f *Fleet) newest(ctx context.Context, p place) (m message, err error) {
	err = patiently(ctx, func() (err error) { m, err = f.engine.last(ctx, p.all(f.name)); return err })
	return m, err
}

// clearSettled removes the messages of a job if nobody is to hear of its end any more, and reports
// whether that is so. Otherwise the job is watched, or its end waits.
func (f *Fleet) clearSettled(ctx context.Context, p place) (settled bool, err error) {
	last, err := f.engine.last(ctx, p.all(f.name))
	if errors.Is(err, errNone) {
		return true, nil // it is gone meanwhile
	}
	if err != nil || !isEnd(last) {
		return false, err
	}
	of, ok := settledBy(last, f.acked(ctx), f.key)
	if !ok {
		return false, nil
	}
	return true, f.clear(ctx, of, last.seq)
}

// settledBy returns the submission of an end that nobody is to hear of any more: the watch was
// forgotten, or the end was acknowledged. It is asked for each end that is replayed, and most of
// them are not decoded.
func settledBy(m message, acked uint64, k *secret) (of uint64, ok bool) {
	if m.seq > acked && !bytes.Contains(m.data, []byte(`"forgotten":true`)) {
		return 0, false
	}
	e, err := decodeEnding(m.data, k)
	return e.Of, err == nil && (e.Forgotten || m.seq <= acked)
}

// Forget ends the watch of a job, so that no end is delivered. If the job has ended and nobody has
// acknowledged the end, Forget removes the end. An end that is being handled at the time cannot be
// taken back. A worker may poll the job for about one lease longer. If the job is not watched,
// Forget returns nil. While the server cannot be reached, Forget waits until ctx ends.
func (f *Fleet) Forget(ctx context.Context, id string) error {
	if err := f.check(ctx); err != nil {
		return err
	}
	if err := f.forget(ctx, id); err != nil {
		return fmt.Errorf("fleet: forget job %s: %w", quoteID(id), err)
	}
	return nil
}

func (f *Fleet) forget(ctx context.Context, id string) error {
	p := f.key.place(id, f.partitions)
	for {
		last, err := f.newest(ctx, p)
		if errors.Is(err, errNone) {
			return nil
		}
		if err != nil {
			return err
		}
		if isEnd(last) {
			e, err := decodeEnding(last.data, f.key)
			if err != nil {
				return err
			}
			return patiently(ctx, func() error { return f.clear(ctx, e.Of, last.seq) })
		}
		err = patiently(ctx, func() error {
			_, err := f.engine.publish(ctx, outgoing{
				subject: p.subject(f.name, endedSuffix), filter: p.all(f.name), after: last.seq,
				data: encode(ending{Format: format, Of: last.seq, ID: f.key.seal(id), Forgotten: true}),
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
		return patiently(ctx, func() error { return f.engine.remove(ctx, jobs, last.seq) })
	}
}

// clear removes the messages of a watch that has ended. The submission goes first: an end without
// one does no harm, but a submission without an end would be watched again.
func (f *Fleet) clear(ctx context.Context, submitted, ended uint64) error {
	if err := f.engine.remove(ctx, jobs, submitted); err != nil {
		return err
	}
	return f.engine.remove(ctx, jobs, ended)
}

// waitCheck is how often Wait looks whether a job is still watched.
const waitCheck = time.Second

// errNotWatched is the error of a wait for a job that the fleet does not watch.
var errNotWatched = fmt.Errorf("the fleet does not watch it, or its end was acknowledged: %w", fs.ErrNotExist)

// Wait waits until a job ends that some process has submitted. It returns what
// [jobstatus.Watcher.WaitForJob] would return. It does not acknowledge the end.
//
// If the job is not watched, or its end was acknowledged already, the error matches
// [fs.ErrNotExist]. While the server cannot be reached, Wait waits until ctx ends.
func (f *Fleet) Wait(ctx context.Context, id string) (jobstatus.Status, error) {
	if err := f.check(ctx); err != nil {
		return jobstatus.Status{}, err
	}
	end, err := f.wait(ctx, id)
	if err != nil {
		return jobstatus.Status{}, fmt.Errorf("fleet: wait for job %s: %w", quoteID(id), err)
	}
	return end.Status, end.Failure.error(end.Status)
}

func (f *Fleet) wait(ctx context.Context, id string) (ending, error) {
	p := f.key.place(id, f.partitions)
	if last, err := f.newest(ctx, p); err != nil || isEnd(last) {
		return f.endOf(last, err)
	}
	found := make(chan message, 1)
	life, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() {
		f.follow(life, following{filter: p.subject(f.name, endedSuffix)}, func(m message) {
			select {
			case found <- m:
			default:
			}
		}, func() {})
	})
	check := time.NewTicker(waitCheck)
	defer check.Stop()
	for {
		select {
		case m := <-found:
			return f.endOf(m, nil)
		case <-ctx.Done():
			return ending{}, context.Cause(ctx)
		case <-check.C:
			last, err := f.engine.last(ctx, p.all(f.name))
			if errors.Is(err, errNone) || err == nil && isEnd(last) {
				return f.endOf(last, err)
			}
		}
	}
}

func isEnd(m message) bool {
	_, suffix, err := splitSubject(m.subject)
	return err == nil && suffix == endedSuffix
}

// endOf returns the end that a message tells.
func (f *Fleet) endOf(m message, err error) (ending, error) {
	if err == nil {
		var e ending
		if e, err = decodeEnding(m.data, f.key); err == nil && !e.Forgotten {
			return e, nil
		}
	}
	if err == nil || errors.Is(err, errNone) {
		err = errNotWatched
	}
	return ending{}, err
}
