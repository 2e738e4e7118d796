package adaptive

import (
	"math"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// Progress may grow in any curve, so a Learner does not learn the curve. It learns what a report of
// progress means: in each bin of progress, the ratio of the whole duration to the age at the
// report. For a watch whose job reports progress, it then expects a log-normal duration, if that is
// narrower than the distribution without progress.

const (
	progressBins = 16
	// minReports is the number of reports that a bin needs before it is used. maxReports is the number
	// that it remembers.
	minReports = 6
	maxReports = 40
	// narrower is the largest ratio of the spread by progress to the spread without it, at which
	// progress is used.
	narrower = 0.75
	// leastSpread is the smallest spread of a bin, so that no bin counts as certain.
	leastSpread = 0.01
	// meanTop bounds the mean of a bin: the longest job lasts maxSeconds, and the earliest report is a
	// nanosecond old. No variance exceeds its square.
	meanTop = 40
)

// reports is what was learned in one bin: the mean and the variance of the logarithm of the ratio,
// over the newest reports.
type reports struct {
	n, mean, variance float32
	costs             *costs // of polls, nil before there are minReports
}

// reported returns the reports of a bin together with the costs that follow from them.
func reported(n, mean, variance float32) reports {
	r := reports{n: n, mean: min(mean, meanTop), variance: min(variance, meanTop*meanTop)}
	if n >= minReports {
		r.costs = costsOf(float64(mean), r.sd())
	}
	return r
}

// sd returns the standard deviation of the logarithm of the ratio, for the next job.
func (r *reports) sd() float64 {
	n := float64(r.n)
	return math.Sqrt(float64(r.variance)*(n+1)/(n-1) + leastSpread*leastSpread)
}

// progress is what was learned in each bin. It does not change once Next can read it.
type progress [progressBins]reports

// bin returns the bin of a share of the work.
func bin(share float64) int { return min(int(share*progressBins), progressBins-1) }

// with returns p with the marks of one more job added. The duration of the job is in (after,
// before].
func (p *progress) with(marks []backoff.Mark, s span) *progress {
	whole := float64(s.after+s.before) / 2
	out := &progress{}
	if p != nil {
		*out = *p
	}
	var touched [progressBins]bool
	for _, m := range marks {
		age := m.Age.Seconds()
		if !(m.Progress > 0 && m.Progress <= 1 && age > 0 && age <= whole) {
			continue
		}
		touched[bin(m.Progress)] = true
		r := &out[bin(m.Progress)]
		r.n = min(r.n+1, maxReports)
		x := float32(math.Log(whole / age))
		d := x - r.mean
		r.mean += d / r.n
		r.variance += (d*(x-r.mean) - r.variance) / r.n
	}
	for i, r := range out {
		if touched[i] {
			out[i] = reported(r.n, r.mean, r.variance)
		}
	}
	return out
}

// outlook returns the distribution that the reports of a share of the work suggest. It returns
// false if there are too few reports.
func (p *progress) outlook(share float64) (o outlook, ok bool) {
	if p == nil || !(share > 0 && share <= 1) {
		return outlook{}, false
	}
	r := &p[bin(share)]
	if r.costs == nil {
		return outlook{}, false
	}
	return outlook{mean: float64(r.mean), sd: r.sd(), costs: r.costs}, true
}

// An outlook is the log-normal distribution of the ratio of a job's duration to its age.
type outlook struct {
	mean, sd float64 // of the logarithm
	costs    *costs
}

// costs are the costs of polls at ratios that are a step apart, divided by the probability that the
// poll finds the end. A cost has two parts: the poll, and the delay until it in units of the age.
// Neither depends on the age.
type costs [16]struct{ poll, delay float32 }

// The step between the polls that are compared, in standard deviations, and the position of the
// first of them, unless the job is past that.
const costsStep, costsFrom = 0.36, -2.0

// firstCost returns the position of the first poll that is compared, in standard deviations from
// the mean.
func firstCost(mean, sd float64) float64 { return max(costsFrom, -mean/sd+costsStep/4) }

func costsOf(mean, sd float64) *costs {
	normal := shapes()[0]
	z0 := -mean / sd // the age
	done, partly, whole := normal.cumulative(z0), normal.cumulative(z0-sd), math.Exp(mean+sd*sd/2)
	first := firstCost(mean, sd)
	ratio, grow := math.Exp(mean+sd*first), math.Exp(sd*costsStep)
	c := &costs{}
	for i := range c {
		z := first + costsStep*float64(i)
		if chance := normal.cumulative(z) - done; chance > 1e-9 {
			c[i].poll = float32((1 - done) / chance)
			c[i].delay = float32(ratio - whole*(normal.cumulative(z-sd)-partly)/chance)
		} else {
			c[i].poll = float32(math.Inf(1))
		}
		ratio *= grow
	}
	return c
}

// soon returns the time of the poll after age: the poll with the least cost. If the remaining time
// is exponential, this is the best schedule. Otherwise it is close to the best, and the poll brings
// a new report of progress.
func (o outlook) soon(age, kappa float64) float64 {
	price := float32(kappa * age)
	sum := func(i int) float32 { return o.costs[i].poll + price*o.costs[i].delay }
	best, least := -1, float32(math.Inf(1))
	for i := range o.costs {
		if c := sum(i); c < least {
			best, least = i, c
		}
	}
	if best < 0 {
		return math.Inf(1)
	}
	at := float64(best)
	if best > 0 && best < len(o.costs)-1 {
		at += lowest(float64(sum(best-1)), float64(least), float64(sum(best+1)))
	}
	return age * math.Exp(o.mean+o.sd*(firstCost(o.mean, o.sd)+costsStep*at))
}

// lowest returns the minimum of the parabola through (-1, a), (0, b) and (1, c), if b is the least
// of the three.
func lowest(a, b, c float64) float64 {
	if curve := a - 2*b + c; curve > 0 && !math.IsInf(curve, 1) {
		return (a - c) / (2 * curve)
	}
	return 0
}

// spread sets in each step the standard deviation of the logarithm of a duration that is longer
// than the step.
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

// progressed returns the time of the poll after age by the reported progress. It returns false if p
// is the better guide.
func (p *plan) progressed(learned *progress, age, share float64) (at float64, ok bool) {
	o, ok := p.narrowed(learned, age, share)
	if !ok {
		return 0, false
	}
	at = o.soon(age, p.kappa)
	return p.bound(age, at), !math.IsInf(at, 1)
}

// narrowed returns the distribution by the reported progress. It returns false if p is the better
// guide.
func (p *plan) narrowed(learned *progress, age, share float64) (outlook, bool) {
	o, ok := learned.outlook(share)
	if !ok || !(age > 0) {
		return o, false
	}
	spread := float64(p.steps[p.find(float32(age))].spread)
	return o, spread == 0 || o.sd <= narrower*spread
}
