package progress

import (
	"errors"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring"
)

// Totals are the figures of one call of [Board.WaitForJobs].
type Totals struct {
	// Taken is the number of ids taken from the sequence so far. Total is the number of jobs of the
	// call: the argument of the option [Total], or Taken if that is more.
	Taken, Total int
	// Completed, Failed and Canceled count the waits whose job ended. GaveUp counts the waits that
	// ended before their job, by a limit or by an error.
	Completed, Failed, Canceled, GaveUp int
	// Blocked is the number of running jobs that wait for a person, of all calls of the Board. It is
	// zero if the Board is not the Watcher's Observer.
	Blocked int
	// Elapsed is how long the call has lasted so far, or how long it lasted.
	Elapsed time.Duration
	// Left is an estimate of how long the newest job will still run: see [Takes]. It is zero if there
	// is no estimate, or if that time has passed.
	Left time.Duration
}

// Ended returns the number of waits that have ended.
func (t Totals) Ended() int { return t.Completed + t.Failed + t.Canceled + t.GaveUp }

// Running returns the number of waits that have begun and not ended.
func (t Totals) Running() int { return t.Taken - t.Ended() }

// String returns the counts in one line, without times. It omits the counts of canceled, gave up,
// running and blocked if they are zero.
func (t Totals) String() string {
	s := fmt.Sprintf("%d of %d jobs · completed %d · failed %d", t.Ended(), t.Total, t.Completed, t.Failed)
	if t.Canceled > 0 {
		s += fmt.Sprintf(" · canceled %d", t.Canceled)
	}
	if t.GaveUp > 0 {
		s += fmt.Sprintf(" · gave up %d", t.GaveUp)
	}
	if t.Running() > 0 {
		s += fmt.Sprintf(" · running %d", t.Running())
	}
	if t.Blocked > 0 {
		s += fmt.Sprintf(" · blocked %d", t.Blocked)
	}
	return s
}

// add counts one result of a call. A result without an id reports that the call ended before its
// sequence of ids. Such a result does not count.
func (t *Totals) add(st jobstatus.Status, err error) {
	switch {
	case st.ID == "" && errors.As(err, new(*jobstatus.WaitError)):
	case err == nil:
		t.Completed++
	case errors.Is(err, jobstatus.ErrJobFailed):
		t.Failed++
	case errors.Is(err, jobstatus.ErrJobCanceled):
		t.Canceled++
	default:
		t.GaveUp++
	}
}

// share returns the part of the jobs that have ended, in [0, 1].
func (t Totals) share() float64 {
	if t.Total == 0 {
		return 0
	}
	return float64(t.Ended()) / float64(t.Total)
}
