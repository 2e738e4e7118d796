package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// chaosService is a Transport with a random latency. A job's number decides when and how it ends.
type chaosService struct {
	*dice
	began      time.Time
	misbehaves bool // it also fails, panics, and leaves jobs out of batches
}

// state returns the present state of a job. One in seven jobs never ends.
func (s *chaosService) state(id string) jobstatus.State {
	n, age := number(id), time.Since(s.began)
	switch {
	case age > time.Duration(n%60)*time.Second && n%7 != 0:
		return []jobstatus.State{jobstatus.Completed, jobstatus.Failed, jobstatus.Canceled}[n%3]
	case n%5 == 0 && age > time.Duration(n%20)*time.Second && age <= time.Duration(n%60)*time.Second:
		return jobstatus.Blocked
	default:
		return jobstatus.Running
	}
}

// status returns the present state of a job, sometimes with another field.
func (s *chaosService) status(id string) jobstatus.Status {
	st := jobstatus.Status{ID: id, State: s.state(id), Raw: "raw"}
	switch s.below(12) {
	case 0:
		st.Progress = math.NaN()
	case 1:
		st.Message = fmt.Sprint(s.below(5))
	case 2:
		st.RetryAfter = s.within(3 * time.Second)
	case 3:
		st.Progress = float64(s.below(10)) / 10
	case 4:
		st.Revision = fmt.Sprint(s.below(3))
	case 5:
		st.Updated = time.Now().Add(-s.within(10 * time.Second))
	}
	return st
}

// wait takes up to d, or until ctx ends. One request in ten ignores its context.
func (s *chaosService) wait(ctx context.Context, d time.Duration) error {
	switch s.below(20) {
	case 0:
		time.Sleep(s.within(time.Minute))
		return nil
	case 1:
		time.Sleep(d)
		return nil
	case 2, 3, 4:
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		if s.oneIn(2) {
			return ctx.Err()
		}
		return context.Cause(ctx)
	}
}

// fault fails in a random way, if the service misbehaves.
func (s *chaosService) fault() error {
	if !s.misbehaves {
		return nil
	}
	switch s.below(60) {
	case 0:
		return errors.New("refused")
	case 1:
		return &transport.Error{Class: transport.Throttled, RetryAfter: s.within(5 * time.Second), Err: errors.New("too many")}
	case 2:
		return &transport.Error{Class: transport.NotFound, Err: transport.ErrNotFound}
	case 3:
		panic("a request panics")
	case 4:
		runtime.Goexit()
	case 5:
		return errorFunc(func() string { panic("an error panics") })
	}
	return nil
}

// request waits, and then fails or not.
func (s *chaosService) request(ctx context.Context, d time.Duration) error {
	if err := s.wait(ctx, d); err != nil {
		return err
	}
	return s.fault()
}

func (s *chaosService) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	if err := s.request(ctx, s.within(500*time.Millisecond)); err != nil {
		return jobstatus.Status{}, err
	}
	return s.status(id), nil
}

// chaosHolder holds requests. Some it refuses, and some end early without news.
type chaosHolder struct{ *chaosService }

func (h chaosHolder) Hold(ctx context.Context, id string, last jobstatus.Status, d time.Duration) (jobstatus.Status, error) {
	switch h.below(10) {
	case 0:
		return jobstatus.Status{}, errors.ErrUnsupported
	case 1:
		return jobstatus.Status{}, nil
	}
	if err := h.fault(); err != nil {
		return jobstatus.Status{}, err
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := h.wait(ctx, time.Second); err != nil {
			return jobstatus.Status{}, err
		}
		if st := h.status(id); st.State != last.State {
			return st, nil
		}
	}
	return jobstatus.Status{}, nil
}

// chaosBatcher answers about several jobs at once. If it misbehaves, it leaves some out.
type chaosBatcher struct{ *chaosService }

func (b chaosBatcher) MaxBatch() int { return 8 }

func (b chaosBatcher) Fit(ids []string) int { return len(ids) - b.below(3) }

func (b chaosBatcher) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	if err := b.request(ctx, b.within(500*time.Millisecond)); err != nil {
		return nil, err
	}
	for _, id := range ids {
		answer := transport.Answer{Status: b.status(id)}
		switch {
		case b.misbehaves && b.oneIn(20):
			continue
		case b.misbehaves && b.oneIn(40):
			answer.Err = errors.New("not this one")
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// chaosHoldingBatcher is both.
type chaosHoldingBatcher struct {
	chaosBatcher
	holder chaosHolder
}

func (b chaosHoldingBatcher) Hold(ctx context.Context, id string, last jobstatus.Status, d time.Duration) (jobstatus.Status, error) {
	return b.holder.Hold(ctx, id, last, d)
}

// chaosNotifier reports random jobs, some of them late. If the service misbehaves, the connection
// is lost now and then, and a Notifier that is not trusted reports wrong states.
type chaosNotifier struct {
	*chaosService
	trusted bool
}

func (n chaosNotifier) Trusted() bool { return n.trusted }

func (n chaosNotifier) Notify(ctx context.Context, notify func(jobstatus.Status)) error {
	var late sync.WaitGroup
	defer late.Wait()
	notify(jobstatus.Status{})
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(n.within(400 * time.Millisecond)):
		}
		st := n.status(n.job())
		if n.misbehaves && !n.trusted && n.oneIn(4) {
			st.State = jobstatus.State(n.below(256))
		}
		if n.oneIn(5) {
			late.Go(func() {
				time.Sleep(n.within(2 * time.Second))
				notify(st)
			})
		} else {
			notify(st)
		}
		if n.misbehaves && n.oneIn(100) {
			return n.lose()
		}
	}
	return ctx.Err()
}

// lose ends a call of Notify in one of three ways.
func (n chaosNotifier) lose() error {
	switch n.below(4) {
	case 0:
		panic("a Notifier panics")
	case 1:
		runtime.Goexit()
	}
	return errors.New("the connection is lost")
}
