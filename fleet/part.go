package fleet

import (
	"math"
	"time"
)

// part computes a worker's part of the fleet's rate limit. That is the part of its partitions, less
// what it lends, plus what it borrows. It uses no clock.
type part struct {
	rate       float64 // the limit of the whole fleet in requests per second; 0 for no limit
	partitions float64 // the number of partitions of the fleet
	set        float64 // the Watcher's present limit, in parts of one partition
	lending    lending
	usage      usage
}

// lend records the total number of the worker's requests until now. The worker owns owned
// partitions. The result is for the worker's next heartbeat: whether the worker needs more than its
// own part, and what it lends to the workers in to, which do.
func (p *part) lend(beat, owned int, requests uint64, to []string, now time.Time) (short bool, loans map[string]float64) {
	n := float64(owned)
	if p.rate == 0 || n == 0 {
		return false, nil
	}
	p.usage.measure(requests, now)
	used := max(p.usage.last, p.usage.mean) * p.partitions / p.rate // never NaN, whatever the rate is
	loans = p.lending.offer(n, used, to, now)
	p.lending.send(beat, loans)
	return used >= n*9/10, loans
}

// limit returns the Watcher's limit in requests per second, and whether it has changed. The worker
// owns owned partitions, and has borrowed the parts of borrowed more.
func (p *part) limit(owned int, borrowed float64, now time.Time) (perSecond float64, changed bool) {
	n := float64(owned)
	if p.rate == 0 || n == 0 {
		return 0, false // nothing is polled, and a limit of 0 would mean no limit
	}
	parts := max(n-p.lending.reserved(now), n/64) + borrowed
	if math.Abs(parts-p.set) < 1e-9 {
		return 0, false
	}
	p.set = parts
	return max(p.rate*(parts/p.partitions), math.SmallestNonzeroFloat64), true
}

// usage measures how many requests a worker makes. It uses no clock.
type usage struct {
	requests uint64
	at       time.Time
	last     float64 // requests per second since the last measurement
	mean     float64 // moving average of the requests per second
}

// measure records the total number of requests until now.
func (u *usage) measure(requests uint64, now time.Time) {
	if took := now.Sub(u.at).Seconds(); !u.at.IsZero() && took > 0 {
		u.last = float64(requests-u.requests) / took
		u.mean += (u.last - u.mean) / 4
	}
	u.requests, u.at = requests, now
}
