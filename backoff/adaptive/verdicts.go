package adaptive

import "weak"

// verdicts are the scores of the newest spans, in the order in which their watches began. The score
// of a watch compares its duration with what was expected when it began.
type verdicts struct {
	expected *expected // of watches from the number on
	from     uint32
	scores   [maxScores]score // of the span of a number, at that number modulo maxScores
	done     [maxScores]bool  // the span is complete
	begun    uint32           // from which number on there are scores
	doubt    bool
}

// begin prepares for a span that is about to be appended.
func (v *verdicts) begin(k *kind) {
	number := k.first + uint32(len(k.spans))
	if v.expected == nil || k.roster.followed == 0 || number-v.from >= maxScores {
		if p := k.plan.Load(); p != nil && p.jobs >= minSpans && (v.expected == nil || v.expected.plan != weak.Make(p)) {
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
func (v *verdicts) commit(k *kind, number uint32) (remarkable bool) {
	if v.expected == nil || k.first+uint32(len(k.spans))-number > maxScores {
		return false
	}
	s := v.expected.score(*k.at(number))
	v.scores[number%maxScores], v.done[number%maxScores] = s, true
	return s.odd || s.z > judgeFrom || s.z < -judgeFrom
}

// judgeFrom is the absolute score from which a single score is a reason to judge all scores.
const judgeFrom = 2

// remove closes the gap of a removed span: the number of each later span falls by one.
func (v *verdicts) remove(k *kind, number uint32) {
	for n := number; n < k.first+uint32(len(k.spans)); n++ {
		v.scores[n%maxScores], v.done[n%maxScores] = v.scores[(n+1)%maxScores], v.done[(n+1)%maxScores]
	}
}

// judge looks for a surprise in the scores. It returns how many of the newest spans to keep because
// of it, or 0 if there is no surprise.
func (v *verdicts) judge(k *kind) (keep int) {
	if v.expected == nil {
		return 0
	}
	var all [maxScores]score
	scores := all[:0]
	end := k.first + uint32(len(k.spans))
	for n := max(k.first, v.begun, end-min(maxScores, end)); n < end; n++ {
		s := v.scores[n%maxScores]
		if x := k.at(n); !v.done[n%maxScores] && !x.blank() {
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
