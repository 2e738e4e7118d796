package backoff

import (
	"math"
	"time"
)

// RetryAfterJitter waits as long as the service asks for, and up to a tenth longer. So watches that
// got the same wait do not poll again together. If the wait of s is longer, it is kept as it is.
//
//	RetryAfterJitter(Constant(5*time.Second))
//	asked  0   2s  30s
//	wait   5s  5s  30s..33s
//
// A Watcher waits as long as the service asks for, whatever its Strategy is. This decorator only
// adds up to a tenth. A [Cap] around it limits its waits, but the Watcher still waits as long as
// the service asks for.
func RetryAfterJitter(s Strategy, opts ...JitterOption) Strategy {
	return decorated(s, &retryAfter{inner{"RetryAfterJitter", s}, newSeed(opts)})
}

type retryAfter struct {
	inner
	seed uint64
}

func (r *retryAfter) Next(p Poll) time.Duration {
	hint, latest := hinted(p)
	return max(r.next(&p), between(hint, latest, r.seed, &p))
}

func (r *retryAfter) bounds(p Poll) (least, most time.Duration) {
	least, most = r.inner.bounds(&p)
	hint, latest := hinted(p)
	return max(least, hint), max(most, latest)
}

// hinted returns the wait that the service asked for, and the longest wait that it becomes.
func hinted(p Poll) (hint, latest time.Duration) {
	hint = max(p.RetryAfter, 0)
	return hint, hint + min(hint/10, math.MaxInt64-hint)
}
