package fleet

import (
	"math"
	"time"
)

// part is a worker's part of the fleet's rate limit: that of its partitions, less what is lent to
// others, and what others lend. It knows no clock.
type part struct {
	rate       float64 // of the whole fleet; 0 for no limit
	partitions float64 // of the whole fleet
	set        float64 // the partitions that the Watcher's limit stands for
	lending    lending
	usage      usage
}

// lend takes in how many requests were made in all until now, by a worker that owns so many
// partitions. It returns what the worker's next heartbeat says: whether the worker needs more than
// its own part, and what it lends to workers that do.
func (p *part) lend(beat, owned int, requests uint64, to []string, now time.Time) (short bool, loans map[string]float64) {
	n := float64(owned)
	if p.rate == 0 || n == 0 {
		return false, nil
	}
	p.usage.measure(requests, now)
	used := max(p.usage.last, p.usage.mean) * p.partitions / p.rate // whatever the rate, this is a number
	loans = p.lending.offer(n, used, to, now)
	p.lending.send(beat, loans)
	return used >= n*9/10, loans
}

// limit returns the limit of the Watcher's requests a second, and whether it has changed. The
// worker owns so many partitions, and has borrowed the parts of so many more.
func (p *part) limit(owned int, borrowed float64, now time.Time) (perSecond float64, changed bool) {
	n := float64(owned)
	if p.rate == 0 || n == 0 {
		return 0, false // nothing is polled, and a limit of 0 is none
	}
	parts := max(n-p.lending.reserved(now), n/64) + borrowed
	if math.Abs(parts-p.set) < 1e-9 {
		return 0, false
	}
	p.set = parts
	return max(p.rate*(parts/p.partitions), math.SmallestNonzeroFloat64), true
}

// usage is how many requests a worker makes. It knows no clock.
type usage struct {
	requests uint64
	at       time.Time
	last     float64 // a second, since the measurement before
	mean     float64 // a second, of the last few
}

// measure takes in how many requests were made in all until now.
func (u *usage) measure(requests uint64, now time.Time) {
	if took := now.Sub(u.at).Seconds(); !u.at.IsZero() && took > 0 {
		u.last = float64(requests-u.requests) / took
		u.mean += (u.last - u.mean) / 4
	}
	u.requests, u.at = requests, now
}
