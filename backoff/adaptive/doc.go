// Package adaptive learns from finished jobs and from running ones when to ask next.
//
//	w, err := jobstatus.New(transport, jobstatus.WithBackoff(adaptive.New(adaptive.About(5))))
//
// A [Learner] learns how long the jobs of each kind take. From that it finds the schedule with the
// least cost, which is the number of requests and the delay until a job's end is known. [About] and
// [Worth] say what the one is worth in the other.
//
// Planning has three stages, with values between them. The history of a kind is what is known of
// its newest jobs: for each an interval in which its duration lies, which is open while the job
// runs. The fit is the distribution that the history lets one expect. The plan is the best schedule
// for that distribution, and a Poll is answered from it without a lock.
//
// While many jobs of a kind run at once, some of them are followed: they are asked early, and what
// they show tells when to ask about the others. A new kind begins with what the other kinds of the
// same Learner have in common.
//
// What was learned can be saved, loaded and merged: see [Learner.MarshalBinary] and [Merge]. A
// [Forecast] tells what is expected of a kind.
package adaptive
