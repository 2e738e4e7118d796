package rpc

import (
	"sync"
	"time"
)

const (
	// minPause and maxPause bound how long no subscription is tried after a refusal. The pause doubles
	// with each refusal.
	minPause = time.Minute
	maxPause = time.Hour
	// maxInRow is how many refusals in a row mean that a service refuses all jobs.
	maxInRow = 3
	// maxRefused bounds the number of jobs whose refusal is remembered.
	maxRefused = 1024
)

// refusals knows for which jobs a service refuses to open a stream, and for how long it is not
// asked again. A refusal is about one job, until several in a row mean that it is about all. The
// zero refusals are empty. They are safe for concurrent use.
type refusals struct {
	mu    sync.Mutex
	jobs  map[string]pause
	all   pause
	inRow int
}

// pause is a time without a trial.
type pause struct {
	until  time.Time
	length time.Duration
}

// next returns the pause after another refusal.
func (p pause) next(now time.Time) pause {
	length := min(max(2*p.length, minPause), maxPause)
	return pause{now.Add(length), length}
}

// has reports whether the service is not to be asked for the stream of a job.
func (r *refusals) has(id string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.all.until) || now.Before(r.jobs[id].until)
}

// refused notes that the service refused a stream.
func (r *refusals) refused(id string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inRow++; r.inRow >= maxInRow && !now.Before(r.all.until) {
		r.all = r.all.next(now)
	}
	if r.jobs == nil || len(r.jobs) >= maxRefused {
		r.jobs = map[string]pause{id: r.jobs[id]}
	}
	r.jobs[id] = r.jobs[id].next(now)
}

// opened notes that the service opened a stream.
func (r *refusals) opened(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.jobs, id)
	r.inRow, r.all = 0, pause{}
}
