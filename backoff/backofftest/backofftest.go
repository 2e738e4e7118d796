// Package backofftest checks that a [backoff.Strategy] keeps the rules that a Watcher relies on.
// The author of a Strategy writes
//
//	func TestMyStrategy(t *testing.T) {
//		make := func() backoff.Strategy { return MyStrategy(time.Second) }
//		backofftest.Run(t, make, backofftest.Limits{Cap: time.Minute})
//	}
//
// and runs it with -race.
package backofftest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// Limits are bounds that a Strategy keeps while the service asks for no wait. The zero value sets
// no bounds beyond the rules of [backoff.Strategy]. A negative bound, or a Floor above Cap, fails
// the check.
type Limits struct {
	// Cap is the longest wait. Zero means no cap.
	Cap time.Duration
	// Past is how far jitter may exceed Cap, as a share of Cap. Zero means that Cap includes the
	// jitter.
	Past float64
	// Floor is the shortest wait after the first poll. Zero means that any wait above zero is allowed.
	Floor time.Duration
}

// Run checks the Strategy that factory makes. Each rule is a subtest, whose failure says what the
// rule is for. Each call of factory must return a new Strategy that has learned nothing.
//
// There are further rules for a [backoff.Ranker], a [backoff.Learner] and a [backoff.Follower]. If
// a Learner is an [encoding.BinaryMarshaler] and an [encoding.BinaryUnmarshaler], Run also checks
// that it loads what it saves.
func Run(t *testing.T, factory func() backoff.Strategy, limits Limits) {
	t.Helper()
	first := factory()
	if err := unfit(first, limits); err != nil {
		t.Error(err)
		return
	}
	for _, r := range rulesFor(first) {
		t.Run(r.name, func(t *testing.T) {
			if err := r.check(subject{t, factory, limits, factory()}); err != nil {
				t.Errorf("%v\n%s", err, r.why)
			}
		})
	}
}

// Check returns the failures that Run would report, each with the name of its rule and what the
// rule is for, or nil. It uses t only to run code in virtual time, and does not fail it.
func Check(t *testing.T, factory func() backoff.Strategy, limits Limits) error {
	first := factory()
	if err := unfit(first, limits); err != nil {
		return err
	}
	var errs []error
	for _, r := range rulesFor(first) {
		if err := r.check(subject{t, factory, limits, factory()}); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", r.name, err, r.why))
		}
	}
	return errors.Join(errs...)
}

// unfit returns why nothing can be checked, or nil.
func unfit(s backoff.Strategy, l Limits) error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(s == nil, "the factory returned no Strategy")
	wrong(l.Cap < 0, "Limits.Cap is %v, want zero or more", l.Cap)
	wrong(!(l.Past >= 0), "Limits.Past is %v, want zero or more", l.Past)
	wrong(l.Floor < 0, "Limits.Floor is %v, want zero or more", l.Floor)
	wrong(0 < l.Cap && l.Cap < l.Floor, "Limits.Floor, %v, exceeds Limits.Cap, %v", l.Floor, l.Cap)
	if errs == nil {
		return answersSoon(s)
	}
	return errors.Join(errs...)
}

// patience is how long a Strategy may take for the answers to all polls, on the real clock.
const patience = 5 * time.Second

// answersSoon returns an error if s blocks or takes long, so that a check of the rules would not
// end.
func answersSoon(s backoff.Strategy) error {
	var now atomic.Pointer[backoff.Poll] // nil while s learns
	done := make(chan struct{})
	answer := func() {
		for _, p := range polls {
			now.Store(&p)
			_, _ = ask(s, p) // the rules report what is wrong with the answer
		}
	}
	go func() {
		defer close(done)
		answer()
		if l, ok := s.(backoff.Learner); ok {
			now.Store(nil)
			_ = teach(l, outcomes)
			answer()
		}
	}()
	bound := time.NewTimer(patience)
	defer bound.Stop()
	select {
	case <-done:
		return nil
	case <-bound.C:
	}
	p := now.Load()
	if p == nil {
		return fmt.Errorf("the method Observe has not returned within %v. It must not block", patience)
	}
	return fmt.Errorf("Next(%+v) has not returned, and %d polls have taken %v. Next must not block, and must not loop over the attempts",
		*p, len(polls), patience)
}

// ask returns the answer of s to a poll. A panic is an error.
func ask(s backoff.Strategy, p backoff.Poll) (d time.Duration, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Next(%+v) panicked: %v", p, v)
		}
	}()
	return s.Next(p), nil
}

// subject is a Strategy that is checked, new or after it has learned. A Ranker, a Learner and a
// Follower have subjects of their own.
type subject struct {
	t       *testing.T
	factory func() backoff.Strategy
	limits  Limits
	s       backoff.Strategy
}

// rule is a rule and its check of a new Strategy.
type rule struct {
	name, why string
	check     func(subject) error
}

func rulesFor(s backoff.Strategy) []rule {
	all := slices.Clone(rules)
	if _, ok := s.(backoff.Ranker); ok {
		all = append(all, rankerRules...)
	}
	if _, ok := s.(backoff.Learner); ok {
		all = append(all, learnerRules...)
	}
	if _, ok := s.(backoff.Follower); ok {
		all = append(all, followerRules...)
	}
	return all
}

var rules = []rule{
	{"never negative", "A timer with a negative wait fires at once, so the watch would poll without a pause.", subject.positive},
	{"never spins", "After the first poll a wait must be above zero, and at least Limits.Floor.", subject.floored},
	{"never past its cap", "A cap promises that the end of a job is seen within that time. Jitter must stay below it, unless " +
		"Limits.Past allows more.", subject.capped},
	{"no overflow", "A watch may make any number of polls. Sums and powers must stop at the longest wait and must not overflow.",
		subject.saturated},
	{"pure", "Next must depend on the Poll alone, not on earlier calls or on chance. Only then can watches share one " +
		"Strategy, and a resumed watch continue as before.", subject.pure},
	{"safe for concurrent use", "All watches of a Watcher call the same Strategy, from many goroutines at once.", subject.concurrent},
	{"no allocation", "Next is called for every poll of every watch.", subject.frugal},
	{"no clock of its own", "Next must take the time from Poll.Elapsed, so that it also works on the clock of a test. " +
		"It must not block.", subject.timeless},
}

// holds returns what is wrong with the Strategy as it now is.
func (x subject) holds() error {
	errs := []error{x.positive(), x.floored(), x.capped(), x.saturated(), x.pure(), x.frugal()}
	if r, ok := x.s.(backoff.Ranker); ok {
		errs = append(errs, ranker{r}.holds())
	}
	return errors.Join(errs...)
}

func (x subject) positive() error {
	return each(x.s, near, func(p backoff.Poll, d time.Duration) bool { return d >= 0 })
}

func (x subject) floored() error { return x.bounded(near, x.below) }

func (x subject) capped() error { return x.bounded(near, x.above) }

func (x subject) saturated() error {
	return x.bounded(far, func(p backoff.Poll, d time.Duration) string {
		if d <= 0 {
			return "is not above zero"
		}
		return x.above(p, d)
	})
}

// bounded asks x all of ps. It returns an error for the first answer beyond a bound, which beyond
// names.
func (x subject) bounded(ps []backoff.Poll, beyond func(backoff.Poll, time.Duration) (which string)) error {
	which := ""
	err := each(x.s, ps, func(p backoff.Poll, d time.Duration) bool {
		which = beyond(p, d)
		return which == ""
	})
	if which != "" {
		return fmt.Errorf("%w, which %s", err, which)
	}
	return err
}

func (x subject) below(p backoff.Poll, d time.Duration) string {
	switch {
	case p.Attempt == 0:
		return ""
	case d <= 0:
		return "is not above zero"
	case p.RetryAfter <= 0 && d < x.limits.Floor:
		return fmt.Sprintf("is below Limits.Floor, %v", x.limits.Floor)
	default:
		return ""
	}
}

func (x subject) above(p backoff.Poll, d time.Duration) string {
	most := float64(x.limits.Cap) * (1 + x.limits.Past)
	switch {
	case x.limits.Cap == 0 || p.RetryAfter > 0 || float64(d) <= most:
		return ""
	case x.limits.Past > 0:
		return fmt.Sprintf("exceeds Limits.Cap with Limits.Past, %v", time.Duration(most))
	default:
		return fmt.Sprintf("exceeds Limits.Cap, %v", x.limits.Cap)
	}
}

func (x subject) pure() error {
	want, err := answers(x.s)
	if err != nil {
		return err
	}
	return unchanged(x.s, want)
}

func (x subject) concurrent() error {
	want, err := answers(x.s)
	if err != nil {
		return err
	}
	return together(8, func(int) error { return unchanged(x.s, want) })
}

// together calls f on n goroutines, which begin at the same time, and returns their errors.
func together(n int, f func(g int) error) error {
	errs := make([]error, n)
	var begun, ended sync.WaitGroup
	begun.Add(n)
	for g := range errs {
		ended.Go(func() {
			begun.Done()
			begun.Wait()
			errs[g] = f(g)
		})
	}
	ended.Wait()
	return errors.Join(errs...)
}

func (x subject) frugal() error {
	return each(x.s, pollsOf(7), func(p backoff.Poll, _ time.Duration) bool { return !allocates(func() { x.s.Next(p) }) })
}

var oneProcessor sync.Mutex

// allocates is testing.AllocsPerRun for use beside parallel tests: what they allocate meanwhile is
// not in all rounds.
func allocates(f func()) bool {
	oneProcessor.Lock()
	defer oneProcessor.Unlock()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const runs = 100
	var before, after runtime.MemStats
	for range 10 {
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		if after.Mallocs-before.Mallocs < runs {
			return false
		}
	}
	return true
}

func (x subject) timeless() (err error) {
	synctest.Test(x.t, func(*testing.T) {
		begin := time.Now()
		var want []time.Duration
		if want, err = answers(x.s); err != nil {
			return
		}
		if waited := time.Since(begin); waited != 0 {
			err = fmt.Errorf("a call of Next waited for %v itself", waited)
			return
		}
		time.Sleep(1001*time.Hour + time.Minute + time.Second + 1) // virtual
		err = unchanged(x.s, want)
	})
	return err
}

// near and far are what strategies are asked, and polls both.
var (
	near  = pollsOf(append([]int{100, 1000, 10_000}, upTo(63)...)...)
	far   = pollsOf(63, 64, 65, 127, 128, 129, 1<<20, math.MaxInt32)
	polls = slices.Concat(near, far)
)

func upTo(n int) (attempts []int) {
	for i := range n {
		attempts = append(attempts, i)
	}
	return attempts
}

var errPoll = errors.New("the poll failed")

// pollsOf returns polls at each attempt: usual ones, and some with the oddest values that a Watcher
// could come to.
func pollsOf(attempts ...int) (all []backoff.Poll) {
	for _, n := range attempts {
		age := time.Duration(n) * time.Second
		all = append(all,
			backoff.Poll{Key: "job-1", Attempt: n, Elapsed: age, Previous: time.Second},
			backoff.Poll{Key: "job-2", Kind: kinds[0], Attempt: n, Elapsed: age, Previous: time.Minute, State: "pending"},
			backoff.Poll{Key: "job-3", Kind: kinds[1], Attempt: n, Elapsed: age, Progress: 0.5, State: "running"},
			backoff.Poll{Key: "job-4", Attempt: n, Elapsed: age, RetryAfter: 7 * time.Second, Err: errPoll},
			backoff.Poll{Key: "job-5", Attempt: n, Elapsed: age, Progress: 0.97, State: "blocked", Err: context.DeadlineExceeded},
			backoff.Poll{Attempt: n, Elapsed: math.MaxInt64, Previous: math.MaxInt64, Progress: 1, State: "unknown"},
			backoff.Poll{Attempt: n, RetryAfter: math.MaxInt64, Progress: math.NaN()},
			backoff.Poll{Attempt: n, Elapsed: -1, Previous: -1, RetryAfter: -1, Progress: -1, State: "none"})
	}
	return all
}

// each asks s all of ps, and returns an error for the first answer that is not fine, or that is a
// panic.
func each(s backoff.Strategy, ps []backoff.Poll, fine func(backoff.Poll, time.Duration) bool) (err error) {
	var now backoff.Poll
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Next(%+v) panicked: %v", now, v)
		}
	}()
	for _, now = range ps {
		if d := s.Next(now); !fine(now, d) {
			return fmt.Errorf("Next(%+v) = %v", now, d)
		}
	}
	return nil
}

// answers returns what s answers to polls.
func answers(s backoff.Strategy) ([]time.Duration, error) {
	all := make([]time.Duration, 0, len(polls))
	err := each(s, polls, func(_ backoff.Poll, d time.Duration) bool {
		all = append(all, d)
		return true
	})
	return all, err
}

// unchanged asks s all polls again, the last one first, and returns an error unless it answers as
// before.
func unchanged(s backoff.Strategy, before []time.Duration) error {
	for i, p := range slices.Backward(polls) {
		asBefore := func(_ backoff.Poll, d time.Duration) bool { return d == before[i] }
		if err := each(s, []backoff.Poll{p}, asBefore); err != nil {
			return fmt.Errorf("%w, and was %v", err, before[i])
		}
	}
	return nil
}
