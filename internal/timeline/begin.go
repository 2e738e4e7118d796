package timeline

import "github.com/iamber12/job-status-monitoring/backoff"

// A beginning is a watch that a Backoff that is a Follower was told of before its Next, while the
// watch is not yet added. Callers that join the same job at the same time share the beginning, so
// that the Follower hears of one watch.
type beginning struct {
	joins int  // the number of joins in progress that may add the watch
	added bool // by one of them
}

// beginnings has the beginnings of watches that are not yet added, by the ids of their jobs.
type beginnings struct {
	*core
	board *board
	of    map[string]*beginning // guarded by core.mu
}

// tellAndWatch makes c wait for job. If the Backoff is a Follower, it is told of each watch that
// begins, and has one Outcome for each. If the watch of the job ends before c can wait for it,
// tellAndWatch reports that it must be called again.
func (j *joiner) tellAndWatch(c *Consumer, job *entry) (again bool, err error) {
	if !j.schedule.Follows() {
		return j.watch(c, job, nil)
	}
	b, first := j.beginnings.enter(job.id)
	defer j.beginnings.leave(job, b)
	if first {
		j.schedule.Follow(job.id, job.kind, 0)
	}
	return j.watch(c, job, b)
}

// enter returns the beginning of the watch of the job with the given id, or nil if there is a watch
// already. It reports whether the beginning is new.
func (bs *beginnings) enter(id string) (b *beginning, first bool) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if x, _ := bs.board.watches.Get(id); x != nil {
		return nil, false
	}
	if b = bs.of[id]; b == nil {
		b, first = &beginning{}, true
		bs.of[id] = b
	}
	b.joins++
	return b, first
}

// addedLocked notes that the watch of b was added. The next watch of the job has another beginning.
func (bs *beginnings) addedLocked(id string, b *beginning) {
	if b != nil {
		b.added = true
		delete(bs.of, id)
	}
}

// leave ends a join that enter began. If none of the joins that share b has added the watch, the
// Follower is told that the watch has ended.
func (bs *beginnings) leave(job *entry, b *beginning) {
	if b == nil {
		return
	}
	bs.mu.Lock()
	defer bs.unlockAside()
	if b.joins--; b.joins == 0 && !b.added {
		delete(bs.of, job.id)
		bs.outcomes = append(bs.outcomes, backoff.Outcome{Key: job.id, Kind: job.kind})
	}
}
