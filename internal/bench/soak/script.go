package main

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
)

// A job's script follows from its number: every tenth fails, and each ends with its first, second
// or third poll.

func fails(job int) bool { return job%10 == 0 }

func pendingPolls(job int) int { return job / 10 % 3 }

const prefix = "job-"

// id returns the id of a job, and number the job of an id.
func id(job int) string { return prefix + strconv.Itoa(job) }

func number(id string) (job int, err error) { return strconv.Atoi(strings.TrimPrefix(id, prefix)) }

// failure is the message of jobs that fail.
const failure = "as its script says"

// ids yields the ids of n jobs.
func ids(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for job := range n {
			if !yield(id(job)) {
				return
			}
		}
	}
}

// scripts are those of n jobs.
func scripts(n int) (all []mock.Option) {
	for job := range n {
		var steps []mock.Step
		if polls := pendingPolls(job); polls > 0 {
			steps = append(steps, mock.Pending(mock.Polls(polls)))
		}
		if fails(job) {
			steps = append(steps, mock.Failed(failure))
		} else {
			steps = append(steps, mock.Completed(nil))
		}
		all = append(all, mock.Job(id(job), steps...))
	}
	return all
}

// faults are those that a share of the requests meets, one kind as often as another. None is the
// end of a job.
func faults(share float64) (all []mock.Option) {
	if share == 0 {
		return nil
	}
	for _, effect := range kinds {
		all = append(all, mock.Fault(fault.Share(share/float64(len(kinds))), effect))
	}
	return all
}

// kinds lacks a service that says nothing: each such request takes the whole poll timeout, and a
// million jobs have many.
var kinds = []fault.Effect{
	fault.Reset(),
	fault.Truncated(),
	fault.Code(503),
	fault.Code(429),
	fault.Code(500, "<html>out of order</html>"),
	fault.Body("<html>please log in</html>"),
	fault.GoesBack(),
	fault.Drip(time.Millisecond),
	fault.Latency(200 * time.Millisecond),
}
