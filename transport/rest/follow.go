package rest

import (
	"fmt"
	"sync"

	"github.com/iamber12/job-status-monitoring/transport"
)

// maxFollowed bounds the jobs whose next id is remembered. Of more, one is forgotten and asked
// about under its first id again.
const maxFollowed = 1 << 17

// followed remembers under which id a job goes on. It is safe for concurrent use.
type followed struct {
	mu   sync.Mutex
	jobs map[string]step
}

// step is where a job has come to.
type step struct {
	stage int
	id    string
}

// where returns the stage and the id under which a job is asked about.
func (f *followed) where(id string) step {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.jobs[id]; ok {
		return s
	}
	return step{0, id}
}

// move says that a job goes on elsewhere.
func (f *followed) move(id string, to step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = map[string]step{}
	}
	if _, known := f.jobs[id]; !known && len(f.jobs) >= maxFollowed {
		for other := range f.jobs {
			delete(f.jobs, other)
			break
		}
	}
	f.jobs[id] = to
}

// follow notes that the answer gave the job its next id.
func (k *call) follow(f *followed, at step) error {
	stage := min(at.stage+1, len(k.stages)-1)
	id := k.answer.reading.next
	if t := k.stages[stage].status; t.whole != "" {
		ref, err := t.reference(id, &k.wire.Request.URL)
		if err != nil {
			return k.wire.Fail(transport.Misdirected, err)
		}
		id = ref
	}
	if err := transport.CheckID(id); err != nil {
		return k.wire.Fail(transport.Malformed, fmt.Errorf("the next id: %w", err))
	}
	f.move(k.answer.id, step{stage, id})
	return nil
}
