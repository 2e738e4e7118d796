package adaptive

import "weak"

// verdicts are the scores of the newest spans, in the order in which their watches began. The score
// of a watch compares its duration with what was expected when it began.
type verdicts struct {
	expected *expected // what was expected of the watches from the number begun on
	from     uint32
	scores   [maxScores]score // the score of span n is at n modulo maxScores
	done     [maxScores]bool  // whether the span is complete
	begun    uint32           // the number of the first span with a score
	doubt    bool
}

// begin prepares for a span that is about to be appended to h. Plan p scores the span, unless
// watches that another plan scores are still followed.
func (v *verdicts) begin(h *history, followed int, p *plan) {
	number := h.next()
	if v.expected == nil || followed == 0 || number-v.from >= maxScores {
		if p != nil && p.jobs >= minSpans && (v.expected == nil || v.expected.plan != weak.Make(p)) {
			v.expected, v.from = p.expectation(), number
			if v.begun == 0 {
				v.begun = number
			}
		}
	}
	v.done[number%maxScores], v.scores[number%maxScores] = false, score{}
}

// commit scores the span of the given number, which is complete. It reports whether this score
// alone is a reason to judge all scores.
func (v *verdicts) commit(h *history, number uint32) (remarkable bool) {
	if v.expected == nil || h.next()-number > maxScores {
		return false
	}
	s := v.expected.score(*h.at(number))
	v.scores[number%maxScores], v.done[number%maxScores] = s, true
	return s.odd || s.z > judgeFrom || s.z < -judgeFrom
}

// judgeFrom is the absolute score from which a single score is a reason to judge all scores.
const judgeFrom = 2

// remove closes the gap of a removed span: the number of each later span falls by one.
func (v *verdicts) remove(h *history, number uint32) {
	for n := number; n < h.next(); n++ {
		v.scores[n%maxScores], v.done[n%maxScores] = v.scores[(n+1)%maxScores], v.done[(n+1)%maxScores]
	}
}

// judge looks for a surprise in the scores. It returns how many of the newest spans to keep because
// of it, or 0 if there is no surprise.
func (v *verdicts) judge(h *history) (keep int) {
	if v.expected == nil {
		return 0
	}
	var all [maxScores]score
	scores := all[:0]
	end := h.next()
	for n := max(h.first, v.begun, end-min(maxScores, end)); n < end; n++ {
		s := v.scores[n%maxScores]
		if x := h.at(n); !v.done[n%maxScores] && !x.blank() {
			s = v.expected.score(*x)
		}
		scores = append(scores, s)
	}
	v.doubt = doubtful(scores)
	if keep = surprising(scores); keep > 0 {
		v.expected, v.begun = nil, 0
		v.doubt = false
	}
	return keep
}
