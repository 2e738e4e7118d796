package fleet

import "time"

// lending is what a worker lends of its part of the rate limit. It knows no clock. It counts in
// partitions: a worker may make as many requests as its partitions stand for, less what it lends.
//
// A heartbeat says to whom the worker lends how much. It is stored before it comes back, and others
// use what it lends for no longer after that than [validity] says. So that is free again once as
// much time has passed since the heartbeat came back, unless a newer one lends it again.
type lending struct{ loans []loan }

// loan is what one heartbeat lends.
type loan struct {
	beat  int
	to    map[string]float64
	until time.Time // when it is free again; zero until the heartbeat or a newer one has come back
}

// send says that a heartbeat sets out which lends to others.
func (l *lending) send(beat int, to map[string]float64) {
	if len(to) > 0 {
		l.loans = append(l.loans, loan{beat: beat, to: to})
	}
}

// cameBack says that a heartbeat has come back, so that what it and those before it have lent is
// free again at an instant.
func (l *lending) cameBack(beat int, free time.Time) {
	for i := range l.loans {
		if o := &l.loans[i]; o.beat <= beat && o.until.IsZero() {
			o.until = free
		}
	}
}

// reserved returns how much others may use at now. What several heartbeats have lent to one worker
// it uses once.
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

// offer returns what to lend to those that are short, by a worker with so many partitions that uses
// as much as so many. It keeps twice what it uses, or an eighth. What is reserved already is lent
// to others only once it is free.
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

// reservedFor is reserved for one worker, of loans that are not free.
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
