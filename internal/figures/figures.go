// Package figures counts what a Watcher does. It knows no lock and no clock.
package figures

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Figures are the counts from which Stats are made. The zero Figures are ready for use.
type Figures struct {
	Waits    int    // pending waits
	InFlight int    // watches whose poll is in flight; a request may outlive its watches
	Requests uint64 // requests that were started
	Errors   uint64 // requests that failed
	Blocked  int    // watches whose job waits for a person
	// Notifications counts the notifications that named a job.
	Notifications uint64

	ended   ended
	seconds [rateSeconds + 1]uint32 // requests in each of the newest seconds, including the present one
	second  int64                   // the number of the present second
	delays  histogram
	kinds   map[string]*Kind // the first observe.MaxKinds
	others  Kind             // of all further kinds together
}

// ended counts watches by the terminal state of their job. Unknown counts the watches that gave up.
type ended [transport.Canceled + 1]uint64

// Kind are the figures of one kind of job.
type Kind struct {
	Waits  int // pending waits
	ended  ended
	polls  uint64     // polls of watches that have ended
	delays *histogram // nil until a job has ended
}

// Of returns the figures of a kind.
func (f *Figures) Of(kind string) *Kind {
	k := f.kinds[kind]
	switch {
	case k != nil:
		return k
	case len(f.kinds) == observe.MaxKinds:
		return &f.others
	case f.kinds == nil:
		f.kinds = make(map[string]*Kind)
	}
	k = new(Kind)
	f.kinds[kind] = k
	return k
}

// End counts a watch that ended after the given number of polls. The state is the terminal state of
// its job, or Unknown if the watch gave up.
func (k *Kind) End(state transport.State, polls int32) {
	k.ended[state]++
	k.polls += uint64(polls)
}

// Delay counts how long after its end a job was seen to have ended.
func (k *Kind) Delay(d time.Duration) {
	if k.delays == nil {
		k.delays = new(histogram)
	}
	k.delays.add(d)
}

// Stats returns the figures of k, without Watches and Overdue.
func (k *Kind) Stats() observe.KindStats {
	s := observe.KindStats{
		Waits: k.Waits, Completed: k.ended[transport.Completed], Failed: k.ended[transport.Failed],
		Canceled: k.ended[transport.Canceled], GaveUp: k.ended[transport.Unknown], Polls: k.polls,
	}
	if k.delays != nil {
		s.Delay = k.delays.quantiles()
	}
	return s
}

const (
	rateSeconds = 10
	// delayParts is the number of buckets between two powers of two.
	delayParts = 8
)

// Request counts a request that starts now.
func (f *Figures) Request(now time.Duration) {
	f.Requests++
	f.turn(now)
	f.seconds[f.second%int64(len(f.seconds))]++
}

// turn makes the second of now the present one, and clears the counts of the seconds since the last
// call.
func (f *Figures) turn(now time.Duration) {
	for second := int64(now / time.Second); f.second < second; {
		f.second = max(f.second+1, second-int64(len(f.seconds)))
		f.seconds[f.second%int64(len(f.seconds))] = 0
	}
}

// Rate returns the requests a second, averaged over the newest full seconds, at most ten.
func (f *Figures) Rate(now time.Duration) float64 {
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

// bucket returns the number of the bucket of d. The durations between two powers of two are divided
// evenly among delayParts buckets.
func bucket(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < delayParts {
		return int(n)
	}
	exponent := bits.Len64(n) - 1
	return (exponent-2)*delayParts + int(n>>(exponent-3))&(delayParts-1)
}

// top returns the largest duration in a bucket.
func top(bucket int) time.Duration {
	if bucket < delayParts {
		return time.Duration(bucket)
	}
	exponent := bucket/delayParts + 2
	return time.Duration(delayParts+bucket%delayParts+1)<<(exponent-3) - 1
}

// quantiles returns the quantiles of h, rounded up to two digits. The buckets are not more precise.
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

// twoDigits returns d rounded up to two significant digits, or d if that is too large for a
// duration.
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

// End counts a watch that ended. The state is the terminal state of its job, or Unknown if the
// watch gave up.
func (f *Figures) End(state transport.State) { f.ended[state]++ }

// Delay counts how long after its end a job was seen to have ended.
func (f *Figures) Delay(d time.Duration) { f.delays.add(d) }

// Stats returns the figures at the instant now. It leaves out those that need the watches, such as
// Watches, Waiting and Overdue.
func (f *Figures) Stats(now time.Duration) observe.Stats {
	return observe.Stats{
		Waits: f.Waits, InFlight: f.InFlight, Blocked: f.Blocked, Notifications: f.Notifications,
		Completed: f.ended[transport.Completed], Failed: f.ended[transport.Failed], Canceled: f.ended[transport.Canceled],
		GaveUp: f.ended[transport.Unknown], Requests: f.Requests, Errors: f.Errors,
		Rate: f.Rate(now), Delay: f.delays.quantiles(), Kinds: f.kindStats(), OtherKinds: f.others.Stats(),
	}
}

func (f *Figures) kindStats() map[string]observe.KindStats {
	if len(f.kinds) == 0 {
		return nil
	}
	all := make(map[string]observe.KindStats, len(f.kinds))
	for kind, k := range f.kinds {
		all[kind] = k.Stats()
	}
	return all
}
