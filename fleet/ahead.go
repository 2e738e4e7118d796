package fleet

import "time"

const (
	// maxAhead is how many ends a process fetches before a quick loop needs them. An end that is
	// dropped is delivered again only after ackWait, so the number is small.
	maxAhead = 64
	// aheadStep is the factor between two numbers of ends that are fetched ahead.
	aheadStep = 4
	// aheadPart limits how long an end waits for the loop, as a part of ackWait.
	aheadPart = 6
)

// ahead decides how many ends to fetch before the loop over Ends needs them. The server counts the
// time until the next delivery of an end from when it was fetched. So a slow loop must fetch few:
// otherwise an end has been delivered again before the loop reaches it. ahead uses no clock.
type ahead struct {
	wait  time.Duration // the time after which an end is delivered again
	now   int           // how many are fetched ahead
	quick int           // for how many ends in a row the loop was quick enough for more
}

func newAhead(wait time.Duration) ahead { return ahead{wait: wait, now: maxAhead} }

// took records how long the loop kept the next end waiting. It reports whether now has changed.
func (a *ahead) took(d time.Duration) (changed bool) {
	before := a.now
	for a.now > 1 && !a.allows(a.now, d) {
		a.now /= aheadStep
	}
	switch {
	case a.now != before || a.now == maxAhead || !a.allows(2*a.now*aheadStep, d):
		a.quick = 0
	default:
		a.quick++
	}
	if a.quick == maxAhead {
		a.now, a.quick = a.now*aheadStep, 0
	}
	return a.now != before
}

// allows reports whether the loop handles n ends early enough, if it takes d for each.
func (a *ahead) allows(n int, d time.Duration) bool { return d < a.wait/time.Duration(aheadPart*n) }

// slow reports whether the loop is slow. Then each end counts from when the loop gets it.
func (a *ahead) slow() bool { return a.now < maxAhead }
