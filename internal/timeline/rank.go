package timeline

import (
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// pick returns where in the queue of a lane, in which somebody waits, the watch is that comes next: the one that is due for longest, or,
// where a limit binds, the one that the Backoff ranks highest of that and a few others. Now and then it is the one that is due for longest
// all the same, so that nobody waits for ever.
func (t *Timeline) pick(l *lane, now time.Duration) (at int) {
	o, _ := l.oldest()
	at = l.head
	binds := l.waiting > 1 && (t.Limiter != nil || t.limits.recovering || t.ready.waiting > t.Concurrency)
	if t.ranker == nil || !binds || t.picks%oldestEvery == oldestEvery-1 {
		return at
	}
	best := t.rank(o, now)
	for range rankSamples {
		i := l.head + int(t.random()%uint64(len(l.queue)-l.head))
		if o := l.queue[i]; o.x != nil && o.x.queued {
			if r := t.rank(o, now); r > best {
				at, best = i, r
			}
		}
	}
	return at
}

// How many that are due are weighed against the one that is due for longest, and how often that one goes first unweighed. More samples
// gain little, and an oldest that goes first more often loses most of the gain: see the table of internal/bench.
const (
	rankSamples = 16
	oldestEvery = 8
)

// rank is the Backoff's rank of a watch that is due.
func (t *Timeline) rank(o overdue, now time.Duration) (rank float64) {
	defer func() {
		if v := recover(); v != nil {
			t.Logger.Error("backoff panicked in Rank", zap.String("id", o.x.id), zap.Error(t.panicked(v)))
		}
	}()
	x := o.x
	polled := o.since - x.previous
	p := backoff.Poll{Key: x.id, Kind: x.waiters.call.Kind, Attempt: int(x.attempt), Elapsed: max(polled-x.began, 0)}
	if x.seen != nil {
		p.RetryAfter, p.Progress, p.State, p.Err = x.seen.retryAfter(), x.seen.Progress, x.seen.stateName(), x.seen.err
	}
	return t.ranker.Rank(p, now-polled)
}

// random returns the next of a sequence of numbers that look random (xorshift64, Marsaglia 2003).
func (t *Timeline) random() uint64 {
	t.seed ^= t.seed << 13
	t.seed ^= t.seed >> 7
	t.seed ^= t.seed << 17
	return t.seed
}
