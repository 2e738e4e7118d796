package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// share is a partition while this worker owns it. One call of WaitForFeed at a time watches its
// jobs. One goroutine reads the stream, and the goroutine of run reads the results. They share the
// ledger.
type share struct {
	*core
	register  *register
	ears      *ears
	recorder  *recorder
	w         *jobstatus.Watcher
	partition int
	clock     *serverClock
	gap       time.Time // until when an earlier owner polled the jobs, by this process's clock
	log       *zap.Logger
	heard     time.Time // since when this worker hears events of the jobs, by this process's clock

	mu      sync.Mutex
	ledger  *ledger // guarded by mu
	counted int     // how many watches of the ledger the figures include; guarded by mu
}

// countLocked updates the figures from the ledger.
func (s *share) countLocked() {
	n := s.ledger.watched()
	s.counts.pending.Add(int64(n - s.counted))
	s.counted = n
}

// run watches the jobs of the partition until ctx ends. When it returns, no poll is in flight, and
// all ends are stored or given up. An error means that the Watcher cannot continue.
func (s *share) run(ctx context.Context) error {
	s.counts.owned.Add(1)
	defer s.counts.owned.Add(-1)
	defer s.renew()
	life, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	s.heard = time.Now()
	group.Go(func() { s.ears.hear(life, s.partition) })
	for {
		again, err := s.round(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// round watches until ctx ends, until another process has ended a watch, or until the server has
// lost messages. It reports whether to begin a new round, so that the Watcher drops the watches
// that were ended, and the partition is read again.
func (s *share) round(ctx context.Context) (again bool, err error) {
	s.renew()
	life, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	feed := make(chan jobstatus.Job)
	ended := make(chan struct{}, 1)
	var group, ends sync.WaitGroup
	group.Go(func() { s.read(life, feed, ended) })
	group.Go(func() {
		select {
		case <-ended:
		case <-life.Done():
			return
		}
		// Watches that end in this time share the new round.
		if sleep(life, s.lease) {
			stop(errGivenUp)
		}
	})
	err = s.results(life, feed, &ends)
	stop(errGivenUp)
	group.Wait()
	ends.Wait()
	if err == nil {
		s.gap = time.Now()
	}
	return ctx.Err() == nil && err == nil, err
}

// renew makes a ledger without watches.
func (s *share) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger = newLedger()
	s.countLocked()
}

// read sends the jobs of the partition to the feed. It sends to ended if another process has ended
// a watch that is in progress, or if the server has lost messages.
func (s *share) read(ctx context.Context, feed chan<- jobstatus.Job, ended chan<- struct{}) {
	give := func(o opening) {
		select {
		case feed <- s.job(o):
		case <-ctx.Done():
		}
	}
	changed := func() {
		select {
		case ended <- struct{}{}:
		default:
		}
	}
	acked := s.register.acked(ctx)
	err := s.follow(ctx, following{filter: ofPartition(s.name, s.partition)}, func(m message) {
		o, begin, elsewhere := s.takeIn(ctx, m, acked)
		if begin {
			give(o)
		}
		if elsewhere {
			changed()
		}
	}, func() {
		s.mu.Lock()
		begin := s.ledger.caughtUp()
		s.countLocked()
		s.mu.Unlock()
		s.counts.resumed.Add(uint64(len(begin)))
		s.log.Info("partition is watched", zap.Int("watches taken up", len(begin)))
		for _, o := range begin {
			give(o)
		}
	})
	if errors.Is(err, errRolledBack) {
		changed()
	}
}

// takeIn handles a message of the partition. All ends up to acked are acknowledged. It reports
// whether a watch begins, and whether another process has ended a watch.
func (s *share) takeIn(ctx context.Context, m message, acked uint64) (o opening, begin, elsewhere bool) {
	if strings.HasSuffix(m.subject, endedSuffix) {
		return o, false, s.takeEnd(ctx, m, acked)
	}
	e, err := s.entryOf(ctx, m)
	if err != nil {
		s.leaveAlone(m, err)
		return o, false, false
	}
	o = opening{submission: e.submission, digest: e.place.digest, seq: m.seq, at: m.at}
	s.mu.Lock()
	before, known := s.ledger.pending[o.digest]
	begin = s.ledger.submitted(o)
	s.countLocked()
	s.mu.Unlock()
	if known && before.seq != m.seq {
		// No watch would end this submission, so a later owner would watch the job again.
		if err := s.engine.remove(ctx, jobs, before.seq); err != nil {
			s.log.Debug("an earlier submission is not removed yet", zap.String("subject", m.subject), zap.Error(err))
		}
	}
	return o, begin, false
}

// takeEnd handles an end. It reports whether the end ended a watch that is in progress. Most ends
// belong to watches that have ended here. takeEnd does not decode these.
func (s *share) takeEnd(ctx context.Context, m message, acked uint64) (elsewhere bool) {
	p, _, err := splitSubject(m.subject)
	if err != nil {
		s.leaveAlone(m, fmt.Errorf("%w: %w", errUnreadable, err))
		return false
	}
	s.mu.Lock()
	w, pending := s.ledger.pending[p.digest]
	s.mu.Unlock()
	if !pending && m.seq > acked && !bytes.Contains(m.data, []byte(`"forgotten":true`)) {
		return false
	}
	e, err := s.entryOf(ctx, m)
	of := e.ending.Of
	switch {
	case errors.Is(err, errNewer):
		of = w.seq // a newer worker has watched the job
	case err != nil:
		s.leaveAlone(m, err)
		return false
	case e.settled(acked):
		if err := s.register.clear(ctx, of, m.seq); err != nil {
			s.log.Debug("a watch that is over is not removed yet", zap.String("subject", m.subject), zap.Error(err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.countLocked()
	return s.ledger.ended(p.digest, of)
}

// leaveAlone logs a message that has no effect here, because its format is newer, because it cannot
// be read, or because the server is away.
func (s *share) leaveAlone(m message, err error) {
	if errors.Is(err, errUnreadable) {
		s.putAside(s.log, m, err)
		return
	}
	s.log.Debug("a message is left alone", zap.String("subject", m.subject), zap.Error(err))
}

// job returns the job for the Watcher.
func (s *share) job(o opening) jobstatus.Job {
	j := jobstatus.Job{
		ID: o.ID, Kind: o.Kind, Timeout: o.Timeout, Began: s.clock.local(o.at),
		// The id came from the service, so the service exists. An error that looks as if it did not exist
		// must count as transient.
		Last: jobstatus.Status{ID: o.ID, State: jobstatus.Pending},
	}
	switch {
	case s.gap.After(j.Began):
		j.PolledUntil = s.gap
	case s.heard.After(j.Began):
		// No worker heard events of the job before, so the Watcher must not rely on its Notifier yet.
		j.PolledUntil = j.Began
	}
	return j
}

// results stores the ends of the watches, until ctx ends. An error means that the Watcher cannot
// continue.
func (s *share) results(ctx context.Context, feed chan jobstatus.Job, ends *sync.WaitGroup) error {
	for st, err := range s.w.WaitForFeed(ctx, feed) {
		if st.ID == "" {
			if e := (*jobstatus.WaitError)(nil); errors.As(err, &e) {
				st.ID = e.ID
			}
		}
		switch outcomeOf(st, err) {
		case given:
		case closed:
			return jobstatus.ErrClosed
		case refused:
			return err
		case full:
			s.again(ctx, st.ID, feed, ends)
		case over:
			s.end(ctx, st, err, ends)
		}
	}
	return nil
}

// again sends a job to the feed again after a lease.
func (s *share) again(ctx context.Context, id string, feed chan<- jobstatus.Job, group *sync.WaitGroup) {
	s.log.Warn("the Watcher has no room for a job: see WithMaxWatches", zap.String("job", quoteID(id)))
	group.Go(func() {
		if !sleep(ctx, s.lease) {
			return
		}
		var last entry
		err := s.patiently(ctx, func() (err error) { last, err = s.newest(ctx, s.place(id)); return err })
		if err != nil || last.ended {
			return
		}
		select {
		case feed <- s.job(opening{submission: last.submission, seq: last.seq, at: last.at}):
		case <-ctx.Done():
		}
	})
}

// end stores the end of a watch that is still pending.
func (s *share) end(ctx context.Context, st jobstatus.Status, err error, group *sync.WaitGroup) {
	p := s.place(st.ID)
	s.mu.Lock()
	w, ok := s.ledger.take(p.digest)
	s.countLocked()
	s.mu.Unlock()
	if !ok {
		return
	}
	e := ending{Of: w.seq, Key: w.key, ID: st.ID, Kind: w.kind.Value(), Status: st, Failure: failureOf(err)}
	e.Status.ID = "" // the ending has the id
	s.recorder.record(ctx, group, p, e)
}
