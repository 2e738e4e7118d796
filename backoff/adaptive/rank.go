package adaptive

import (
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// Each job needs one poll that finds its end, so only a poll that finds no end is a cost. The rank
// of a poll is the expected delay so far, divided by the expected number of such lost polls. It
// rises with time, and is close to Whittle's index of the restless bandit whose arms are the
// watches (Whittle 1988). If the remaining time is exponential, and x times its mean has passed,
// the rank is (x−1)·eˣ+1 and Whittle's index is eˣ−1−x, both in units of that mean.

// certainty is the number of lost polls that is added to every poll. Without it, the rank of a poll
// that is certain to find the end would be infinite. With it, of two such polls the longer overdue
// one comes first, and they do not delay a nearly certain poll forever.
const certainty = 0.1

// Rank returns how important it is to poll a job now: see [backoff.Ranker]. The result is the
// expected detection delay so far, in seconds, divided by q + 0.1. Here q is the probability that
// the job has not ended yet. The result is 0 if since is 0, and does not decrease as since grows.
// For a kind that the Learner does not know, Rank assumes that any duration is possible.
func (a *Learner) Rank(p backoff.Poll, since time.Duration) float64 {
	age, passed := max(p.Elapsed, 0).Seconds(), max(since, 0).Seconds()
	k := a.kinds.planned(p.Kind)
	if k == nil {
		return rank(unknown(age, passed, a.goal.wish().rate(age)))
	}
	plan := k.plan.Load()
	if p.Progress > 0 {
		if o, ok := plan.narrowed(k.progress.Load(), age, p.Progress); ok {
			return rank(o.expected(age, passed))
		}
	}
	return rank(plan.expected(age, passed))
}

// rank returns the rank of a poll that finds the end with the given probability. The delay is the
// expected detection delay of the job so far.
func rank(chance, delay float64) float64 { return max(delay, 0) / (1 + certainty - min(chance, 1)) }

// unknown returns the probability that a job which ran at an age has ended after more time has
// passed, and the expected delay. It is for kinds without any data. It assumes that the probability
// of lasting longer than t falls as 1/√t. Polls at n²/κ are then the best.
func unknown(age, passed, kappa float64) (chance, delay float64) {
	from, to := math.Sqrt(age+1/kappa), math.Sqrt(age+passed+1/kappa)
	chance = (to - from) / to
	return chance, (to - from) * (to - from)
}

// expected returns the same as unknown, by the distribution of p.
func (p *plan) expected(age, passed float64) (chance, delay float64) {
	live, area := p.beyond(age)
	if age >= float64(p.steps[len(p.steps)-1].end) || live <= 0 {
		return unknown(age, passed, p.kappa)
	}
	liveNow, areaNow := p.beyond(age + passed)
	return 1 - liveNow/live, passed - (areaNow-area)/live
}

// beyond returns the probability of a duration longer than t, and its integral from 0 to t.
func (p *plan) beyond(t float64) (live, area float64) {
	i := p.find(float32(t))
	s := p.steps[i]
	if i == 0 || t >= float64(s.end) {
		live = float64(s.live)
		return live, float64(s.area) + (t-float64(s.end))*live
	}
	b := p.steps[i-1]
	past, width := t-float64(b.end), float64(s.end-b.end)
	live = float64(b.live) - past/width*float64(b.live-s.live)
	return live, float64(b.area) + past*(float64(b.live)+live)/2
}

// area sets the integral of live in each step.
func (p problem) area(steps []step) {
	sum := 0.0
	for i := 1; i < len(p.time); i++ {
		sum += (p.time[i] - p.time[i-1]) * (p.live[i] + p.live[i-1]) / 2
		steps[i].area = float32(sum)
	}
}

// expected returns the same as unknown, by the distribution of o. The delay is the integral of the
// probability, by Simpson's rule.
func (o outlook) expected(age, passed float64) (chance, delay float64) {
	normal := shapes()[0]
	z0 := -o.mean / o.sd
	done := normal.cumulative(z0)
	by := func(share float64) float64 {
		return (normal.cumulative(z0+math.Log1p(share*passed/age)/o.sd) - done) / (1 - done)
	}
	chance = by(1)
	return chance, passed / 12 * (4*by(0.25) + 2*by(0.5) + 4*by(0.75) + chance)
}
