package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/bench/bar"
	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// soak is what to do.
type soak struct {
	jobs     int
	faults   float64
	seed     uint64
	duration time.Duration
	out      io.Writer
	bar      *bar.Bar // nil is none
}

// run returns all that went wrong.
func (s soak) run() error {
	if s.jobs < 1 || s.faults < 0 || s.faults > 1 {
		return errors.New("want at least one job, and a share of faults from 0 to 1")
	}
	before := holds()
	began := time.Now()
	var wrong error
	for round := 1; ; round++ {
		if err := s.round(round); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("round %d: %w", round, err))
		}
		s.seed++
		if wrong != nil || time.Since(began) >= s.duration {
			break
		}
	}
	after := before.settle()
	fmt.Fprintf(s.out, "before: %v; after: %v\n", before, after)
	return errors.Join(wrong, before.left(after))
}

// round waits for the jobs of a new service.
func (s soak) round(round int) error {
	var url string
	service, err := child.Start("serve", serveConfig{s.jobs, s.faults, s.seed}, &url)
	if err != nil {
		return err
	}
	began := time.Now()
	ends, watchErr := s.watch(url)
	took := time.Since(began)
	var seen served
	if err := service.End(&seen); err != nil {
		return errors.Join(watchErr, err)
	}
	fmt.Fprintf(s.out, "round %d, seed %d: %d jobs in %v: %d completed, %d failed; %d requests, %.0f a second, %d of them spoiled\n",
		round, s.seed, s.jobs, took.Round(time.Millisecond), ends.completed, ends.failed,
		seen.Requests, float64(seen.Requests)/took.Seconds(), seen.Spoiled)
	if seen.Unheard > 0 {
		err = fmt.Errorf("the service has %d jobs that nobody was told the end of", seen.Unheard)
	}
	return errors.Join(watchErr, err, ends.wrong())
}

// watch waits for all jobs.
func (s soak) watch(url string) (*ends, error) {
	e := &ends{seen: make([]bool, s.jobs)}
	w, err := jobstatus.NewHTTP(url, jobstatus.WithMaxAttempts(jobstatus.Unlimited), jobstatus.WithTimeout(24*time.Hour))
	if err != nil {
		return e, err
	}
	defer w.Close()
	for st, err := range w.WaitForJobs(context.Background(), ids(s.jobs)) {
		e.add(st, err)
		if now := time.Now(); s.bar != nil && s.bar.Due(now) {
			s.bar.Show(now, e.count, s.jobs, fmt.Sprintf("%d wrong", e.problems))
		}
	}
	if s.bar != nil {
		s.bar.Clear()
	}
	return e, nil
}

// ends is how jobs were seen to end.
type ends struct {
	seen              []bool // by job
	count             int
	completed, failed int
	problems          int
	first             error // of the problems
}

// add takes the result of a wait.
func (e *ends) add(st jobstatus.Status, err error) {
	e.count++
	if problem := e.check(st, err); problem != nil {
		if e.problems++; e.first == nil {
			e.first = problem
		}
	}
}

func (e *ends) check(st jobstatus.Status, err error) error {
	job, unknown := number(st.ID)
	if unknown != nil || job < 0 || job >= len(e.seen) {
		return fmt.Errorf("a result for %q, which is no job: %v, %v", st.ID, st, err)
	}
	if e.seen[job] {
		return fmt.Errorf("a second result for %s: %v, %v", st.ID, st, err)
	}
	e.seen[job] = true
	switch {
	case fails(job) && errors.Is(err, jobstatus.ErrJobFailed) && st.State == jobstatus.Failed && st.Message == failure:
		e.failed++
	case !fails(job) && err == nil && st.State == jobstatus.Completed:
		e.completed++
	default:
		return fmt.Errorf("%s ended wrong: %v, %v", st.ID, st, err)
	}
	return nil
}

// wrong returns what there is to say against the ends.
func (e *ends) wrong() error {
	var missing int
	for _, seen := range e.seen {
		if !seen {
			missing++
		}
	}
	var err error
	if missing > 0 {
		err = fmt.Errorf("%d jobs have no result", missing)
	}
	if e.problems > 0 {
		err = errors.Join(err, fmt.Errorf("%d results are wrong, the first: %w", e.problems, e.first))
	}
	return err
}

// held is what the process holds.
type held struct {
	heap       uint64 // after garbage collection
	goroutines int
}

// slack is by how much the heap may have grown: caches of the runtime and of net/http, and what is
// kept of goroutines that ended.
const slack = 4 << 20

func (h held) String() string {
	return fmt.Sprintf("heap %.2f MB, %d goroutines", float64(h.heap)/1e6, h.goroutines)
}

func holds() held {
	runtime.GC() // twice, as the first leaves what pools hold
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held{m.HeapAlloc, runtime.NumGoroutine()}
}

// settle returns what is held once all is over, or after a few seconds: connections that were
// closed take a moment.
func (h held) settle() (now held) {
	for range 50 {
		if now = holds(); h.left(now) == nil {
			return now
		}
		time.Sleep(100 * time.Millisecond)
	}
	return now
}

// left returns what is held after and was not before.
func (h held) left(after held) error {
	var err error
	if after.goroutines > h.goroutines {
		err = fmt.Errorf("%d goroutines are left", after.goroutines-h.goroutines)
	}
	if after.heap > h.heap+slack {
		err = errors.Join(err, fmt.Errorf("the heap has grown by %d bytes", after.heap-h.heap))
	}
	return err
}
