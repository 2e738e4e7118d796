package mock

import (
	"encoding/json"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Job adds a job with the given id and script, which exists from the start. The steps follow one
// another. The last step ends the job or lasts [Forever].
//
//	mock.Job("report-1",
//		mock.Pending(30*time.Second),
//		mock.Running(mock.Polls(2)).With(0.5, "half way"),
//		mock.Completed(nil))
//
// The first step begins when the service is made, and each other step when the one before it ends.
// A step of n polls ends with its last poll. Random durations differ from job to job.
func Job(id string, steps ...Step) Option {
	line := caller()
	return func(c *config) {
		if c.registry.jobs[id] != nil {
			c.problem("%s: job %q has two scripts", line, id)
		}
		if err := transport.CheckID(id); err != nil {
			c.problem("%s: job %q: %w", line, id, err)
		}
		if problem := check(steps); problem != nil {
			c.problem("%s: job %q: %w", line, id, problem)
			return
		}
		c.registry.addLocked(&job{id: id, steps: steps})
	}
}

// Created sets the script of the jobs that clients create. By default a job is [Pending] for 10
// seconds and then [Completed].
func Created(steps ...Step) Option {
	line := caller()
	return func(c *config) {
		if err := check(steps); err != nil {
			c.problem("%s: created jobs: %w", line, err)
		}
		c.script = func(Creation) []Step { return steps }
	}
}

// CreatedBy is like [Created], but calls a function for the script of each job. The function is
// called by one goroutine at a time, and must not call the service. If it returns an impossible
// script, the service answers 500.
//
//	mock.CreatedBy(func(c mock.Creation) []mock.Step {
//		if c.Kind == "transcode" {
//			return []mock.Step{mock.Running(time.Hour), mock.Completed(nil)}
//		}
//		return []mock.Step{mock.Failed("no such kind")}
//	})
func CreatedBy(script func(Creation) []Step) Option {
	line := caller()
	return func(c *config) {
		if script == nil {
			c.problem("%s: created jobs: the function is nil", line)
		}
		c.script, c.scriptLine = script, line
	}
}

// Creation describes a job that is about to be created.
type Creation struct {
	// N is the number of the created job, counted from 1.
	N int
	// ID is the id of the new job.
	ID string
	// Kind is the kind that the input of the create names, as in {"kind": "transcode"}. Input is that
	// input. Both are empty if there is no input.
	Kind  string
	Input json.RawMessage
	// Random is a random number in [0, 1), evenly distributed. It depends on the seed of [WithSeed]
	// and the ID.
	Random float64
}
