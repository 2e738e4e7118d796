package timeline

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// figures are what Stats are made of. They are guarded by Timeline.mu.
type figures struct {
	ended            [transport.Canceled + 1]uint64 // by terminal state; GaveUp at Unknown
	requests, errors uint64
	inFlight         int                     // watches; a poll may outlive its own
	seconds          [rateSeconds + 1]uint32 // requests in each of the newest seconds, the last of them not over yet
	second           int64                   // which one that is
	delays           [64 * delayParts]uint32
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

func (f *figures) delay(d time.Duration) { f.delays[bucket(d)]++ }

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

func (f *figures) quantiles() (q observe.Quantiles) {
	var all, sum uint64
	for _, n := range f.delays {
		all += uint64(n)
	}
	for i, n := range f.delays {
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
				*p.to = top(i)
			}
		}
	}
	return q
}

// Stats returns the figures of now.
func (t *Timeline) Stats() observe.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, f := t.now(), &t.figures
	s := observe.Stats{
		Watches: t.watches.taken, Overdue: t.ready.waiting, InFlight: f.inFlight,
		Completed: f.ended[transport.Completed], Failed: f.ended[transport.Failed], Canceled: f.ended[transport.Canceled],
		GaveUp: f.ended[transport.Unknown], Requests: f.requests, Errors: f.errors, Rate: f.rate(now), Delay: f.quantiles(),
	}
	s.Waiting = s.Watches - s.Overdue - s.InFlight
	if since := t.ready.since(); since < now {
		s.Lag = now - since
	}
	return s
}
