package adaptive

import (
	"math"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// Where a service reports progress, what is learned of it is not how progress runs, which may be in
// any curve, but what it meant so far: in each bin of progress, the ratio of the whole duration to
// the age at which that progress was reported. A watch whose job reports progress then expects a
// log-normal duration, if that is narrower than what it would expect without.

const (
	progressBins = 16
	// minReports in a bin are needed before it says something, and maxReports are as many as it
	// remembers.
	minReports = 6
	maxReports = 40
	// narrower is how much narrower the spread by progress must be than the spread without, to be
	// preferred.
	narrower = 0.75
	// leastSpread keeps a bin from being taken for certain.
	leastSpread = 0.01
)

// reports is what was learned in one bin: the mean and the variance of the logarithm of the ratio,
// of the newest.
type reports struct{ n, mean, variance float32 }

// progress is what was learned in each bin. It does not change once a Poll can see it.
type progress [progressBins]reports

// bin is the bin of a share of the work.
func bin(share float64) int { return min(int(share*progressBins), progressBins-1) }

// with is p and what the marks of one job say that took a duration in (after, before].
func (p *progress) with(marks []backoff.Mark, s span) *progress {
	whole := float64(s.after+s.before) / 2
	out := &progress{}
	if p != nil {
		*out = *p
	}
	for _, m := range marks {
		age := m.Age.Seconds()
		if !(m.Progress > 0 && m.Progress <= 1 && age > 0 && age <= whole) {
			continue
		}
		r := &out[bin(m.Progress)]
		r.n = min(r.n+1, maxReports)
		x := float32(math.Log(whole / age))
		d := x - r.mean
		r.mean += d / r.n
		r.variance += (d*(x-r.mean) - r.variance) / r.n
	}
	return out
}

// expect returns the log-normal duration that progress lets one expect of a job of the given age:
// the mean and the standard deviation of its logarithm.
func (p *progress) expect(age, share float64) (mean, sd float64, ok bool) {
	if p == nil || !(share > 0 && share <= 1 && age > 0) {
		return 0, 0, false
	}
	r := p[bin(share)]
	if r.n < minReports {
		return 0, 0, false
	}
	n := float64(r.n)
	sd = math.Sqrt(float64(r.variance)*(n+1)/(n-1) + leastSpread*leastSpread)
	return math.Log(age) + float64(r.mean), sd, true
}

// soon is the time of the poll after age for a job whose duration is log-normal: the one at which
// the cost of a poll and of the delay until it, for each chance that it finds the end, is least.
// That is the best schedule where what remains has no memory, and near it elsewhere; and there will
// be news of the progress by then.
func soon(age, mean, sd, kappa float64) float64 {
	const from, to, step, enough = -2.0, 3.5, 0.25, 1.2
	normal := shapes()[0]
	z0 := (math.Log(age) - mean) / sd
	whole := math.Exp(mean + sd*sd/2)
	done, partly := normal.cumulative(z0), normal.cumulative(z0-sd)
	cost := func(z, at float64) float64 {
		chance := normal.cumulative(z) - done
		if chance <= 1e-9 {
			return math.Inf(1)
		}
		delay := at*chance - whole*(normal.cumulative(z-sd)-partly)
		return (1 - done + kappa*delay) / chance
	}
	z := max(from, z0+step/4)
	at, grow := math.Exp(mean+sd*z), math.Exp(sd*step)
	best, bestZ, least := math.Inf(1), z, math.Inf(1)
	for end := max(to, z0+2); z <= end; z += 2 * step {
		c := cost(z, at)
		if c < least {
			best, bestZ, least = at, z, c
		} else if c > enough*least {
			break // it only rises from here
		}
		at *= grow * grow
	}
	if math.IsInf(best, 1) {
		return best
	}
	middle := best
	if c := cost(bestZ+step, middle*grow); c < least {
		best, least = middle*grow, c
	}
	if z := bestZ - step; z > z0 && cost(z, middle/grow) < least {
		best = middle / grow
	}
	return best
}

// spread fills in the steps the standard deviation of the logarithm of a duration that is longer
// than each.
func (p problem) spread(steps []step) {
	var mass, sum, square float64
	for i := len(p.time) - 1; i >= 0; i-- {
		if mass > 0 {
			steps[i].spread = float32(math.Sqrt(max(square/mass-sum*sum/mass/mass, 0)))
		}
		if i > 0 {
			y := math.Log(p.time[i])
			mass += p.mass[i-1]
			sum += p.mass[i-1] * y
			square += p.mass[i-1] * y * y
		}
	}
}

// progressed is the time of the poll after age that progress suggests, if it knows better than p.
func (p *plan) progressed(learned *progress, age float64, share float64) (at float64, ok bool) {
	mean, sd, ok := p.expect(learned, age, share)
	if !ok {
		return 0, false
	}
	at = soon(age, mean, sd, p.kappa)
	return p.bound(age, at), !math.IsInf(at, 1)
}

// expect returns the log-normal duration that progress lets one expect, if it knows better than p.
func (p *plan) expect(learned *progress, age, share float64) (mean, sd float64, ok bool) {
	mean, sd, ok = learned.expect(age, share)
	if !ok {
		return 0, 0, false
	}
	spread := float64(p.steps[p.find(float32(age))].spread)
	return mean, sd, spread == 0 || sd <= narrower*spread
}
