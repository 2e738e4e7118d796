package timeline

import (
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
)

// A waiter is the wait of one Consumer for the job of one watch.
type waiter struct {
	part           *part
	watch          *watch
	next, previous *waiter // the list of waiters of the same watch
	began, timeout time.Duration
	joined         int32     // the attempt of the watch from which its own polls count
	member         int32     // its index among the members of its Consumer
	cohort         int32     // the cohort that makes its last polls together: see [pace.Cohort]
	extended       extension // why it continues after its timeout, if it does
	persists       bool      // it has no limit of attempts
	spared         uint16    // the number of its polls that do not count as attempts
}

// attempts returns the number of polls that count against the limit of m.
func (m *waiter) attempts() int { return int(m.watch.attempt-m.joined) - int(m.spared) }

// spare notes that the newest poll of the watch came sooner than the Backoff asked for. The poll,
// which began at the given instant, does not count as an attempt of m, unless it was the first poll
// or the last look of m.
func (m *waiter) spare(asked time.Duration) {
	if m.watch.attempt-m.joined == 1 || m.spared == math.MaxUint16 {
		return
	}
	end := min(m.deadline(), m.part.consumer.until)
	if look, _ := pace.LastLook(m.began, end, int(m.cohort)); asked < look {
		m.spared++
	}
}

// served returns until when the last look of m may be due so that a poll at the instant asked is
// enough. That is asked itself, or later if the poll may have been the last look of another waiter,
// because it came sooner than the Backoff asked for.
func (m *waiter) served(asked time.Duration, hurried bool) time.Duration {
	if !hurried || m.next == nil && m.previous == nil {
		return asked
	}
	return instant.Later(asked, pace.Shared(m.began, min(m.end(), m.part.consumer.until)))
}

// end returns the instant of m's timeout, or instant.Forever if it has none.
func (m *waiter) end() time.Duration { return instant.Later(m.began, m.timeout) }

// deadline returns the instant at which m gives up: its end, or a later instant if it was extended
// for a last look.
func (m *waiter) deadline() time.Duration {
	if m.extended == notExtended {
		return m.end()
	}
	return instant.Later(m.end(), max(m.timeout, m.part.consumer.core.PollTimeout))
}

// gaveUp returns the Result of m, which gives up now.
func (m *waiter) gaveUp(reason error, now time.Duration) *Result {
	x := m.watch
	r := &Result{Status: x.status(), End: GaveUp, Err: reason, Polls: int(x.attempt - m.joined), Elapsed: now - m.began}
	if m.extended != notExtended {
		r.HeldUp = m.extended.String()
	}
	if x.seen != nil {
		r.LastErr, r.Answered = x.seen.Err(), true
		if x.seen.IsUnknownJob() && (reason == ErrTimeout || reason == ErrMaxAttempts) {
			r.End, r.Err = Broken, x.seen.Doubt(m.part.consumer.core.awake(now))
		}
	}
	return r
}
