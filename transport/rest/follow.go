package rest

import (
	"fmt"
	"sync"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxFollowed is the maximum number of jobs whose next id is remembered, and maxFollowedBytes the
	// maximum size of their ids. If there are more, a job that has ended is forgotten, or else any
	// job. Later polls of a forgotten job use its first id again.
	maxFollowed      = 1 << 17
	maxFollowedBytes = 32 << 20
	// maxEnded is how many of these jobs are remembered after their end, for a Fetch or a late wait.
	// The ones that ended last are remembered.
	maxEnded = 1 << 12
)

// followed remembers the present ids of jobs. A service may soon forget the first id, as Jenkins
// forgets the item of a queue, so that the next id cannot be requested again. The zero followed
// remembers nothing. It is safe for concurrent use.
type followed struct {
	on    bool // the dialect has Next; does not change
	mu    sync.Mutex
	jobs  map[string]step
	first map[step]string // the first id of the job at each step that has not ended
	bytes int             // the size of all ids
	ended []string        // the first ids of jobs that have ended, oldest first
}

// step is the stage and the id that a job has now.
type step struct {
	stage int
	id    string
	ended bool
}

// where returns the step of the job with the given first id.
func (f *followed) where(id string) step {
	if !f.on {
		return step{id: id}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.jobs[id]; ok {
		return s
	}
	return step{id: id}
}

// whose returns the first id of the job that is at a stage under an id. If there are several such
// jobs, it is the one that came there last.
func (f *followed) whose(stage int, id string) (first string, ok bool) {
	if !f.on {
		return "", false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	first, ok = f.first[step{stage: stage, id: id}]
	return first, ok
}

// move records the next step of a job.
func (f *followed) move(id string, to step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs, f.first = map[string]step{}, map[step]string{}
	}
	f.forgetLocked(id)
	f.jobs[id], f.first[to] = to, id
	f.bytes += len(id) + len(to.id)
	f.trimLocked(id)
}

// end records that a job has ended.
func (f *followed) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.jobs[id]
	if !ok || s.ended {
		return
	}
	s.ended = true
	f.jobs[id] = s
	f.ended = append(f.ended, id)
	if len(f.ended) > maxEnded {
		f.dropLocked()
	}
}

// trimLocked forgets jobs other than id until the limits are met.
func (f *followed) trimLocked(id string) {
	for len(f.jobs) > maxFollowed || f.bytes > maxFollowedBytes && len(f.jobs) > 1 {
		if len(f.ended) > 0 {
			f.dropLocked()
			continue
		}
		for other := range f.jobs {
			if other != id {
				f.forgetLocked(other)
				break
			}
		}
	}
}

// dropLocked forgets the job that ended first.
func (f *followed) dropLocked() {
	id := f.ended[0]
	f.ended[0] = ""
	f.ended = f.ended[1:]
	if f.jobs[id].ended { // the job may have begun again
		f.forgetLocked(id)
	}
}

func (f *followed) forgetLocked(id string) {
	if s, ok := f.jobs[id]; ok {
		delete(f.jobs, id)
		if s.ended = false; f.first[s] == id {
			delete(f.first, s)
		}
		f.bytes -= len(id) + len(s.id)
	}
}

// follow records the next id in an answer about a job. The argument of is the first id of the job,
// and at is its present step.
func (k *call) follow(f *followed, of string, at step, id string) error {
	stage := min(at.stage+1, len(k.stages)-1)
	if t := k.stages[stage].status; t.IsWhole() {
		ref, err := t.Reference(id, k.wire.Answered())
		if err != nil {
			return k.wire.Fail(transport.Misdirected, err)
		}
		id = ref
	}
	if err := transport.CheckID(id); err != nil {
		return k.wire.Fail(transport.Malformed, fmt.Errorf("the next id: %w", err))
	}
	f.move(of, step{stage: stage, id: id})
	return nil
}
