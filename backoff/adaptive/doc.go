// Package adaptive has a Backoff that learns from finished and running jobs when to poll next.
//
//	w, err := jobstatus.New(transport, jobstatus.WithBackoff(adaptive.New(adaptive.About(5))))
//
// A [Learner] learns how long the jobs of each kind take. From that it computes the schedule with
// the least cost. The cost of a job is its requests plus its detection delay, the time from its end
// until the end is known. [About] and [Worth] set the price of a request in delay.
//
// Planning has three stages: history, fit and plan. The history of a kind holds its newest jobs.
// For each job it holds an interval that contains the duration; while the job runs, the interval
// has no upper end. The fit is the distribution of durations that the history suggests. The plan is
// the best schedule for that distribution. Next reads the plan without a lock.
//
// While many jobs of a kind run at once, some of them are followed. They are polled early, and
// their answers tell when to poll the others. A new kind begins with what the other kinds of the
// same Learner have in common.
//
// What was learned can be saved, loaded and merged: see [Learner.MarshalBinary] and [Merge]. A
// [Forecast] says how long the next job of a kind is expected to take.
package adaptive
