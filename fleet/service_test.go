package fleet

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// service is a service whose jobs take some time, and that notes who polls what.
type service struct {
	mu    sync.Mutex
	began time.Time
	takes func(id string) time.Duration
	polls map[string][]poll
	done  map[string]bool // jobs that were finished

	result []byte // of each job; it never changes
}

// poll is a poll of a job by an owner.
type poll struct {
	owner string
	at    time.Time
	sent  time.Time // by the worker's process; zero if it is in the test's
}

func newService(takes time.Duration) *service {
	return &service{began: time.Now(), polls: map[string][]poll{}, done: map[string]bool{}, takes: func(string) time.Duration { return takes },
		result: []byte(`{"url":"x"}`)}
}

// as returns the service as an owner reaches it.
func (s *service) as(owner string) transport.Transport { return client{service: s, owner: owner} }

type client struct {
	*service
	owner string
	sent  time.Time
}

func (c client) Status(_ context.Context, id string) (transport.Status, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls[id] = append(c.polls[id], poll{c.owner, time.Now(), c.sent})
	if c.done[id] || time.Since(c.began) >= c.takes(id) {
		return transport.Status{ID: id, State: transport.Completed, Result: c.result}, nil
	}
	return transport.Status{ID: id, State: transport.Running}, nil
}

// finish ends a job now.
func (s *service) finish(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[id] = true
}

// restart has the jobs begin now.
func (s *service) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = time.Now()
}

// of returns the polls of a job.
func (s *service) of(id string) []poll {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]poll(nil), s.polls[id]...)
}

// all returns all polls.
func (s *service) all() []poll {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []poll
	for _, p := range s.polls {
		all = append(all, p...)
	}
	return all
}

// watcher returns a Watcher of the service that polls each job once a second, and is closed by the
// test's end.
func (s *service) watcher(t *testing.T, owner string, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	w, err := jobstatus.New(s.as(owner), append([]jobstatus.Option{jobstatus.WithBackoff(backoff.Constant(time.Second)),
		jobstatus.WithTimeout(1000 * time.Hour)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// together returns how often an owner polled a job before and after another one, within a time.
func (s *service) together(id string, within time.Duration) int {
	polls, n := s.of(id), 0
	for i := 2; i < len(polls); i++ {
		for j := i - 2; j >= 0; j-- {
			if polls[j].owner == polls[i].owner && polls[j+1].owner != polls[i].owner && polls[i].at.Sub(polls[j].at) < within {
				n++
				break
			}
		}
	}
	return n
}
