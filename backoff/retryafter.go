package backoff

import (
	"math"
	"time"
)

// RetryAfter waits at least as long as the service last asked for, and then up to a tenth longer, so that not all who
// were told the same come back at once. It is never less than asked, and a Strategy within that waits longer is left
// alone. A Watcher keeps to what the service asks for anyway: what this adds is the
// tenth.
//
//	RetryAfter(Constant(5*time.Second))
//	asked  0   2s  30s
//	wait   5s  5s  30s..33s
//
// Put a Cap around it, not within, to wait at most so long whatever the service asks; a Watcher still keeps to the
// hint.
func RetryAfter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, retryAfter{inner{"RetryAfter", s}, newSeed(opts)})
}

type retryAfter struct {
	inner
	seed uint64
}

func (r retryAfter) Next(p Poll) time.Duration {
	hint, latest := hinted(p)
	return max(r.next(p), between(hint, latest, r.seed, p))
}

func (r retryAfter) bounds(p Poll) (least, most time.Duration) {
	least, most = r.inner.bounds(p)
	hint, latest := hinted(p)
	return max(least, hint), max(most, latest)
}

// hinted returns from when to when a watch may be put off by what the service asked for.
func hinted(p Poll) (hint, latest time.Duration) {
	hint = max(p.RetryAfter, 0)
	return hint, hint + min(hint/10, math.MaxInt64-hint)
}
