package adaptive

import (
	"math"

	"github.com/iamber12/job-status-monitoring/backoff"
)

const (
	maxSpans   = 640
	maxSeconds = 1e8 // three years; what takes longer took at least that
	maxScores  = 64
	// surprise is how many standard deviations the recent durations together may lie off what was expected of them. For
	// jobs that do not change it is passed about once in ten thousand jobs.
	surprise  = 5.0
	minSpans  = 5 // known before a score means anything
	doubtFrom = 3
	doubtFor  = 12
)

// span is what is known of one duration, in seconds: it is in (after, before]. before is +Inf for a watch that gave up, and
// equals after where the exact end is known.
type span struct{ after, before float32 }

func (s span) exact() bool { return s.after == s.before }

func newSpan(o backoff.Outcome) (span, bool) {
	s := span{roundUp(o.After.Seconds()), roundUp(o.Before.Seconds())}
	if !o.Ended {
		s.before = float32(math.Inf(1))
	}
	return s, s.valid() && (!o.Ended || o.After <= o.Before)
}

func (s span) valid() bool {
	return s.after >= 0 && s.after <= s.before && s.before > 0 && !(s.after == 0 && math.IsInf(float64(s.before), 1)) &&
		s.after <= maxSeconds*1.01
}

// roundUp is s as a float32 that is not below it, so that a poll at a known end finds the job ended.
func roundUp(s float64) float32 {
	s = min(s, maxSeconds)
	f := float32(s)
	if float64(f) < s {
		f = math.Nextafter32(f, math.MaxFloat32)
	}
	return f
}

// history is the last durations seen, oldest first.
type history struct {
	spans  []span
	scores []score // of the last spans, under the plan that was in force when each was seen
}

// score is how a span compares with what was expected.
type score struct {
	z      float32 // where it lies, as a normal deviate in [-4, 4]
	weight float32 // how much it says, in [0, 1]: nothing, if it was as good as certain
}

// add appends s, having scored it under p, and drops what no longer holds. It tells whether something changed that a plan
// should know of at once.
func (h *history) add(s span, p *plan) (changed bool) {
	doubted := h.doubt()
	if len(h.spans) == maxSpans {
		h.spans = append(h.spans[:0], h.spans[1:]...)
	}
	if len(h.scores) == maxScores {
		h.scores = append(h.scores[:0], h.scores[1:]...)
	}
	if p != nil && len(h.spans) >= minSpans {
		h.scores = append(h.scores, p.score(s))
	}
	h.spans = append(h.spans, s)
	if m := h.surprising(); m > 0 {
		h.spans = append(h.spans[:0], h.spans[len(h.spans)-m:]...)
		h.scores = h.scores[:0]
		return true
	}
	return h.doubt() != doubted
}

// surprising is the number of last spans, at least two, that together lie most surprisingly to one side of what was
// expected; 0 if none surprises.
func (h *history) surprising() (m int) {
	most, sum, weight := surprise, 0.0, 0.0
	for i := range h.scores {
		s := h.scores[len(h.scores)-1-i]
		sum += float64(s.z)
		weight += float64(s.weight)
		if z := math.Abs(sum) / math.Sqrt(weight+1e-9); i > 0 && z > most {
			most, m = z, i+1
		}
	}
	return m
}

// doubt tells whether one of the last few spans was so unlikely that it is worth looking closer.
func (h *history) doubt() bool {
	for _, s := range h.scores[max(0, len(h.scores)-doubtFor):] {
		if math.Abs(float64(s.z)) > doubtFrom {
			return true
		}
	}
	return false
}

// score compares s with what p expects.
func (p *plan) score(s span) score {
	i, j := p.find(s.after), p.find(s.before)
	from, to := float64(p.steps[i].live), float64(p.steps[j].live)
	if s.exact() {
		from = float64(p.steps[max(i-1, 0)].live)
	}
	if math.IsInf(float64(s.before), 1) {
		to = 0
	}
	z := math.Sqrt2 * math.Erfinv(1-(from+to))
	return score{float32(min(max(z, -4), 4)), float32(1 - (from - to))}
}
