package backofftest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

var rankerRules = []rule{
	{"ranks by a number", "Polls are ordered by rank. A rank that is not a finite number cannot be ordered.",
		ofRanker(ranker.numbered)},
	{"ranks alike when asked again", "Rank must depend only on its arguments and on what was learned. Many goroutines call it at " +
		"once.", ofRanker(ranker.alike)},
	{"ranks without allocation", "Under a rate limit, Rank is called for several polls before each one that is made.", ofRanker(ranker.frugal)},
}

// ranker is a Ranker that is checked.
type ranker struct{ r backoff.Ranker }

// ofRanker makes the check of a Ranker that of any Strategy that is one.
func ofRanker(check func(ranker) error) func(subject) error {
	return func(x subject) error { return check(ranker{x.s.(backoff.Ranker)}) }
}

// holds returns what is wrong with the Ranker as it now is.
func (x ranker) holds() error { return errors.Join(x.numbered(), x.alike(), x.frugal()) }

// asked is what a Ranker is asked.
type asked struct {
	p     backoff.Poll
	since time.Duration
}

var ranks = func() (all []asked) {
	for _, p := range pollsOf(0, 1, 2, 7, 63, 10_000, math.MaxInt32) {
		for _, since := range []time.Duration{math.MinInt64, -1, 0, 1, time.Second, time.Minute, 24 * time.Hour, math.MaxInt64} {
			all = append(all, asked{p, since})
		}
	}
	return all
}()

// each asks all questions. It returns an error for the first answer that is not fine, and for a
// panic.
func (x ranker) each(all []asked, fine func(i int, rank float64) bool) (err error) {
	var now asked
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Rank(%+v, %v) panicked: %v", now.p, now.since, v)
		}
	}()
	for i := range all {
		now = all[i]
		if rank := x.r.Rank(now.p, now.since); !fine(i, rank) {
			return fmt.Errorf("Rank(%+v, %v) = %v", now.p, now.since, rank)
		}
	}
	return nil
}

func (x ranker) numbered() error {
	return x.each(ranks, func(_ int, rank float64) bool { return !math.IsNaN(rank) && !math.IsInf(rank, 0) })
}

func (x ranker) alike() error {
	want := make([]float64, len(ranks))
	if err := x.each(ranks, func(i int, rank float64) bool { want[i] = rank; return true }); err != nil {
		return err
	}
	again := slices.Clone(ranks)
	slices.Reverse(again)
	errs := make([]error, 8)
	var all sync.WaitGroup
	for g := range errs {
		all.Go(func() {
			errs[g] = x.each(again, func(i int, rank float64) bool { return rank == want[len(want)-1-i] })
			if errs[g] != nil {
				errs[g] = fmt.Errorf("%w, and was another", errs[g])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (x ranker) frugal() error {
	var few []asked
	for _, p := range pollsOf(7) {
		few = append(few, asked{p, time.Minute})
	}
	return x.each(few, func(i int, _ float64) bool {
		return !allocates(func() { x.r.Rank(few[i].p, few[i].since) })
	})
}
