package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// saved is what a worker leaves to the next one, as a JSON file.
type saved struct {
	Jobs    []jobstatus.Job `json:"jobs"`    // the jobs that have not ended
	Learned []byte          `json:"learned"` // what the Backoff knows about the durations of jobs
}

// load reads a file. If there is no such file, there is false.
func load(file string) (s saved, there bool, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	return s, true, json.Unmarshal(text, &s)
}

// save replaces a file atomically: it then holds either all of s or its former content.
func (s saved) save(file string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// ledger holds the jobs that have not ended. A job is removed after its end was handled, so no end
// is lost. The next worker reports an end again if it came after the newest save.
type ledger struct {
	file    string
	learner *adaptive.Learner

	mu   sync.Mutex
	jobs map[string]jobstatus.Job
}

func newLedger(file string, learner *adaptive.Learner, jobs []jobstatus.Job) *ledger {
	l := &ledger{file: file, learner: learner, jobs: map[string]jobstatus.Job{}}
	for _, j := range jobs {
		l.jobs[j.ID] = j
	}
	return l
}

// begun adds a job, and saves it.
func (l *ledger) begun(w *jobstatus.Watcher, j jobstatus.Job) error {
	l.mu.Lock()
	l.jobs[j.ID] = j
	l.mu.Unlock()
	return l.save(w)
}

// ended removes a job.
func (l *ledger) ended(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, id)
}

// save writes what the Watcher knows about the jobs now. A job that the Watcher has not received
// yet is saved unchanged.
func (l *ledger) save(w *jobstatus.Watcher) error {
	learned, err := l.learner.MarshalBinary()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for j := range w.Pending() {
		if _, open := l.jobs[j.ID]; open {
			l.jobs[j.ID] = j
		}
	}
	jobs := slices.SortedFunc(maps.Values(l.jobs), func(a, b jobstatus.Job) int { return strings.Compare(a.ID, b.ID) })
	return saved{jobs, learned}.save(l.file)
}

// keep saves the ledger at each tick, and once more when ctx ends or over is closed. The waits must
// not end before that, because the Watcher knows only the jobs that are waited for.
func (l *ledger) keep(ctx context.Context, w *jobstatus.Watcher, over <-chan struct{}) error {
	tick := time.NewTicker(saves)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.save(w); err != nil {
				return err
			}
		case <-ctx.Done():
			return l.save(w)
		case <-over:
			return l.save(w)
		}
	}
}
