package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// board holds what is known about the workers and the jobs.
type board struct {
	began time.Time

	mu      sync.Mutex // guards all below
	workers []member
	jobs    map[string]*course
	keys    map[string]map[string]bool // of the ends, by job
	failed  int                        // ends with an error
	polls   int
}

// member is a worker process.
type member struct {
	name   string
	pid    int
	killed bool
}

// course says which workers polled a job.
type course struct {
	owner    string
	before   map[string]time.Time // when each owner polled last
	changes  int
	together bool
	ended    bool
}

func newBoard() *board {
	return &board{began: time.Now(), jobs: map[string]*course{}, keys: map[string]map[string]bool{}}
}

func (b *board) joined(name string, pid int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.workers = append(b.workers, member{name: name, pid: pid})
}

func (b *board) killed(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.workers {
		if b.workers[i].name == name {
			b.workers[i].killed = true
			fmt.Printf("%5.1fs  %s (process %d) is killed with SIGKILL\n", time.Since(b.began).Seconds(), name, b.workers[i].pid)
		}
	}
}

// polled records a poll. Two workers poll a job together if a worker polls it twice within a lease,
// and another worker polls it in between.
func (b *board) polled(id, owner string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.jobs[id]
	if c == nil {
		c = &course{owner: owner, before: map[string]time.Time{}}
		b.jobs[id] = c
	}
	now := time.Now()
	if last, ok := c.before[owner]; ok && c.owner != owner && now.Sub(last) < lease {
		c.together = true
	}
	if c.owner != owner {
		c.changes++
	}
	c.owner, c.before[owner] = owner, now
	b.polls++
}

func (b *board) ended(id, key string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys[id] == nil {
		b.keys[id] = map[string]bool{}
	}
	b.keys[id][key] = true
	if err != nil {
		b.failed++
	}
	if c := b.jobs[id]; c != nil {
		c.ended = true
	}
}

func (b *board) ends() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.keys)
}

// line returns how many jobs each worker polls, as one line.
func (b *board) line(submitted int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	pending := map[string]int{}
	for _, c := range b.jobs {
		if !c.ended {
			pending[c.owner]++
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%5.1fs  ended %4d of %d ", time.Since(b.began).Seconds(), len(b.keys), submitted)
	for _, w := range b.workers {
		name := w.name
		if w.killed {
			name += " (killed)"
		}
		fmt.Fprintf(&text, "  %s %-20s", name, strings.Repeat("#", (pending[w.name]*20+submitted-1)/submitted)+fmt.Sprintf(" %d", pending[w.name]))
	}
	return strings.TrimRight(text.String(), " ")
}

// verdict prints the counts. It returns an error if a job did not end exactly once or was polled by
// two workers.
func (b *board) verdict(ids []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	once, moved, together := 0, 0, 0
	for _, id := range ids {
		if len(b.keys[id]) == 1 {
			once++
		}
		if c := b.jobs[id]; c != nil {
			moved += min(c.changes, 1)
			if c.together {
				together++
			}
		}
	}
	killed := slices.ContainsFunc(b.workers, func(m member) bool { return m.killed })
	fmt.Printf("\n%d submitted, %d ended once by Key, %d polled by two workers together\n", len(ids), once, together)
	fmt.Printf("%d jobs changed their worker, %d polls, %.1f seconds\n", moved, b.polls, time.Since(b.began).Seconds())
	var errs []error
	if once != len(ids) {
		errs = append(errs, fmt.Errorf("%d jobs did not end once", len(ids)-once))
	}
	if together > 0 {
		errs = append(errs, fmt.Errorf("%d jobs were polled by two workers together", together))
	}
	if b.failed > 0 {
		errs = append(errs, fmt.Errorf("%d ends have an error", b.failed))
	}
	if !killed {
		errs = append(errs, errors.New("no worker was killed"))
	}
	return errors.Join(errs...)
}
