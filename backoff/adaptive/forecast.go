package adaptive

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Forecast is what a [Learner] expects of the next job of a kind. It does not change when the
// Learner learns more. [Learner.Forecast] returns one.
type Forecast struct {
	// Jobs is the number of jobs that the forecast is based on, including those that still run. It is
	// 0 if the forecast is based on other kinds alone.
	Jobs int
	// Requests is the number of requests expected for a job, if no other job runs at the time.
	Requests float64
	// Delay is the expected detection delay: the time from the end of a job to the poll that sees it.
	Delay time.Duration

	plan *plan
}

// Forecast returns what the Learner expects of the next job of a kind. It returns false if it has
// seen no job of the kind end, and the other kinds are not enough for a forecast. It is safe for
// concurrent use.
func (a *Learner) Forecast(kind string) (Forecast, bool) {
	var p *plan
	if k := a.kinds.planned(kind); k != nil {
		p = k.plan.Load()
	}
	if x := a.kinship.kin.Load(); p == nil && x != nil {
		p = x.plan
	}
	if p == nil {
		return Forecast{}, false
	}
	f := Forecast{Jobs: p.jobs, plan: p}
	f.Requests, f.Delay = p.foresee()
	return f, true
}

// Quantile returns the duration that the given share of jobs does not exceed. Quantile(0.5) is the
// median. The share is from 0 to 1, but a share below 0.001 or above 0.999 counts as that bound, so
// Quantile(1) is not a maximum. The Quantile of the zero Forecast is 0.
func (f Forecast) Quantile(share float64) time.Duration { return f.Remaining(0, share) }

// Remaining returns the further time within which the given share of the jobs that have reached an
// age will end. The share is as for [Forecast.Quantile]. Remaining(age, 0.5) is an estimate of the
// remaining time for a progress bar. A job that has run longer than nearly all known jobs is
// expected to run for about as long again: Remaining(age, 0.5) is then the age.
func (f Forecast) Remaining(age time.Duration, share float64) time.Duration {
	if f.plan == nil {
		return 0
	}
	from, share := max(age, 0).Seconds(), min(max(share, negligiblyFew), 1-negligiblyFew)
	live, _ := f.plan.beyond(from)
	if live*float64(max(f.Jobs, fewJobs)+1) < 1 {
		return instant.Saturated(from * share / (1 - share) * 1e9)
	}
	return instant.Saturated((f.plan.ending(from, share) - from) * 1e9)
}

// fewJobs is how many jobs a plan stands for at least. A plan from fewer jobs also contains prior
// knowledge.
const fewJobs = 20

// String returns the forecast as one line.
func (f Forecast) String() string {
	if f.plan == nil {
		return "nothing is known"
	}
	short := func(d time.Duration) time.Duration {
		digit := time.Duration(1)
		for d/digit >= 1000 {
			digit *= 10
		}
		return d.Round(digit)
	}
	return fmt.Sprintf("%d jobs: half end within %v, 9 of 10 within %v, 99 of 100 within %v; %.1f requests a job, %v late", f.Jobs,
		short(f.Quantile(0.5)), short(f.Quantile(0.9)), short(f.Quantile(0.99)), f.Requests, short(f.Delay))
}

// String returns what the Learner has learned: one line for each kind, in the order of their names.
func (a *Learner) String() string {
	kinds := a.kinds.byUse()
	sort.Slice(kinds, func(i, j int) bool { return kinds[i].name < kinds[j].name })
	var lines []string
	for _, k := range kinds {
		if f, ok := a.Forecast(k.name); ok && f.Jobs > 0 {
			lines = append(lines, fmt.Sprintf("%q: %v", k.name, f))
		}
	}
	if len(lines) == 0 {
		return "nothing is known"
	}
	return strings.Join(lines, "\n")
}

// foresee returns the expected requests and detection delay of a job by the plan p.
func (p *plan) foresee() (requests float64, delay time.Duration) {
	const rare, most = 1e-4, 10_000
	w, late := watch{}, 0.0
	for w.Attempt < most {
		live, area := p.beyond(w.age)
		if live < rare {
			break
		}
		at := max(p.after(&w, false), w.age+leastWait.Seconds())
		_, until := p.beyond(at)
		requests += live
		late += max((at-w.age)*live-(until-area), 0)
		w.age = at
		w.Attempt++
	}
	return requests, instant.Saturated(late * 1e9)
}

// ending returns the age by which the given share of the jobs that last longer than from have
// ended. It is at least from.
func (p *plan) ending(from, share float64) float64 {
	live, _ := p.beyond(from)
	target := float32(live * (1 - share))
	last := len(p.steps) - 1
	i := sort.Search(last, func(i int) bool { return p.steps[i].live <= target })
	s := p.steps[i]
	at := float64(s.end)
	if i > 0 {
		if b := p.steps[i-1]; b.live > s.live {
			part := float64(b.live-max(target, s.live)) / float64(b.live-s.live)
			at = float64(b.end) + min(max(part, 0), 1)*(float64(s.end)-float64(b.end))
		}
	}
	return math.Max(at, from)
}

// negligiblyFew is the smallest share of jobs that counts.
const negligiblyFew = 1e-3
