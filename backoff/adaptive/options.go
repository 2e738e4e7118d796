package adaptive

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"
)

// Defaults of [New].
const (
	// DefaultAbout is the default of [About]: the mean number of requests for a job.
	DefaultAbout = 5.0
	// DefaultKinds is the default of [Kinds]: the number of kinds that a Learner remembers.
	DefaultKinds = 1024
)

// Option sets one property of a Learner that [New] makes. A nil Option has no effect.
type Option func(*Learner)

// About sets how many requests a Learner makes for a job, on average over the jobs of a kind. It
// must be at least 1. The default, or 0, is [DefaultAbout]. Jobs that all take the same time get
// fewer requests. About and [Worth] exclude each other.
func About(requests float64) Option { return func(a *Learner) { a.goal.about = set(requests) } }

// Worth sets the price of a request. One more request is made if, on average, it shortens the
// detection delay by at least the given delay. The delay must not be negative; 0 means the default,
// which is no price. Worth and [About] exclude each other.
//
// With Worth(2*time.Second), jobs that take from 58 to 62 seconds are polled once or twice. Jobs
// that take a minute on average, and whose end is unpredictable, are polled about five times.
func Worth(delay time.Duration) Option {
	return func(a *Learner) { a.goal.worth = set(delay.Seconds()) }
}

// Within limits the detection delay of each job to a share of the job's duration, in (0, 1]. This
// takes extra polls. With Within(0.1), a watch that has polled once never waits longer than a tenth
// of its age. By default, or with 0, the share is a half, but only for jobs that run longer than
// nearly all jobs before them.
func Within(share float64) Option { return func(a *Learner) { a.goal.within = set(share) } }

// Kinds limits the number of kinds that a Learner remembers. When a new kind exceeds the limit, the
// kind that was used least recently is forgotten. The limit must be at least 1. The default, or 0,
// is [DefaultKinds].
func Kinds(limit int) Option {
	return func(a *Learner) { a.kinds.limit = cmp.Or(limit, DefaultKinds) }
}

// unset is the value of a number that no option has set.
var unset = math.Inf(-1)

// set returns v, or unset for 0.
func set(v float64) float64 {
	if v == 0 {
		return unset
	}
	return v
}

// New returns a Learner that has learned nothing yet. In place of an impossible value, it uses the
// default. [Learner.Validate] reports such values, and jobstatus.New returns its error.
func New(opts ...Option) *Learner {
	a := &Learner{goal: goal{unset, unset, unset}, kinds: kinds{limit: DefaultKinds, all: map[string]*kind{}}}
	for _, opt := range opts {
		if opt != nil {
			opt(a)
		}
	}
	return a
}

// Validate returns an error that names each option with an impossible value, or nil.
func (a *Learner) Validate() error {
	var errs []error
	g := &a.goal
	said := func(v float64) bool { return !math.IsInf(v, -1) }
	if said(g.about) && !g.aboutValid() {
		errs = append(errs, fmt.Errorf("adaptive: About(%v): requests a job must be at least 1", g.about))
	}
	if said(g.worth) && !g.worthValid() {
		errs = append(errs, fmt.Errorf("adaptive: Worth(%v): the delay must be above zero", g.delay()))
	}
	if said(g.about) && said(g.worth) {
		errs = append(errs, fmt.Errorf("adaptive: About(%v) and Worth(%v): only one can be asked for", g.about, g.delay()))
	}
	if said(g.within) && !(g.within > 0 && g.within <= 1) {
		errs = append(errs, fmt.Errorf("adaptive: Within(%v): the share must be in (0, 1]", g.within))
	}
	if a.kinds.limit < 1 {
		errs = append(errs, fmt.Errorf("adaptive: Kinds(%d): the limit must be at least 1", a.kinds.limit))
	}
	return errors.Join(errs...)
}

// goal is what the options ask for. The delay worth is in seconds. What was not said is unset.
type goal struct{ about, worth, within float64 }

func (g *goal) aboutValid() bool { return g.about >= 1 && g.about <= math.MaxInt32 }
func (g *goal) worthValid() bool { return g.worth > 0 }

// delay returns the argument of Worth.
func (g *goal) delay() time.Duration { return time.Duration(math.Round(g.worth * 1e9)) }

// wish is what the options ask of a plan: kappa polls for a second of delay, or else about so many
// polls a job.
type wish struct{ kappa, about, within float64 }

func (g *goal) wish() wish {
	w := wish{about: DefaultAbout}
	if g.aboutValid() {
		w.about = g.about
	}
	if g.worthValid() && !g.aboutValid() {
		w.kappa = 1 / g.worth
	}
	if g.within > 0 && g.within <= 1 {
		w.within = g.within
	}
	return w
}
