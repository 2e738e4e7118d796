package main

import (
	"container/heap"
	"slices"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// This file simulates a Watcher without limits whose jobs run at the same time. It calls a Strategy
// like a Watcher, and does nothing else, so the simulation of ten thousand jobs takes a second.
// Times are in seconds.

// running is a job and its watch.
type running struct {
	backoff.Poll
	begin, end float64
	due        float64
	alive      time.Duration // age at which the job was last seen to run
	polls      int
	late       float64
}

// begun returns a job of a kind with its begin and its duration.
func begun(n int, kind string, begin, duration float64) *running {
	return &running{Poll: backoff.Poll{Key: "job-" + strconv.Itoa(n), Kind: kind}, begin: begin, end: begin + duration}
}

// world is the simulation.
type world struct {
	backoff.Strategy
	see     seeing
	timeout float64 // timeout of a watch; 0 if there is none
	outage  float64 // age from which polls fail; 0 if none fail
	latency float64 // duration of a request

	follower backoff.Follower
	learner  backoff.Learner
	waiting  soonest
	asked    int // number of calls of Next
}

// run watches all jobs to their ends.
func (w *world) run(jobs []*running) {
	w.follower, _ = w.Strategy.(backoff.Follower)
	w.learner, _ = w.Strategy.(backoff.Learner)
	slices.SortStableFunc(jobs, func(a, b *running) int {
		switch {
		case a.begin < b.begin:
			return -1
		case a.begin > b.begin:
			return 1
		}
		return 0
	})
	for len(jobs) > 0 || len(w.waiting) > 0 {
		if len(w.waiting) == 0 || len(jobs) > 0 && jobs[0].begin <= w.waiting[0].due {
			w.start(jobs[0])
			jobs = jobs[1:]
			continue
		}
		w.ready(heap.Pop(&w.waiting).(*running))
	}
}

func (w *world) start(x *running) {
	if w.follower != nil {
		w.follower.Follow(x.Key, x.Kind, 0)
	}
	w.wait(x, x.begin)
}

// wait puts x back into the queue with the time of its next event.
func (w *world) wait(x *running, now float64) {
	w.asked++
	x.due = now + w.Next(x.Poll).Seconds()
	heap.Push(&w.waiting, x)
}

// ready polls x, which is due, unless its Strategy delays the poll.
func (w *world) ready(x *running) {
	if w.timeout > 0 && x.due-x.begin >= w.timeout {
		w.leave(x)
		return
	}
	if w.follower != nil {
		p := x.Poll
		p.Waited = seconds(x.due-x.begin) - p.Elapsed
		w.asked++
		if wait := w.Next(p); wait > p.Waited+time.Microsecond {
			x.due = x.begin + max((p.Elapsed+wait).Seconds(), x.due-x.begin+0.001)
			heap.Push(&w.waiting, x)
			return
		}
	}
	w.poll(x)
}

// poll polls x. The answer comes after the latency, but reports the state at the time of the
// request.
func (w *world) poll(x *running) {
	now := x.due
	age := seconds(now - x.begin)
	x.polls++
	x.Previous, x.Elapsed, x.Waited = age-x.Elapsed, age, 0
	x.Attempt++
	switch failed := w.outage > 0 && now-x.begin >= w.outage; {
	case failed:
		x.Err = errOutage
		w.wait(x, now)
	case now < x.end:
		x.alive, x.Err = age, nil
		if w.follower != nil {
			w.follower.Follow(x.Key, x.Kind, age)
		}
		w.wait(x, now)
	default:
		x.late = now - x.end
		if w.learner != nil {
			o := backoff.Outcome{Key: x.Key, Kind: x.Kind, After: x.alive, Before: age, Ended: true}
			if w.see == exact {
				o.After = seconds(x.end - x.begin)
				o.Before = o.After
			}
			w.learner.Observe(o)
		}
	}
}

// leave gives up on x.
func (w *world) leave(x *running) {
	if w.learner != nil {
		w.learner.Observe(backoff.Outcome{Key: x.Key, Kind: x.Kind, After: x.alive})
	}
}

type outageError struct{}

func (outageError) Error() string { return "bench: the service is away" }

var errOutage error = outageError{}

// soonest is a heap of watches that wait.
type soonest []*running

func (q soonest) Len() int           { return len(q) }
func (q soonest) Less(i, j int) bool { return q[i].due < q[j].due }
func (q soonest) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *soonest) Push(x any)        { *q = append(*q, x.(*running)) }
func (q *soonest) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// scoreOf returns the score of the watches.
func scoreOf(jobs []*running) score {
	var s score
	late := make([]float64, len(jobs))
	for i, x := range jobs {
		s.n += float64(x.polls) / float64(len(jobs))
		s.d += x.late / float64(len(jobs))
		late[i] = x.late
	}
	slices.Sort(late)
	s.p99 = late[len(late)*99/100]
	return s
}
