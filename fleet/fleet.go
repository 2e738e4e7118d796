package fleet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// Fleet is a set of jobs that several processes watch together. Use [Open] to get one. A Fleet is
// safe for concurrent use. It has no Close, because the caller closes the connection.
type Fleet struct {
	*core
	register register
	waits    waits
	backlog  backlog
	ears     ears
	loaded   atomic.Bool // whether the states of other Learners were loaded
}

// Open returns the fleet that is stored in js. If they do not exist yet, it creates a stream for
// the jobs, a consumer for their ends, and two key-value buckets. With [Learned], it also creates a
// stream for what the Learners have learned.
//
// Open returns an error if the server has no JetStream or is older than version 2.12. It also
// returns an error if the fleet exists with other [Partitions] or [Replicas], or with another key
// of [EncryptIDs]. If options are wrong, the error joins all problems with them.
func Open(ctx context.Context, js jetstream.JetStream, opts ...Option) (*Fleet, error) {
	c, err := newConfig(opts)
	if js == nil {
		err = errors.Join(errors.New("fleet: Open: the JetStream is nil"), err)
	}
	if ctx == nil {
		err = errors.Join(errors.New("fleet: Open: the context is nil"), err)
	}
	if err != nil {
		return nil, err
	}
	n, err := openNATS(ctx, js, &c)
	if err != nil {
		return nil, err
	}
	return newFleet(c, n, int(js.Conn().MaxPayload())), nil
}

func newFleet(c config, e engine, maxPayload int) *Fleet {
	shared := &core{config: c, engine: e, maxPayload: maxPayload, log: c.logger, room: newRoom()}
	f := &Fleet{core: shared, register: register{shared}, backlog: backlog{core: shared}, ears: ears{core: shared}}
	f.waits = waits{register: &f.register}
	return f
}

// submitters is the maximum number of submissions of a call that are in flight at once.
const submitters = 256

// Submit makes the fleet watch jobs. When it returns nil, the server has stored all of them. If it
// returns an error, some of the jobs may be stored, and the error says how many are. It is safe to
// call it again. While the server cannot be reached, Submit waits until ctx ends. If the server has
// no room, the error matches [ErrFull].
//
// Submit has no effect on a job whose end nobody has acknowledged yet. A job that is watched
// already has no second watch and no second end. Its new submission replaces the old one. If
// another worker takes over its watch, the age and the timeout count from the new submission. Of
// several jobs with the same id, the last counts.
func (f *Fleet) Submit(ctx context.Context, jobs ...Job) error {
	if err := f.check(ctx); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.check(); err != nil {
			return fmt.Errorf("fleet: submit job %s: %w", quoteID(j.ID), err)
		}
	}
	jobs = lastOfEach(jobs)
	n, err := f.submitAll(ctx, jobs)
	if err != nil && len(jobs) > 1 {
		return fmt.Errorf("%w (at least %d of %d jobs are stored)", err, n, len(jobs))
	}
	return err
}

// lastOfEach returns the last of the jobs with each id.
func lastOfEach(jobs []Job) []Job {
	last := make(map[string]int, len(jobs))
	for i := range jobs {
		last[jobs[i].ID] = i
	}
	if len(last) == len(jobs) {
		return jobs
	}
	kept := make([]Job, 0, len(last))
	for i := range jobs {
		if last[jobs[i].ID] == i {
			kept = append(kept, jobs[i])
		}
	}
	return kept
}

// submitAll submits jobs, several at once, until one fails. It returns how many are stored.
func (f *Fleet) submitAll(ctx context.Context, jobs []Job) (stored int, err error) {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	var next, done atomic.Int64
	var first sync.Once
	var group sync.WaitGroup
	for range min(len(jobs), submitters) {
		group.Go(func() {
			for life.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				if failed := f.register.submit(life, jobs[i]); failed != nil {
					first.Do(func() { err = fmt.Errorf("fleet: submit job %s: %w", quoteID(jobs[i].ID), failed) })
					cancel()
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	stored = int(done.Load())
	if err == nil && stored < len(jobs) {
		err = fmt.Errorf("fleet: submit: %w", context.Cause(ctx))
	}
	return stored, err
}

// Forget ends the watch of a job, so that no end is delivered. If the job has ended and nobody has
// acknowledged the end, Forget removes the end. An end that is being handled at the time cannot be
// taken back. A worker may poll the job for about one lease longer, or until it ends if the disk of
// the server is full. If the job is not watched, Forget returns nil. While the server cannot be
// reached, Forget waits until ctx ends.
func (f *Fleet) Forget(ctx context.Context, id string) error {
	if err := f.check(ctx); err != nil {
		return err
	}
	if err := f.register.forget(ctx, id); err != nil {
		return fmt.Errorf("fleet: forget job %s: %w", quoteID(id), err)
	}
	return nil
}

// Wait waits until a job that some process has submitted ends. It returns what
// [jobstatus.Watcher.WaitForJob] would return. It does not acknowledge the end.
//
// Call Wait after Submit has returned. If the job is not submitted yet, was forgotten, or its end
// was acknowledged, the error matches [fs.ErrNotExist]. While the server cannot be reached, Wait
// waits until ctx ends.
func (f *Fleet) Wait(ctx context.Context, id string) (jobstatus.Status, error) {
	if err := f.check(ctx); err != nil {
		return jobstatus.Status{}, err
	}
	end, err := f.waits.wait(ctx, id)
	if err != nil {
		return jobstatus.Status{}, fmt.Errorf("fleet: wait for job %s: %w", quoteID(id), err)
	}
	return end.Status, end.Failure.error(end.Status)
}

// Ends yields the end of each job at least once, until ctx ends. Several processes can range over
// Ends: each end is delivered to one of them. An end that is not acknowledged within 30 seconds is
// delivered again. So do not do long work in the body of the loop. When the range ends, the ends
// that are not acknowledged are delivered again at once.
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
		r := newReceiver(ctx, f.core, &f.register)
		defer r.close()
		r.start(f.backlog.run)
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

// Relay returns a relay that passes a webhook from the process that receives it to the process that
// watches the job, in one round trip.
//
//	hook, err := webhook.New(client, verifier, webhook.WithRelay(f.Relay()))
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithNotifier(hook))
//	go f.Run(ctx, w)
//
// The message has only the job's Status, and is not stored. If the process that watches the job
// does not confirm it within two seconds, Publish returns an error. The [webhook.Handler] then
// answers 503, so that the service sends the webhook again. If a message is lost, a poll detects
// the change later: see [jobstatus.WithQuietInterval].
//
// A relay does not deliver what it publishes itself.
func (f *Fleet) Relay() webhook.Relay {
	if f == nil {
		return newRelay(nil, nil)
	}
	return newRelay(f.core, &f.ears)
}

// Stats returns the figures of this process. It sends no request, and is safe for concurrent use.
func (f *Fleet) Stats() observe.FleetStats {
	if f == nil || f.core == nil {
		return observe.FleetStats{}
	}
	c := &f.counts
	return observe.FleetStats{
		Partitions: f.partitions, Owned: int(c.owned.Load()), Pending: int(c.pending.Load()),
		Workers: int(c.workers.Load()), Disconnected: c.cut.Load(), RateLimit: math.Float64frombits(c.rate.Load()),
		Claimed: c.claimed.Load(), GaveUp: c.gaveUp.Load(), TakenOver: c.takenOver.Load(), Taken: c.taken.Load(),
		Fenced: c.fenced.Load(), Submitted: c.submitted.Load(), Ended: c.ended.Load(), Doubled: c.doubled.Load(),
		Unacked: int(c.unacked.Load()), Acked: c.acked.Load(), Backlog: int(c.backlog.Load()), Unreadable: c.unreadable.Load(),
	}
}

// check reports a Fleet or a context that cannot be used.
func (f *Fleet) check(ctx context.Context) error {
	if f == nil {
		return errNotOpened
	}
	return f.core.check(ctx)
}
