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

// Option sets one property of a Learner that [New] makes.
type Option func(*Learner)

// About sets how many requests a Learner makes for a job, on average over the jobs of a kind. It
// must be at least 1. The default, or 0, is [DefaultAbout]. Jobs that all take the same time get
// fewer requests. About and [Worth] exclude each other.
func About(requests float64) Option { return func(a *Learner) { a.about = set(requests) } }

// Worth sets the price of a request. One more request is made if, on average, it shortens the
// detection delay by at least the given delay. The delay must not be negative; 0 means no Worth.
// Worth and [About] exclude each other.
//
// With Worth(2*time.Second), jobs that take from 58 to 62 seconds are polled once or twice. Jobs
// that take a minute on average, and whose end is unpredictable, are polled about five times.
func Worth(delay time.Duration) Option {
	return func(a *Learner) { a.worth = set(delay.Seconds()) }
}

// Within limits the detection delay of each job to a share of the job's duration, in (0, 1]. This
// takes extra polls. With Within(0.1), a watch that has polled once never waits longer than a tenth
// of its age. By default, and with 0, the share is a half. It then applies only to jobs that run
// longer than nearly all jobs before them.
func Within(share float64) Option { return func(a *Learner) { a.within = set(share) } }

// Kinds limits the number of kinds that a Learner remembers. When a new kind exceeds the limit, the
// kind that was used least recently is forgotten. The limit must be at least 1. The default, or 0,
// is [DefaultKinds].
func Kinds(limit int) Option {
	return func(a *Learner) { a.limit = cmp.Or(limit, DefaultKinds) }
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
	a := &Learner{about: unset, worth: unset, within: unset, limit: DefaultKinds, kinds: map[string]*kind{}}
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
	said := func(v float64) bool { return !math.IsInf(v, -1) }
	if said(a.about) && !a.aboutValid() {
		errs = append(errs, fmt.Errorf("backoff: About(%v): requests a job must be at least 1", a.about))
	}
	if said(a.worth) && !a.worthValid() {
		errs = append(errs, fmt.Errorf("backoff: Worth(%vs): the delay must be above zero", a.worth))
	}
	if said(a.about) && said(a.worth) {
		errs = append(errs, fmt.Errorf("backoff: About(%v) and Worth(%vs): only one can be asked for", a.about, a.worth))
	}
	if said(a.within) && !(a.within > 0 && a.within <= 1) {
		errs = append(errs, fmt.Errorf("backoff: Within(%v): the share must be in (0, 1]", a.within))
	}
	if a.limit < 1 {
		errs = append(errs, fmt.Errorf("backoff: Kinds(%d): the limit must be at least 1", a.limit))
	}
	return errors.Join(errs...)
}

func (a *Learner) aboutValid() bool { return a.about >= 1 && a.about <= math.MaxInt32 }
func (a *Learner) worthValid() bool { return a.worth > 0 }

// wish is what the options ask of a plan: kappa polls for a second of delay, or else about so many
// polls a job.
type wish struct{ kappa, about, within float64 }

func (a *Learner) wish() wish {
	w := wish{about: DefaultAbout}
	if a.aboutValid() {
		w.about = a.about
	}
	if a.worthValid() && !a.aboutValid() {
		w.kappa = 1 / a.worth
	}
	if a.within > 0 && a.within <= 1 {
		w.within = a.within
	}
	return w
}
