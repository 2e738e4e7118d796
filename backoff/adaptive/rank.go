package adaptive

import (
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// A poll that finds the end is one that each job needs anyway; what a poll may cost is that it
// finds none. So the rank of a poll is the delay expected of the job so far, for each request that
// is then expected to be lost. It rises with time, and it is near Whittle's index of the restless
// bandit whose arms are the watches (Whittle 1988): where what remains has no memory, and x of its
// mean has passed, the one is (x−1)·eˣ+1 and the other eˣ−1−x of that mean.

// certainty is what a poll that is certain to find the end counts for, in requests lost: so that of
// two such the one whose job is longer overdue comes first, and one that is nearly certain is not
// kept waiting by them for ever.
const certainty = 0.1

// Rank returns how important it is to poll a job now: see [backoff.Ranker]. The result is the
// expected detection delay so far, in seconds, divided by p + 0.1, where p is the probability that
// the job has not ended yet. It is 0 if since is 0, and does not decrease as since grows. For a
// kind that the Learner does not know, Rank assumes that any duration is possible.
func (a *Learner) Rank(p backoff.Poll, since time.Duration) float64 {
	age, passed := max(p.Elapsed, 0).Seconds(), max(since, 0).Seconds()
	k := a.known(p.Kind)
	if k == nil {
		return rank(unknown(age, passed, a.wish().rate(age)))
	}
	plan := k.plan.Load()
	if p.Progress > 0 {
		if o, ok := plan.narrowed(k.progress.Load(), age, p.Progress); ok {
			return rank(o.expected(age, passed))
		}
	}
	return rank(plan.expected(age, passed))
}

// rank is the rank of a poll that finds the end with the given chance. The delay is what is
// expected for the job if it is not polled.
func rank(chance, delay float64) float64 { return max(delay, 0) / (1 + certainty - min(chance, 1)) }

// unknown returns the chance that a job which ran at an age has ended when more time has passed,
// and the expected delay. It is for kinds of which nothing is known. It assumes that the chance to
// last beyond t falls as 1/√t: then polls at n²/κ are the best.
func unknown(age, passed, kappa float64) (chance, delay float64) {
	from, to := math.Sqrt(age+1/kappa), math.Sqrt(age+passed+1/kappa)
	chance = (to - from) / to
	return chance, (to - from) * (to - from)
}

// expected is as unknown, by what p lets one expect.
func (p *plan) expected(age, passed float64) (chance, delay float64) {
	live, area := p.beyond(age)
	if age >= float64(p.steps[len(p.steps)-1].end) || live <= 0 {
		return unknown(age, passed, p.kappa)
	}
	liveNow, areaNow := p.beyond(age + passed)
	return 1 - liveNow/live, passed - (areaNow-area)/live
}

// beyond is the chance of a duration beyond t, and its integral up to t.
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

// area fills in the steps the integral of live.
func (p problem) area(steps []step) {
	sum := 0.0
	for i := 1; i < len(p.time); i++ {
		sum += (p.time[i] - p.time[i-1]) * (p.live[i] + p.live[i-1]) / 2
		steps[i].area = float32(sum)
	}
}

// expected is as unknown, by what o lets one expect. The delay is the integral of the chance, by
// Simpson's rule.
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
