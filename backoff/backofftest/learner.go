package backofftest

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

var learnerRules = []rule{
	{"holds in any order of observations", "Watches end in any order. A Strategy must keep its rules also when it has " +
		"learned.", ofLearner(learner.ordered)},
	{"holds after hostile observations", "Clocks jump, services report ends before beginnings, and some jobs never end. An " +
		"impossible Outcome must not spoil what was learned.", ofLearner(learner.unspoilt)},
	{"safe to observe concurrently", "Watches end while Next is called for others.", ofLearner(learner.observed)},
	{"save and load agree", "A restarted program must continue as before. Damaged data must be an error, not a panic.",
		ofLearner(learner.saved)},
}

// learner is a Learner that is checked.
type learner struct {
	subject
	l backoff.Learner
}

// ofLearner makes the check of a Learner that of any Strategy that is one.
func ofLearner(check func(learner) error) func(subject) error {
	return func(x subject) error { return check(learner{x, x.s.(backoff.Learner)}) }
}

// another returns a new Learner to check.
func (x learner) another() learner {
	x.s = x.factory()
	x.l = x.s.(backoff.Learner)
	return x
}

// kinds are the kinds of job that are asked after and learned of.
var kinds = []string{"backofftest-short", "backofftest-long"}

// outcomes are typical ones: exact ends, ends between two polls, and watches that gave up.
var outcomes = func() (all []backoff.Outcome) {
	for i := range 24 {
		end := time.Duration(5+i*7%11) * time.Second
		o := backoff.Outcome{Key: fmt.Sprint(i), Kind: kinds[i%2], After: end - time.Second, Before: end, Ended: true}
		for age := time.Second; age < o.After; age += 2 * time.Second {
			o.Marks = append(o.Marks, backoff.Mark{Age: age, Progress: age.Seconds() / end.Seconds()})
		}
		switch i % 6 {
		case 4:
			o.After = end
		case 5:
			o.Before, o.Ended = 0, false
		}
		all = append(all, o)
	}
	return all
}()

// hostile are outcomes that cannot be, and some that hardly can.
var hostile = func() (all []backoff.Outcome) {
	for _, kind := range kinds {
		for _, after := range []time.Duration{math.MinInt64, -time.Second, 0, 10 * time.Second, math.MaxInt64} {
			for _, before := range []time.Duration{math.MinInt64, -1, 0, 1, 5 * time.Second, math.MaxInt64} {
				all = append(all,
					backoff.Outcome{Kind: kind, After: after, Before: before, Ended: true, Marks: hostileMarks},
					backoff.Outcome{Kind: kind, After: after, Before: before})
			}
		}
	}
	return all
}()

var hostileMarks = []backoff.Mark{
	{Age: -time.Second, Progress: 0.5}, {Progress: 0.5}, {Age: time.Hour, Progress: 0.5}, {Age: math.MaxInt64, Progress: 0.5},
	{Age: time.Second, Progress: math.NaN()}, {Age: time.Second, Progress: -1}, {Age: time.Second, Progress: math.Inf(1)},
	{Age: time.Second, Progress: 0}, {Age: 1, Progress: 5e-324}, {Age: time.Second, Progress: 1},
}

// teach tells l of all, which must leave it able to answer.
func teach(l backoff.Learner, all []backoff.Outcome) (err error) {
	var now backoff.Outcome
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Observe(%+v) panicked: %v", now, v)
		}
	}()
	for _, now = range all {
		l.Observe(now)
		if err := each(l, pollsOf(3), func(_ backoff.Poll, d time.Duration) bool { return d > 0 }); err != nil {
			return fmt.Errorf("after Observe(%+v): %w", now, err)
		}
	}
	return nil
}

func (x learner) ordered() error {
	backward, byAge := slices.Clone(outcomes), slices.Clone(outcomes)
	slices.Reverse(backward)
	slices.SortFunc(byAge, func(a, b backoff.Outcome) int { return cmp.Compare(a.After, b.After) })
	for _, all := range [][]backoff.Outcome{outcomes, backward, byAge} {
		y := x.another()
		if err := errors.Join(teach(y.l, all), y.holds()); err != nil {
			return err
		}
	}
	return nil
}

func (x learner) unspoilt() error {
	return errors.Join(teach(x.l, hostile), x.holds(), teach(x.l, outcomes), teach(x.l, hostile), x.holds())
}

func (x learner) observed() error {
	err := together(4, func(int) error { return teach(x.l, outcomes) })
	return errors.Join(err, x.holds())
}

func (x learner) saved() error {
	m, saves := x.l.(encoding.BinaryMarshaler)
	if _, loads := x.l.(encoding.BinaryUnmarshaler); !saves || !loads {
		return nil
	}
	if err := teach(x.l, outcomes); err != nil {
		return err
	}
	want, err := answers(x.l)
	if err != nil {
		return err
	}
	data, err := m.MarshalBinary()
	if err != nil {
		return fmt.Errorf("MarshalBinary: %w", err)
	}
	again := x.factory()
	if err := load(again, data); err != nil {
		return fmt.Errorf("what was saved: %w", err)
	}
	if err := unchanged(again, want); err != nil {
		return fmt.Errorf("loaded: %w", err)
	}
	return x.damaged(data)
}

// damaged loads some of the beginnings of data, and data with one of its bytes changed.
func (x learner) damaged(data []byte) error {
	for i := 0; i < len(data); i += 1 + len(data)/64 {
		changed := slices.Clone(data)
		changed[i] ^= 0xff
		for _, bad := range [][]byte{data[:i], changed} {
			l := x.another().l
			err := load(l, bad)
			if err == nil && 0 < len(bad) && len(bad) < len(data) {
				return fmt.Errorf("the first %d of %d bytes were loaded without an error", i, len(data))
			}
			if !errors.Is(err, errPanic) {
				err = teach(l, outcomes[:1])
			}
			if err != nil {
				return fmt.Errorf("saved state that is cut at byte %d of %d, or has another byte there: %w", i, len(data), err)
			}
		}
	}
	return nil
}

var errPanic = errors.New("UnmarshalBinary panicked")

func load(s backoff.Strategy, data []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
		}
	}()
	return s.(encoding.BinaryUnmarshaler).UnmarshalBinary(data)
}
