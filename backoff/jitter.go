package backoff

import (
	"errors"
	"fmt"
	"time"
)

// JitterOption sets one thing about a decorator that draws.
type JitterOption func(*uint64)

// Seed sets what is drawn from, together with the Key and the Attempt of a Poll; the default is 0. Two processes that watch the same
// jobs spread their polls by different seeds.
func Seed(seed uint64) JitterOption { return func(s *uint64) { *s = seed } }

func newSeed(opts []JitterOption) (seed uint64) {
	for _, opt := range opts {
		opt(&seed)
	}
	return seed
}

// Jitter spreads each wait evenly over share of it to both sides: 0.1 turns 10s into 9s to 11s. Choose a small share to keep watches
// that began together from asking together. Below a Cap the same width is moved down to end at the cap. The share is in [0, 1];
// Validate reports any other, which counts as the nearer of the two, and NaN as 0.
//
// What is drawn is a function of Seed, Key and Attempt, so a schedule can be repeated.
func Jitter(s Strategy, share float64, opts ...JitterOption) Strategy {
	return decorated(s, jitter{inner{"Jitter", s}, newSeed(opts), share})
}

type jitter struct {
	inner
	seed  uint64
	share float64
}

func (j jitter) Next(p Poll) time.Duration {
	share := 0.0
	if j.share > 0 {
		share = min(j.share, 1)
	}
	d := float64(j.next(p))
	width := 2 * share * d
	low := min(d-width/2, float64(j.bound())-width)
	return min(clamp(max(low, 0)+random(j.seed, p)*min(width, float64(j.bound()))), j.bound())
}

func (j jitter) Validate() error {
	err := j.inner.Validate()
	if !(j.share >= 0 && j.share <= 1) {
		err = errors.Join(fmt.Errorf("backoff: Jitter: share %v: must be from 0 to 1", j.share), err)
	}
	return err
}

// EqualJitter keeps half of each wait and draws the other half. Choose it for polling: watches spread, and none asks again almost
// at once.
//
// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
func EqualJitter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, downward{inner{"EqualJitter", s}, newSeed(opts), 0.5})
}

// FullJitter draws each wait from zero to what it was. Choose it for getting out of an overload, where spreading matters more than a
// steady pace; a Floor around it keeps polls apart.
//
// Source: as of EqualJitter.
func FullJitter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, downward{inner{"FullJitter", s}, newSeed(opts), 1})
}

type downward struct {
	inner
	seed  uint64
	share float64
}

func (j downward) Next(p Poll) time.Duration {
	d := j.next(p)
	return d - min(clamp(float64(d)*j.share*random(j.seed, p)), d)
}

// random returns a number in [0, 1) that looks random: a hash of the seed, the key and the attempt (FNV-1a over the key, and the
// finalizer of SplitMix64 over all).
func random(seed uint64, p Poll) float64 {
	h := uint64(14695981039346656037)
	for i := range len(p.Key) {
		h = (h ^ uint64(p.Key[i])) * 1099511628211
	}
	h += seed*0x9e3779b97f4a7c15 + uint64(p.Attempt)*0xd1b54a32d192ed03
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11) / (1 << 53)
}
