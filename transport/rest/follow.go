package rest

import (
	"fmt"
	"sync"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxFollowed bounds the jobs whose next id is remembered, and maxFollowedBytes their ids. Beyond
	// either, one that has ended is forgotten, or else any. A forgotten job is asked about under its
	// first id again.
	maxFollowed      = 1 << 17
	maxFollowedBytes = 32 << 20
	// maxEnded is how many of these jobs are remembered after their end, for a Fetch or a late
	// waiter. The newest are.
	maxEnded = 1 << 12
)

// followed remembers under which id a job goes on. A service may forget the first id soon, as
// Jenkins does the item of a queue, so that the next id can't be asked for again. Its zero value
// remembers nothing. It is safe for concurrent use.
type followed struct {
	on    bool // the dialect follows any job; does not change
	mu    sync.Mutex
	jobs  map[string]step
	first map[step]string // the id in jobs of what has come to a step that has not ended
	bytes int             // of all ids
	ended []string        // those of jobs that have ended, the oldest first
}

// step is where a job has come to.
type step struct {
	stage int
	id    string
	ended bool
}

// where returns the stage and the id under which a job is asked about.
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

// whose returns the first id of the job that has come to a stage and an id. If several jobs have,
// it is the one that came last.
func (f *followed) whose(stage int, id string) (first string, ok bool) {
	if !f.on {
		return "", false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	first, ok = f.first[step{stage: stage, id: id}]
	return first, ok
}

// move says that a job goes on elsewhere.
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

// end says that a job has ended.
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

// trimLocked forgets jobs other than id until the bounds hold.
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
	if f.jobs[id].ended { // it may be under way again
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

// follow notes that the answer gave the job of an id, which has come to a step, its next id.
func (k *call) follow(f *followed, of string, at step, id string) error {
	stage := min(at.stage+1, len(k.stages)-1)
	if t := k.stages[stage].status; t.IsWhole() {
		ref, err := t.Reference(id, &k.wire.Request.URL)
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
