package boundary

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Service calls the Transport through a [Guard]. It is safe for concurrent use.
type Service struct {
	guard       *Guard
	transport   transport.Transport
	conditional transport.Conditional // the Transport, if it is one
	batcher     transport.Batcher     // likewise, if its MaxBatch is at least 2
	fitter      transport.Fitter      // likewise
	holder      transport.Holder      // likewise
	group       int
}

// NewService returns the Service of t.
func NewService(g *Guard, t transport.Transport) *Service {
	s := &Service{guard: g, transport: t, group: 1}
	s.conditional, _ = t.(transport.Conditional)
	s.fitter, _ = t.(transport.Fitter)
	s.holder, _ = t.(transport.Holder)
	if b, ok := t.(transport.Batcher); ok {
		if n := s.most(b); n > 1 {
			s.batcher, s.group = b, min(n, math.MaxUint16)
		}
	}
	return s
}

// most returns the MaxBatch of b, or 0 if b panics or ends its goroutine.
func (s *Service) most(b transport.Batcher) (n int) {
	if err := s.guard.Apart(func() { n = b.MaxBatch() }); err != nil {
		s.guard.Complain("transport panicked in MaxBatch", err)
	}
	return n
}

// lend returns a copy of st that a plugin may change, because other waiters share the bytes of st.
func lend(st transport.Status) transport.Status {
	st.Result = bytes.Clone(st.Result)
	return st
}

// Group returns how many jobs go into one request, or 1 if the Transport sends no batches.
func (s *Service) Group() int { return s.group }

// PollError returns the PollError of the error of a request that was made under ctx.
func (s *Service) PollError(ctx context.Context, err error) (f sighting.PollError) {
	if err == nil {
		return f
	}
	panicked := s.guard.Do(func() {
		if f = sighting.PollErrorOf(err); ctx.Err() != nil {
			f = sighting.PollErrorOf(wait.CauseOf(ctx, err))
		}
	})
	if panicked != nil {
		return Broken(panicked)
	}
	return f
}

// Status asks about one job whose newest sighting is seen. It sets st to the answer, or f if there
// was none.
func (s *Service) Status(ctx context.Context, id string, seen *sighting.Sighting, st *transport.Status, f *sighting.PollError) {
	var err error
	panicked := s.guard.Do(func() {
		if s.conditional != nil && seen.Revision() != "" {
			last := lend(seen.Status())
			last.ID = id
			*st, err = s.conditional.StatusSince(ctx, id, last)
		} else {
			*st, err = s.transport.Status(ctx, id)
		}
	})
	s.examine(ctx, id, panicked, err, st, f)
}

// examine sets f if a request about one job was not answered: it panicked, it failed with err, or
// st is the status of another job.
func (s *Service) examine(ctx context.Context, id string, panicked, err error, st *transport.Status, f *sighting.PollError) {
	if panicked == nil && err == nil && st.ID != "" && st.ID != id {
		err = &transport.Error{Class: transport.Malformed, Err: fmt.Errorf("the answer is the status of another job, %q", ids.Short(st.ID))}
	}
	switch {
	case panicked != nil:
		*f = Broken(panicked)
	case err != nil:
		*f = s.PollError(ctx, err)
	}
}

// Holds reports whether the Transport is a [transport.Holder].
func (s *Service) Holds() bool { return s.holder != nil }

// Hold is like [Service.Status], but the service keeps the request until the job changes, or for d.
// A status without a state means that there is nothing new.
func (s *Service) Hold(ctx context.Context, id string, seen *sighting.Sighting, d time.Duration, st *transport.Status, f *sighting.PollError) {
	var err error
	panicked := s.guard.Do(func() {
		last := transport.Status{}
		if seen != nil {
			last = lend(seen.Status())
		}
		last.ID, last.RetryAfter = id, 0 // if the Transport returns last, it names no wait
		*st, err = s.holder.Hold(ctx, id, last, d)
	})
	s.examine(ctx, id, panicked, err, st, f)
	if seen != nil && st.State == transport.Unknown && st.Raw == "" {
		retryAfter := st.RetryAfter
		*st = seen.Status()
		st.RetryAfter = retryAfter
	}
}

// StatusBatch asks about many jobs at once. The element errs[i] is the error of answers[i]; errs is
// nil if no answer has an error. The methods of these errors are called here. So a method that
// blocks or ends the goroutine counts as a fault of the request.
func (s *Service) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, errs []sighting.PollError, f sighting.PollError) {
	var err error
	if panicked := s.guard.Do(func() { answers, err = s.batcher.StatusBatch(ctx, ids) }); panicked != nil {
		return nil, nil, Broken(panicked)
	}
	if err != nil {
		return nil, nil, s.PollError(ctx, err)
	}
	for i := range answers {
		if answers[i].Err == nil {
			continue
		}
		if errs == nil {
			errs = make([]sighting.PollError, len(answers))
		}
		errs[i] = s.PollError(ctx, answers[i].Err)
	}
	return answers, errs, f
}

// Fit returns how many of ids, counted from the first, go into one request: at least one.
func (s *Service) Fit(ids []string) int {
	if s.fitter == nil || len(ids) < 2 {
		return len(ids)
	}
	n := len(ids)
	if err := s.guard.Do(func() { n = s.fitter.Fit(slices.Clone(ids)) }); err != nil {
		s.guard.Complain("transport panicked in Fit", err)
	}
	return min(max(n, 1), len(ids))
}
