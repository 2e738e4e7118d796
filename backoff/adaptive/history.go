package adaptive

import (
	"math"

	"github.com/iamber12/job-status-monitoring/backoff"
)

const (
	maxSpans   = 640
	maxSeconds = 1e8 // three years; what takes longer took at least that
)

// span is what is known about one duration, in seconds: it is in (after, before]. The bound before
// is +Inf while the job runs, and for a watch that gave up. It equals after if the exact end is
// known.
type span struct{ after, before float32 }

var forever = float32(math.Inf(1))

func (s span) exact() bool { return s.after == s.before }

// ended reports whether the job is known to have ended.
func (s span) ended() bool { return s.before < forever }

// known is the greatest age at which s says something, in seconds.
func (s span) known() float64 {
	if s.ended() {
		return float64(s.before)
	}
	return float64(s.after)
}

// short reports whether the end of the job is known within a factor of two.
func (s span) short() bool { return s.ended() && s.after > s.before/2 }

// blank reports whether s says nothing.
func (s span) blank() bool { return s.after == 0 && !s.ended() }

func newSpan(o backoff.Outcome) (span, bool) {
	s := span{roundUp(o.After.Seconds()), roundUp(o.Before.Seconds())}
	if !o.Ended {
		s.before = forever
	}
	return s, s.valid() && (!o.Ended || o.After <= o.Before)
}

func (s span) valid() bool {
	return s.after >= 0 && s.after <= s.before && s.before > 0 && !s.blank() && s.after <= maxSeconds*1.01
}

// roundUp returns s as a float32 that is not below it, so that a poll at a known end finds the job
// ended.
func roundUp(s float64) float32 {
	s = min(s, maxSeconds)
	f := float32(s)
	if float64(f) < s {
		f = math.Nextafter32(f, math.MaxFloat32)
	}
	return f
}

// history has the spans of the newest jobs, in the order in which their watches began. The span of
// a job that still runs is updated in place, so that the order does not depend on durations.
type history struct {
	spans []span
	first uint32 // the number of the first span; numbers rise by one
	ended int    // spans of jobs that ended
}

// historyOf returns a history of spans, which it takes over.
func historyOf(spans []span) history { return history{spans: spans, ended: ended(spans)} }

// begin appends the span of a watch that begins, and returns its number. If the history is full,
// begin drops the oldest span.
func (h *history) begin(s span) (number uint32, full bool) {
	if full = len(h.spans) == maxSpans; full {
		h.dropFirst(1)
	}
	number = h.next()
	h.spans = appendSpan(h.spans, s)
	if s.ended() {
		h.ended++
	}
	return number, full
}

// next returns the number that the next span will have.
func (h *history) next() uint32 { return h.first + uint32(len(h.spans)) }

// complete sets the span of that number, whose job ran, to what is known at the end of its watch.
func (h *history) complete(number uint32, s span) {
	*h.at(number) = s
	if s.ended() {
		h.ended++
	}
}

// appendSpan is like append, but never allocates room for more than maxSpans spans.
func appendSpan(spans []span, s span) []span {
	if n := len(spans); n == cap(spans) && n < maxSpans {
		spans = append(make([]span, 0, min(max(2*n, 16), maxSpans)), spans...)
	}
	return append(spans, s)
}

// at returns the span of the given number.
func (h *history) at(number uint32) *span { return &h.spans[number-h.first] }

// dropFirst drops the n oldest spans.
func (h *history) dropFirst(n int) {
	h.ended -= ended(h.spans[:n])
	h.spans = append(h.spans[:0], h.spans[n:]...)
	h.first += uint32(n)
}

// remove removes the span of the given number. The numbers of later spans fall by one.
func (h *history) remove(number uint32) {
	i := int(number - h.first)
	h.spans = append(h.spans[:i], h.spans[i+1:]...)
}

// frontier returns the greatest age about which anything is known, in seconds.
func (h *history) frontier() (age float64) {
	for _, s := range h.spans {
		age = max(age, s.known())
	}
	return age
}

// ended counts the spans of jobs that ended.
func ended(spans []span) (n int) {
	for _, s := range spans {
		if s.ended() {
			n++
		}
	}
	return n
}
