// Package health decides when an outage of a service is worth a line of the log. It knows no lock
// and no clock.
package health

import "time"

// Report is what a line of the log says about a service.
type Report struct {
	// Failures is how many requests failed since the last line, or since the service turned bad if
	// it is well again.
	Failures int
	// For is for how long the service has been bad.
	For time.Duration
}

// Health says when the service turns bad and when it is well again, so that an outage is a few
// lines of the log, however many watches meet it.
type Health struct {
	bad      bool
	told     bool          // a line was written since the service turned bad
	since    time.Duration // when the first request failed
	failures int           // since the last line
	all      int           // since the service turned bad
	answers  int           // requests answered in a row
	next     time.Duration // not before then is another line written
}

const (
	// summaryEvery is the time between two lines about a service that is not well.
	summaryEvery = time.Minute
	// wellAfter is how many requests in a row are answered, or as many as there are watches, before
	// the service counts as well again.
	wellAfter = 64
)

// Failed says that a request failed, and returns the report that this is worth, nil if none.
func (h *Health) Failed(now time.Duration) *Report {
	h.answers = 0
	h.failures++
	h.all++
	if !h.bad {
		h.bad, h.told, h.since, h.all = true, false, now, 1
	}
	if now < h.next {
		return nil
	}
	h.next, h.told = now+summaryEvery, true
	r := &Report{Failures: h.failures, For: now - h.since}
	h.failures = 0
	return r
}

// Answered says that a request was answered while there were so many watches, and returns the
// report that this is worth, nil if none.
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
	h.failures = 0
	return &Report{Failures: h.all, For: now - h.since}
}
