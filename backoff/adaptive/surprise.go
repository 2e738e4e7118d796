package adaptive

import (
	"math"
	"weak"
)

// A change of the jobs is detected by how far the newest spans lie to one side of what was expected
// before they began. The spans are in the order in which their watches began. A duration is
// compared by its normal deviate z. For a job that still runs, or whose end is not known exactly,
// the conditional mean of z is used. If the jobs have not changed, the sum of these means has the
// mean 0 at any time, however many of the jobs have ended.

const (
	maxScores = 64
	// surprise is the number of standard deviations from which the distance of the newest durations
	// from what was expected counts as a surprise. Jobs that do not change exceed it about once in ten
	// thousand jobs.
	surprise  = 5.0
	sameScore = 1e-3 // times that differ by a smaller share count as the same
	minSpans  = 5    // number of known spans from which scores are used
	doubtFrom = 3
	doubtFor  = 12
	// A span is odd if its probability for each unit of the logarithm of time is below oddChance. As
	// many odd spans as oddMost are a surprise.
	oddChance = 0.003
	oddMost   = 3
)

// score compares a span with what was expected.
type score struct {
	z      float32 // the position of the span, as a normal deviate in [-4, 4]
	weight float32 // how much the score says, in [0, 1]; 0 if the outcome was nearly certain
	ended  bool
	odd    bool // whether it ended where almost no end was expected, as between two sorts of jobs
}

// expected is the distribution that was expected: the probability that a job lasts longer than each
// time.
type expected struct {
	plan        weak.Pointer[plan] // only to recognize it
	times, live []float32
}

// beyond returns the probability of a duration longer than t.
func (e *expected) beyond(t float32) float64 {
	lo, hi := 0, len(e.times)-1
	for lo < hi {
		if mid := (lo + hi) / 2; e.times[mid] < t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || t >= e.times[lo] {
		return float64(e.live[lo])
	}
	part := float64((t - e.times[lo-1]) / (e.times[lo] - e.times[lo-1]))
	return float64(e.live[lo-1]) + part*float64(e.live[lo]-e.live[lo-1])
}

// score compares s with e.
func (e *expected) score(s span) score {
	from, to := e.beyond(s.after*(1-sameScore)), 0.0
	if s.ended() {
		to = e.beyond(s.before * (1 + sameScore))
	}
	out := score{ended: s.ended()}
	if out.ended {
		width := math.Log(float64(s.before)*(1+sameScore)) - math.Log(max(float64(s.after)*(1-sameScore), float64(s.before)/math.E))
		out.odd = from-to < oddChance*width
	}
	const least = 1e-3
	if from-to < least { // nearly exact
		out.z, out.weight = clip(deviate((from+to)/2)), 1
		return out
	}
	a, b := deviate(from), deviate(to)
	pa, pb := density(a), density(b)
	z := (pa - pb) / (from - to)
	variance := 1 + (weighted(a, pa)-weighted(b, pb))/(from-to) - z*z
	out.z, out.weight = clip(z), float32(min(max(1-variance, 0), 1))
	return out
}

// clip limits a deviate, so that no single job decides.
func clip(z float64) float32 { return float32(min(max(z, -4), 4)) }

// deviate returns the normal deviate that is exceeded with the probability live.
func deviate(live float64) float64 { return math.Sqrt2 * math.Erfinv(1-2*min(max(live, 0), 1)) }

func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }

func weighted(z, p float64) float64 {
	if math.IsInf(z, 0) {
		return 0
	}
	return z * p
}

// surprising returns the number of the newest scores, at least two, that together are farthest to
// one side of what was expected. It returns 0 if that is no surprise.
func surprising(scores []score) (m int) {
	most, sum, weight, odd := surprise, 0.0, 0.0, 0
	for i := range scores {
		s := scores[len(scores)-1-i]
		if s.odd {
			if odd++; odd == oddMost && m == 0 {
				m = i + 1
			}
		}
		sum += float64(s.z)
		weight += float64(s.weight)
		if z := math.Abs(sum) / math.Sqrt(weight+0.25); i > 0 && z > most {
			most, m = z, i+1
		}
	}
	return m
}

// doubtful reports whether one of the last few jobs ended so much sooner than expected that more
// probes are worth making. A job that took longer than expected is no reason for that. An early
// poll can only show that jobs have become shorter.
func doubtful(scores []score) bool {
	weight := 0.0
	for i := len(scores) - 1; i >= 0 && weight < doubtFor; i-- {
		s := scores[i]
		if s.odd && s.z < 0 || s.z < -doubtFrom {
			return true
		}
		if s.ended {
			weight += float64(s.weight)
		}
	}
	return false
}
