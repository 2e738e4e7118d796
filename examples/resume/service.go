package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/mock"
)

// newJobs returns the options of a service whose jobs take half a second to three seconds. The
// first job never ends. The jobs are the same in each run.
func newJobs(m *meter) []mock.Option {
	random, named := rand.New(rand.NewPCG(1, 2)), 0
	return []mock.Option{
		mock.KeepCalls(0), mock.OnCall(m.note),
		mock.WithIDs(func() string { named++; return fmt.Sprintf("render-%03d", named) }),
		mock.CreatedBy(func(c mock.Creation) []mock.Step {
			if c.N == 1 {
				return []mock.Step{mock.Running(mock.Forever)}
			}
			takes := time.Second/2 + time.Duration(random.Float64()*float64(2500*time.Millisecond))
			return []mock.Step{mock.Running(takes), mock.Completed(nil)}
		}),
	}
}

// serve serves these jobs on a free port of this machine, until stop is called.
func serve(m *meter) (url string, stop func(), err error) {
	service, err := mock.NewService(newJobs(m)...)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { // ends with stop
		defer close(done)
		_ = server.Serve(listener)
	}()
	return "http://" + listener.Addr().String(), func() { _ = server.Close(); <-done }, nil
}

// meter counts polls.
type meter struct {
	mu    sync.Mutex
	polls []time.Time
}

// note records the time of a poll.
func (m *meter) note(c mock.Call) {
	if c.Method == http.MethodGet {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.polls = append(m.polls, c.Time)
	}
}

// busiest returns the most polls in any second from one moment to another.
func (m *meter) busiest(from, to time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.SortFunc(m.polls, time.Time.Compare)
	most, first := 0, 0
	for i, at := range m.polls {
		if at.Before(from) || !at.Before(to) {
			first = i + 1
			continue
		}
		for at.Sub(m.polls[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
