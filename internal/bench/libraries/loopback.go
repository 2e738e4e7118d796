package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// loopbackConfig says who waits for how many jobs of a service.
type loopbackConfig struct {
	Library string
	URL     string
	Jobs    int
	Every   time.Duration
}

// waited is what it took to bring jobs to their end.
type waited struct {
	CPU    time.Duration // of all jobs
	Errors int           // waits that ended with one
	Error  string        // the first
}

// loopback is the part of a child that waits for jobs over real connections.
func loopback(parent child.Parent) error {
	var c loopbackConfig
	if err := parent.Read(&c); err != nil {
		return err
	}
	l, err := find(c.Library)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var w waited
	began := cpuTime()
	err = l.run(context.Background(), service{url: c.URL, every: c.Every}, numbered(c.Jobs), func(err error) {
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if w.Errors++; w.Errors == 1 {
			w.Error = err.Error()
		}
	})
	w.CPU = cpuTime() - began
	return errors.Join(err, parent.Write(w))
}

// end is how one library brings jobs to their end.
type end struct {
	served
	waited
}

// bring has a library wait for the jobs of a new service.
func bring(name string, jobs serveConfig, every time.Duration) (e end, err error) {
	var url string
	service, err := child.Start("serve", jobs, &url)
	if err != nil {
		return e, err
	}
	err = child.Run("loopback", loopbackConfig{name, url, jobs.Jobs, every}, &e.waited)
	return e, errors.Join(err, service.End(&e.served))
}
