// Package adaptive has a Backoff that learns from finished and running jobs when to poll next.
//
//	w, err := jobstatus.New(transport, jobstatus.WithBackoff(adaptive.New(adaptive.About(5))))
//
// A [Learner] learns how long the jobs of each kind take, and computes the schedule with the least
// cost. The cost of a job is its number of requests, weighed against its detection delay. The
// detection delay is the time from the end of a job until the Watcher knows of it. [About] or
// [Worth] sets how much delay one request is worth.
//
// Planning has three stages: history, fit and plan. The history of a kind holds its newest jobs.
// For each job it holds an interval that contains the job's duration. While the job runs, the
// interval has no upper end. The fit is the distribution of durations that is estimated from the
// history. The plan is the best schedule for that distribution. Next takes a lock to find the kind,
// but none to read its plan.
//
// While many jobs of a kind run at once, the Learner follows some of them. They are polled early,
// and their answers show when to poll the others. For a new kind, a Learner begins with what its
// other kinds have in common.
//
// A program can save and load what a Learner has learned, and merge what several have learned: see
// [Learner.MarshalBinary] and [Merge]. A [Forecast] says how long the next job of a kind is
// expected to take.
package adaptive
