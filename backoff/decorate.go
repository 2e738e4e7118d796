package backoff

import (
	"errors"
	"math"
	"time"
)

// A decorator changes the answers of the Strategy within. It is a Learner, a Follower and a Ranker
// if that Strategy is.

// inner is the Strategy within a decorator.
type inner struct {
	of string // the decorator's name
	Strategy
}

func (i *inner) next(p *Poll) time.Duration {
	if i.Strategy == nil {
		return (&constant{}).Next(*p)
	}
	return max(i.Strategy.Next(*p), 0)
}

func (i *inner) Validate() error {
	if i.Strategy == nil {
		return errors.New("backoff: " + i.of + ": the Strategy within is nil")
	}
	if v, ok := i.Strategy.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// bounds returns the bounds that the Strategy within sets to its answer to p, if it has any.
func (i *inner) bounds(p *Poll) (least, most time.Duration) {
	if b, ok := i.Strategy.(bounded); ok {
		return b.bounds(*p)
	}
	return 0, math.MaxInt64
}

// bounded is a Strategy that knows the bounds of its answer to p. A jitter stays within them.
type bounded interface {
	bounds(p Poll) (least, most time.Duration)
}

type decorator interface {
	Strategy
	Validator
	bounded
}

// decorated returns d as a Learner, a Follower and a Ranker if the Strategy that it decorates is
// one.
func decorated(s Strategy, d decorator) Strategy {
	l, _ := s.(Learner)
	f, _ := s.(Follower)
	r, _ := s.(Ranker)
	return wrapped(d, l, f, r)
}

// wrapped returns d with the methods of those of l, f and r that are not nil. A Follower is a
// Learner.
func wrapped(d decorator, l Learner, f Follower, r Ranker) Strategy {
	switch {
	case f != nil && r != nil:
		return followingRanking{following{learning{d, l}, f}, r}
	case f != nil:
		return following{learning{d, l}, f}
	case l != nil && r != nil:
		return learningRanking{learning{d, l}, r}
	case l != nil:
		return learning{d, l}
	case r != nil:
		return ranking{d, r}
	}
	return d
}

type learning struct {
	decorator
	learner Learner
}

func (l learning) Observe(o Outcome) { l.learner.Observe(o) }

type following struct {
	learning
	follower Follower
}

func (f following) Follow(key, kind string, age time.Duration) { f.follower.Follow(key, kind, age) }

type ranking struct {
	decorator
	ranker Ranker
}

func (r ranking) Rank(p Poll, since time.Duration) float64 { return r.ranker.Rank(p, since) }

type learningRanking struct {
	learning
	ranker Ranker
}

func (r learningRanking) Rank(p Poll, since time.Duration) float64 { return r.ranker.Rank(p, since) }

type followingRanking struct {
	following
	ranker Ranker
}

func (r followingRanking) Rank(p Poll, since time.Duration) float64 { return r.ranker.Rank(p, since) }
