// Package health decides when an outage of a service is logged. It knows no lock and no clock.
package health

import "time"

// Report is the content of a log line about an outage.
type Report struct {
	// Failures is the number of requests that failed during the outage, and during the outages
	// before it about which nothing was logged.
	Failures int
	// For is how long the outage has lasted.
	For time.Duration
}

// Health recognizes the beginning and the end of an outage. So an outage causes a few log lines,
// however many watches it affects.
type Health struct {
	bad      bool
	told     bool          // a line was written during this outage
	since    time.Duration // when the outage began
	failures int           // failed requests since the end of the last outage with a line
	answers  int           // answered requests in a row
	next     time.Duration // the earliest time of the next line
}

const (
	// summaryEvery is the shortest time between two lines about failures.
	summaryEvery = time.Minute
	// wellAfter is the number of answered requests in a row after which an outage counts as ended. If
	// there are fewer watches, their number is enough.
	wellAfter = 64
)

// Failed notes that a request failed. It returns the report to log, or nil if there is nothing to
// log.
func (h *Health) Failed(now time.Duration) *Report {
	h.answers = 0
	if !h.bad {
		h.bad, h.told, h.since = true, false, now
	}
	h.failures++
	if now < h.next {
		return nil
	}
	h.next, h.told = now+summaryEvery, true
	return &Report{Failures: h.failures, For: now - h.since}
}

// Answered notes that a request was answered. The argument watches is the number of watches. It
// returns the report to log, or nil if there is nothing to log.
func (h *Health) Answered(now time.Duration, watches int) *Report {
	if !h.bad {
		return nil
	}
	if h.answers++; h.answers < min(wellAfter, watches) {
		return nil
	}
	h.bad = false
	if !h.told {
		return nil
	}
	r := &Report{Failures: h.failures, For: now - h.since}
	h.failures = 0
	return r
}
