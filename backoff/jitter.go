package backoff

import (
	"errors"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/draw"
)

// JitterOption sets one property of a jitter. A nil JitterOption has no effect.
type JitterOption func(*uint64)

// Seed sets the seed of a jitter. Each draw depends on the seed and on the Key and Attempt of the
// [Poll]. The default is 0. Two processes that watch the same jobs need different seeds to spread
// their polls. So do two jitters in one composition.
func Seed(seed uint64) JitterOption { return func(s *uint64) { *s = seed } }

func newSeed(opts []JitterOption) (seed uint64) {
	for _, opt := range opts {
		if opt != nil {
			opt(&seed)
		}
	}
	return seed
}

// Jitter draws each wait evenly from a range around the wait of s. The range reaches below and
// above that wait by the given share of it. Choose a small share for watches that begin together:
// their polls drift apart, and the mean wait stays the same.
//
//	Jitter(Cap(Exponential(time.Second, 2), 10*time.Second), 0.1)
//	attempt  0  1           2           3           4           5
//	wait     0  0.9s..1.1s  1.8s..2.2s  3.6s..4.4s  7.2s..8.8s  8s..10s
//
// If the range would exceed the cap of a [Cap] within s, it moves down so that it ends there. The
// part of the range below a [Floor] within s is cut off. The share is in [0, 1]. Any other value
// counts as the nearer bound, and NaN counts as 0; Validate reports them. Do not put a jitter
// around a Learner of package adaptive: it spreads its watches itself, and the jitter makes its
// schedule worse.
//
// Each draw is a function of the seed, the Key and the Attempt, so a schedule is reproducible. A
// wait of zero stays zero, and no other wait becomes zero.
func Jitter(s Strategy, share float64, opts ...JitterOption) Strategy {
	j := &jitter{inner: inner{"Jitter", s}, seed: newSeed(opts), down: share, up: share}
	return decorated(s, j)
}

// EqualJitter draws each wait evenly from the upper half of the wait of s: from half of it to all
// of it. Choose it for polling: it spreads watches, and no wait becomes very short.
//
//	EqualJitter(Exponential(time.Second, 2))
//	attempt  0  1         2       3       4       5
//	wait     0  0.5s..1s  1s..2s  2s..4s  4s..8s  8s..16s
//
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
func EqualJitter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, &jitter{inner: inner{"EqualJitter", s}, seed: newSeed(opts), down: 0.5})
}

// FullJitter draws each wait evenly from zero to the wait of s. Choose it for the recovery from an
// overload, when it is more important to spread polls than to keep a steady pace. A [Floor] around
// it or within it keeps the polls of a job apart.
//
//	FullJitter(Exponential(time.Second, 2))
//	attempt  0  1      2      3      4      5
//	wait     0  0..1s  0..2s  0..4s  0..8s  0..16s
//
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
func FullJitter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, &jitter{inner: inner{"FullJitter", s}, seed: newSeed(opts), down: 1})
}

// jitter draws each wait from a share below it to a share above it.
type jitter struct {
	inner
	seed     uint64
	down, up float64
}

func (j *jitter) Next(p Poll) time.Duration {
	d := j.next(&p)
	if d == 0 {
		return 0
	}
	least, most := j.bounds(p)
	low, up := d-part(d, j.down), part(d, j.up)
	if over := up - (most - d); over > 0 {
		low, up = low-over, up-over
	}
	return between(max(low, least, 1), d+up, j.seed, &p)
}

func (j *jitter) bounds(p Poll) (least, most time.Duration) {
	return j.inner.bounds(&p)
}

func (j *jitter) Validate() error {
	err := j.inner.Validate()
	if share := max(j.down, j.up); !(share >= 0 && share <= 1) {
		err = errors.Join(fmt.Errorf("backoff: %s: share %v: must be from 0 to 1", j.of, share), err)
	}
	return err
}

// part returns a share of d, between zero and d.
func part(d time.Duration, share float64) time.Duration {
	if !(share > 0) {
		return 0
	}
	return min(times(d, share), d)
}

// between draws a wait from low to high.
func between(low, high time.Duration, seed uint64, p *Poll) time.Duration {
	return low + min(times(high-low, random(seed, p)), high-low)
}

// random returns a pseudorandom number in [0, 1): a hash of the seed, the key and the attempt.
func random(seed uint64, p *Poll) float64 { return draw.Of(p.Key).Unit(seed, p.Attempt) }
