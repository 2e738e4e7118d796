package backoff

import (
	"errors"
	"math"
	"time"
)

// A decorator changes what the Strategy within answers, and is all else that that is.

// Cap never waits longer than longest; zero or less means no cap, and Validate reports less. Put a Jitter around it and not within:
// a Jitter knows its cap and stays below it, where a Cap outside would put half of all waits exactly on the cap.
func Cap(s Strategy, longest time.Duration) Strategy {
	return decorated(s, capped{inner{"Cap", s}, longest})
}

type capped struct {
	inner
	longest time.Duration
}

func (c capped) Next(p Poll) time.Duration { return min(c.next(p), c.bound()) }

func (c capped) Validate() error {
	return errors.Join(notNegative("Cap", "longest", c.longest), c.inner.Validate())
}

func (c capped) bound() time.Duration {
	if c.longest <= 0 {
		return c.inner.bound()
	}
	return min(c.longest, c.inner.bound())
}

// Floor never waits less than shortest between two polls; the first is made when the Strategy within says. Zero or less means no
// floor, and Validate reports less.
func Floor(s Strategy, shortest time.Duration) Strategy {
	return decorated(s, floored{inner{"Floor", s}, shortest})
}

type floored struct {
	inner
	shortest time.Duration
}

func (f floored) Next(p Poll) time.Duration {
	if p.Attempt <= 0 {
		return f.next(p)
	}
	return max(f.next(p), f.shortest)
}

func (f floored) Validate() error {
	return errors.Join(notNegative("Floor", "shortest", f.shortest), f.inner.Validate())
}

func (f floored) bound() time.Duration { return max(f.inner.bound(), f.shortest) }

// RetryAfter waits at least as long as the service asked for, and up to a tenth longer, so that not all who were told the same come
// back at once. A Watcher keeps to what the service asks for without it; it adds the tenth.
func RetryAfter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, retryAfter{inner{"RetryAfter", s}, newSeed(opts)})
}

type retryAfter struct {
	inner
	seed uint64
}

func (r retryAfter) Next(p Poll) time.Duration {
	d := r.next(p)
	if p.RetryAfter <= 0 {
		return d
	}
	return max(d, p.RetryAfter, clamp(float64(p.RetryAfter)*(1+random(r.seed, p)/10)))
}

func (r retryAfter) bound() time.Duration { return math.MaxInt64 }

// inner is the Strategy within a decorator.
type inner struct {
	of string // the decorator's name
	Strategy
}

func (i inner) next(p Poll) time.Duration {
	if i.Strategy == nil {
		return constant{}.Next(p)
	}
	return max(i.Strategy.Next(p), 0)
}

func (i inner) Validate() error {
	if i.Strategy == nil {
		return errors.New("backoff: " + i.of + ": the Strategy within is nil")
	}
	if v, ok := i.Strategy.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// bound returns the longest wait that the Strategy within answers with, as far as it says.
func (i inner) bound() time.Duration {
	if b, ok := i.Strategy.(bounded); ok {
		return b.bound()
	}
	return math.MaxInt64
}

// bounded is a Strategy that knows its longest wait.
type bounded interface{ bound() time.Duration }

type decorator interface {
	Strategy
	Validator
	bounded
}

// decorated returns d, and as a Learner if what it decorates is one.
func decorated(s Strategy, d decorator) Strategy {
	if l, ok := s.(Learner); ok {
		return learning{d, l}
	}
	return d
}

type learning struct {
	decorator
	learner Learner
}

func (l learning) Observe(o Outcome) { l.learner.Observe(o) }
