package fleet

import "time"

// pulse is a worker's own heartbeats: when the next is due, which are on their way, and whether the
// server is lost. It knows no clock.
type pulse struct {
	lease   time.Duration
	next    time.Time      // when the next heartbeat is due
	sending bool           // the server has not answered the newest yet
	count   int            // of heartbeats
	flights map[int]flight // heartbeats that did not come back yet, by number
	touch   time.Time      // when the newest that was stored set out
	lost    bool           // the server is lost
}

// flight is a heartbeat between a worker and the server.
type flight struct {
	began  time.Time
	stored time.Time // when the server said that it has it; zero before
}

// newPulse returns the pulse of a worker that begins at now. Its first heartbeat is due.
func newPulse(lease time.Duration, now time.Time) pulse {
	return pulse{lease: lease, flights: map[int]flight{}, touch: now}
}

// due reports whether a heartbeat is to set out at now. The server is sent one at a time.
func (p *pulse) due(now time.Time) bool { return !p.sending && !now.Before(p.next) }

// hurry makes the next heartbeat due at once.
func (p *pulse) hurry() { p.next = time.Time{} }

// setOut says that a heartbeat sets out at now, and returns its number.
func (p *pulse) setOut(now time.Time) int {
	p.sending = true
	p.next = now.Add(p.lease / beats)
	p.count++
	p.flights[p.count] = flight{began: now}
	return p.count
}

// failed says that it is not known whether the newest heartbeat is stored.
func (p *pulse) failed() { p.sending = false }

// stored says that the server had the newest heartbeat by now. It set out at began. The result is
// whether one was missed before it.
func (p *pulse) stored(began, now time.Time) (missed bool) {
	p.sending = false
	missed = began.Sub(p.touch) > 3*p.lease/beats
	p.touch = began
	if _, away := p.flights[p.count]; away {
		p.flights[p.count] = flight{began: began, stored: now}
	}
	return missed
}

// flies reports whether a heartbeat of a number has set out and has not come back.
func (p *pulse) flies(n int) bool {
	_, away := p.flights[n]
	return away
}

// cameBack says that a heartbeat came back. It returns the flight, which is zero if it is not
// known. Those before it come back no more.
func (p *pulse) cameBack(n int) flight {
	f := p.flights[n]
	for earlier := range p.flights {
		if earlier <= n {
			delete(p.flights, earlier)
		}
	}
	return f
}

// check notes whether the server is lost at now: nothing was stored for four fifths of a lease. It
// reports whether that has changed.
func (p *pulse) check(now time.Time) (changed bool) {
	before := p.lost
	p.lost = now.Sub(p.touch) > p.lease*4/5
	return p.lost != before
}
