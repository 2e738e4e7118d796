package mock

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// Option sets one thing about a service that is made by NewServer, NewTransport or NewService.
type Option func(*Service)

// WithClock sets the clock that jobs live by; the default is the real one.
func WithClock(clk clock.Clock) Option { return func(s *Service) { s.clock = clk } }

// WithETags makes the HTTP service send an ETag with each status, and answer 304 to who has it already.
func WithETags() Option { return func(s *Service) { s.etags = true } }

// WithIDs sets where the ids of created jobs come from; the default counts, so that each run of a test has the same.
func WithIDs(next func() string) Option { return func(s *Service) { s.nextID = next } }

// KeepCalls sets how many of the newest calls Calls returns at most; the default is all, which a service that runs for long can't
// hold.
func KeepCalls(n int) Option { return func(s *Service) { s.keep = max(n, 0) } }

// Job scripts the job with the given id, which exists from the start: its steps follow one another, and the last ends it or lasts
// Forever.
//
//	mock.Job("report-1", mock.Pending(30*time.Second), mock.RunningPolls(2).With(0.5, "half way"), mock.Completed(nil))
//
// A duration counts from the end of the step before it, that of the first from when the service was made. A step of n polls ends
// with its last poll.
func Job(id string, steps ...Step) Option {
	line := caller()
	return func(s *Service) {
		switch _, twice := s.jobs[id]; {
		case twice:
			s.problems = append(s.problems, fmt.Errorf("%s: job %q has two scripts", line, id))
		default:
			if err := check(steps); err != nil {
				s.problems = append(s.problems, fmt.Errorf("%s: job %q: %w", line, id, err))
			}
		}
		s.jobs[id] = &job{id: id, steps: steps}
	}
}

// Created scripts the jobs that are created at the service: script returns the steps of the nth, counted from 1. The default is a
// job that is Pending for 10 seconds and then Completed.
func Created(script func(n int) []Step) Option {
	line := caller()
	return func(s *Service) { s.script, s.scriptLine = script, line }
}

// caller returns the line that called the function that called caller.
func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", file, line)
}

// Call is one request that the service was sent.
type Call struct {
	// Time is when it came, on the service's clock.
	Time time.Time
	// ID is the job's, of a create the new one's, and empty where there is none.
	ID string
	// Method and Path are as they came, the path escaped.
	Method, Path string
	// Header is the request's.
	Header http.Header
	// Code is the status code that was answered.
	Code int
}

// Service is a service of scripted jobs. It speaks the default dialect of transport/rest as an http.Handler, and is safe for
// concurrent use.
type Service struct {
	clock      clock.Clock
	etags      bool
	nextID     func() string
	keep       int // calls, all if negative
	script     func(n int) []Step
	scriptLine string
	problems   []error

	mu      sync.Mutex
	jobs    map[string]*job
	keys    map[string]string // ids by idempotency key
	created int
	calls   []Call
}

// NewService returns a Service, or all that is wrong with its scripts.
func NewService(opts ...Option) (*Service, error) {
	s := &Service{
		clock:  clock.New(),
		keep:   -1,
		script: func(int) []Step { return []Step{Pending(10 * time.Second), Completed(nil)} },
		jobs:   map[string]*job{},
		keys:   map[string]string{},
	}
	s.nextID = func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.created) }
	for i, opt := range opts {
		if opt == nil {
			s.problems = append(s.problems, fmt.Errorf("mock: option %d is nil", i))
			continue
		}
		opt(s)
	}
	for _, j := range s.jobs {
		j.since = s.clock.Now()
	}
	return s, errors.Join(s.problems...)
}

// Polls returns how often a job was asked about.
func (s *Service) Polls(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jobs[id]; j != nil {
		return j.polls
	}
	return 0
}

// Calls returns the requests that named a job, or all if id is empty, in the order in which they came.
func (s *Service) Calls(id string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for _, c := range s.calls {
		if id == "" || c.ID == id {
			calls = append(calls, c)
		}
	}
	return calls
}

// create starts a job, or returns the one that was started under the same key.
func (s *Service) create(key string) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.keys[key]; ok && key != "" {
		return id, nil
	}
	s.created++
	steps := s.script(s.created)
	if err := check(steps); err != nil {
		return "", fmt.Errorf("%s: created job %d: %w", s.scriptLine, s.created, err)
	}
	id = s.nextID()
	s.jobs[id] = &job{id: id, steps: steps, since: s.clock.Now()}
	if key != "" {
		s.keys[key] = id
	}
	return id, nil
}

// poll returns where a job stands, and whether there is such a job.
func (s *Service) poll(id string) (Step, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil {
		return Step{}, false
	}
	return j.poll(s.clock.Now()), true
}

// cancel cancels a job, and reports whether there is such a job.
func (s *Service) cancel(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j != nil {
		j.cancel(s.clock.Now())
	}
	return j != nil
}

func (s *Service) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Time = s.clock.Now()
	s.calls = append(s.calls, c)
	if s.keep >= 0 && len(s.calls) > s.keep {
		s.calls = s.calls[len(s.calls)-s.keep:]
	}
}
