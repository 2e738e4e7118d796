package timeline

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// figures are what Stats are made of. They are guarded by Timeline.mu.
type figures struct {
	ended            ended
	waits            int
	requests, errors uint64
	inFlight         int                     // watches; a poll may outlive its own
	seconds          [rateSeconds + 1]uint32 // requests in each of the newest seconds, the last of them not over yet
	second           int64                   // which one that is
	delays           histogram
	kinds            map[string]*kindFigures // the first observe.MaxKinds
	others           kindFigures             // of all further kinds together
}

// ended counts watches by the terminal state of their job, and those that gave up at Unknown.
type ended [transport.Blocked + 1]uint64

// kindFigures are those of one kind of job.
type kindFigures struct {
	waits  int
	ended  ended
	polls  uint64     // of watches that ended
	delays *histogram // nil until a job ended
}

// of returns the figures of a kind.
func (f *figures) of(kind string) *kindFigures {
	k := f.kinds[kind]
	switch {
	case k != nil:
		return k
	case len(f.kinds) == observe.MaxKinds:
		return &f.others
	case f.kinds == nil:
		f.kinds = make(map[string]*kindFigures)
	}
	k = new(kindFigures)
	f.kinds[kind] = k
	return k
}

// end counts a watch that ended after so many polls in a state of its job, or gave up.
func (k *kindFigures) end(state transport.State, polls int32) {
	k.ended[state]++
	k.polls += uint64(polls)
}

func (k *kindFigures) delay(d time.Duration) {
	if k.delays == nil {
		k.delays = new(histogram)
	}
	k.delays.add(d)
}

// stats returns what k says, but for what the backlog knows.
func (k *kindFigures) stats() observe.KindStats {
	s := observe.KindStats{
		Waits: k.waits, Completed: k.ended[transport.Completed], Failed: k.ended[transport.Failed],
		Canceled: k.ended[transport.Canceled], GaveUp: k.ended[transport.Unknown], Polls: k.polls,
	}
	if k.delays != nil {
		s.Delay = k.delays.quantiles()
	}
	return s
}

const (
	rateSeconds = 10
	// delayParts is into how many parts the delays between two powers of two are divided.
	delayParts = 8
)

// request counts one.
func (f *figures) request(now time.Duration) {
	f.requests++
	f.turn(now)
	f.seconds[f.second%int64(len(f.seconds))]++
}

// turn makes room for the second that it is.
func (f *figures) turn(now time.Duration) {
	for second := int64(now / time.Second); f.second < second; {
		f.second = max(f.second+1, second-int64(len(f.seconds)))
		f.seconds[f.second%int64(len(f.seconds))] = 0
	}
}

// rate is requests a second, over the seconds that are over.
func (f *figures) rate(now time.Duration) float64 {
	f.turn(now)
	var sum uint32
	for i, n := range f.seconds {
		if int64(i) != f.second%int64(len(f.seconds)) {
			sum += n
		}
	}
	if f.second == 0 {
		return 0
	}
	return float64(sum) / float64(min(f.second, rateSeconds))
}

// histogram counts durations by bucket.
type histogram [64 * delayParts]uint32

func (h *histogram) add(d time.Duration) { h[bucket(d)]++ }

// bucket is the number of d: those of one power of two are divided evenly.
func bucket(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < delayParts {
		return int(n)
	}
	exponent := bits.Len64(n) - 1
	return (exponent-2)*delayParts + int(n>>(exponent-3))&(delayParts-1)
}

// top is the largest delay with that number.
func top(bucket int) time.Duration {
	if bucket < delayParts {
		return time.Duration(bucket)
	}
	exponent := bucket/delayParts + 2
	return time.Duration(delayParts+bucket%delayParts+1)<<(exponent-3) - 1
}

// quantiles returns those of h, rounded up to two digits: the buckets do not tell more.
func (h *histogram) quantiles() (q observe.Quantiles) {
	var all, sum uint64
	for _, n := range h {
		all += uint64(n)
	}
	for i, n := range h {
		if n == 0 {
			continue
		}
		before := sum
		sum += uint64(n)
		for _, p := range []struct {
			hundredths uint64
			to         *time.Duration
		}{{50, &q.P50}, {90, &q.P90}, {99, &q.P99}} {
			if before*100 < all*p.hundredths && sum*100 >= all*p.hundredths {
				*p.to = twoDigits(top(i))
			}
		}
	}
	return q
}

// twoDigits returns d rounded up to two significant digits, or d where there is no such duration.
func twoDigits(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 100 {
		unit *= 10
	}
	if up := (d + unit - 1) / unit * unit; up >= d {
		return up
	}
	return d
}

// Stats returns the figures of now.
func (t *Timeline) Stats() observe.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, f := t.now(), &t.figures
	s := observe.Stats{
		Waits: f.waits, Watches: t.watches.taken, Overdue: t.ready.waiting, InFlight: f.inFlight,
		Completed: f.ended[transport.Completed], Failed: f.ended[transport.Failed], Canceled: f.ended[transport.Canceled],
		GaveUp: f.ended[transport.Unknown], Requests: f.requests, RequestsInFlight: t.ready.polling, Errors: f.errors,
		Rate: f.rate(now), Delay: f.delays.quantiles(), Kinds: t.kindStats(), OtherKinds: f.others.stats(),
	}
	s.Waiting = s.Watches - s.Overdue - s.InFlight
	if since := t.ready.since(); since < now {
		s.Lag = now - since
	}
	return s
}

// kindStats returns the figures of each kind. It is called with mu held.
func (t *Timeline) kindStats() map[string]observe.KindStats {
	if len(t.figures.kinds) == 0 {
		return nil
	}
	all := make(map[string]observe.KindStats, len(t.figures.kinds))
	for kind, k := range t.figures.kinds {
		s := k.stats()
		if n, ok := t.ready.numbers[kind]; ok {
			s.Watches, s.Overdue = t.ready.lanes[n].watches, t.ready.lanes[n].waiting
		}
		all[kind] = s
	}
	return all
}
