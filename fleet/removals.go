package fleet

import (
	"errors"
	"sync"
)

// errRemoving is the error of a submission while this process removes the last end of the job.
var errRemoving = errors.New("its last end is being removed")

// removals are the ends that the calls of Ends in this process are removing, because they were
// acknowledged. It is safe for concurrent use.
type removals struct {
	mu   sync.Mutex
	ends map[uint64]int // how many calls remove an end, by its sequence; guarded by mu
}

func (r *removals) begin(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends == nil {
		r.ends = map[uint64]int{}
	}
	r.ends[seq]++
}

// over records that a call has removed an end, or could not.
func (r *removals) over(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends[seq]--; r.ends[seq] <= 0 {
		delete(r.ends, seq)
	}
}

func (r *removals) has(seq uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ends[seq] > 0
}
