package fleet

import "time"

// lending is what a worker lends of its part of the rate limit. It uses no clock. Its unit is the
// part of one partition. A worker may use the parts of its partitions, less what it lends.
//
// A heartbeat says how much the worker lends to which workers. They use it for at most [validity]
// after the heartbeat was stored. The heartbeat comes back later than it is stored. So the loan has
// ended when that time has passed since the heartbeat came back, unless a newer heartbeat repeats
// it.
type lending struct{ loans []loan }

// loan is what one heartbeat lends.
type loan struct {
	beat  int
	to    map[string]float64
	until time.Time // when the loan ends; zero until the heartbeat or a newer one has come back
}

// send records that a heartbeat with these loans is sent.
func (l *lending) send(beat int, to map[string]float64) {
	if len(to) > 0 {
		l.loans = append(l.loans, loan{beat: beat, to: to})
	}
}

// cameBack records that a heartbeat has come back. The loans of this heartbeat and of earlier ones
// end at the time free.
func (l *lending) cameBack(beat int, free time.Time) {
	for i := range l.loans {
		if o := &l.loans[i]; o.beat <= beat && o.until.IsZero() {
			o.until = free
		}
	}
}

// reserved returns how much other workers may use at now. Loans of several heartbeats to one worker
// do not add up: the largest counts.
func (l *lending) reserved(now time.Time) float64 {
	most := map[string]float64{}
	kept := l.loans[:0]
	for _, o := range l.loans {
		if !o.until.IsZero() && !now.Before(o.until) {
			continue
		}
		kept = append(kept, o)
		for name, parts := range o.to {
			most[name] = max(most[name], parts)
		}
	}
	clear(l.loans[len(kept):])
	l.loans = kept
	return total(most)
}

// offer returns what to lend to the workers that are short. The worker has parts partitions, and
// uses the parts of used partitions. It keeps twice what it uses, and at least an eighth of its
// part. What is reserved for one worker is lent to another one only when it is free.
func (l *lending) offer(parts, used float64, short []string, now time.Time) map[string]float64 {
	spare := parts - max(2*used, parts/8)
	if spare <= 0 || len(short) == 0 {
		return nil
	}
	more := max(spare-l.reserved(now), 0)
	n := float64(len(short))
	to := make(map[string]float64, len(short))
	for _, name := range short {
		to[name] = min(spare/n, l.reservedFor(name)+more/n)
	}
	return to
}

// reservedFor returns how much one worker may use, by the loans that have not ended.
func (l *lending) reservedFor(name string) (most float64) {
	for _, o := range l.loans {
		most = max(most, o.to[name])
	}
	return most
}

func total(to map[string]float64) (sum float64) {
	for _, parts := range to {
		sum += parts
	}
	return sum
}
