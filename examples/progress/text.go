package main

import (
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

// endLine tells of a watch that ended.
func endLine(e *observe.Event) string {
	line := fmt.Sprintf("%-14s %-9s %s %3d polls", e.ID, outcome(e), seconds(e.Elapsed), e.Attempt)
	if e.Err != nil {
		return line + fmt.Sprintf("  %.160q", e.Err.Error())
	}
	line += fmt.Sprintf("  at most %s late", short(e.Delay))
	if e.Status.Message != "" {
		line += fmt.Sprintf("  %.160q", e.Status.Message)
	}
	return line
}

func outcome(e *observe.Event) string {
	if e.Err != nil {
		return "gave up"
	}
	return e.Status.State.String()
}

// ended returns how many watches did, in any way.
func ended(s jobstatus.Stats) int { return int(s.Completed + s.Failed + s.Canceled + s.GaveUp) }

// jobsLine and pollsLine are the totals, without what is seldom and did not happen.
func jobsLine(s jobstatus.Stats) string {
	line := fmt.Sprintf("waiting %d · in flight %d · completed %d · failed %d", s.Waiting, s.InFlight, s.Completed, s.Failed)
	if s.Canceled > 0 {
		line += fmt.Sprintf(" · canceled %d", s.Canceled)
	}
	if s.GaveUp > 0 {
		line += fmt.Sprintf(" · gave up %d", s.GaveUp)
	}
	if s.Overdue > 0 {
		line += fmt.Sprintf(" · overdue %d, by %s", s.Overdue, short(s.Lag))
	}
	return line
}

func pollsLine(s jobstatus.Stats) string {
	line := fmt.Sprintf("requests %d, %.1f a second", s.Requests, s.Rate)
	if s.Errors > 0 {
		line += fmt.Sprintf(" · no answer %d", s.Errors)
	}
	if s.Completed+s.Failed+s.Canceled > 0 {
		line += fmt.Sprintf(" · late by %s, one in ten by %s", short(s.Delay.P50), short(s.Delay.P90))
	}
	return line
}

// state is what a row says of its job.
func state(r row) string {
	switch {
	case r.gaveUp:
		return "gave up"
	case r.attempt == 0:
		return "new"
	default:
		return r.status.State.String()
	}
}

// percent is empty if the service did not say.
func percent(share float64) string {
	if share <= 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*min(share, 1))
}

// next says when a job is asked about again.
func next(r row, now time.Time) string {
	switch wait := r.next.Sub(now); {
	case !r.ended.IsZero():
		return ""
	case r.asked:
		return "asking"
	case r.next.IsZero():
		return ""
	case wait < 0:
		return "overdue"
	case r.failed:
		return "again in " + short(wait)
	default:
		return "next in " + short(wait)
	}
}

// seconds has the width of a column.
func seconds(d time.Duration) string { return fmt.Sprintf("%7s", short(d)) }

func short(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
