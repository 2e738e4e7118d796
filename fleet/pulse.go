package fleet

import "time"

// pulse keeps track of a worker's own heartbeats: when the next one is due, which ones have not
// come back, and whether the server is lost. It uses no clock.
type pulse struct {
	lease   time.Duration
	next    time.Time      // when the next heartbeat is due
	sending bool           // whether the server has not answered the newest one yet
	count   int            // the number of heartbeats so far
	flights map[int]flight // heartbeats that have not come back yet, by number
	touch   time.Time      // when the newest stored heartbeat was sent
	lost    bool           // whether the server is lost
}

// flight is a heartbeat that was sent and has not come back.
type flight struct {
	began  time.Time
	stored time.Time // when the server confirmed it; zero before
}

// newPulse returns the pulse of a worker that begins at now. Its first heartbeat is due at once.
func newPulse(lease time.Duration, now time.Time) pulse {
	return pulse{lease: lease, flights: map[int]flight{}, touch: now}
}

// due reports whether a heartbeat must be sent at now. Only one is sent at a time.
func (p *pulse) due(now time.Time) bool { return !p.sending && !now.Before(p.next) }

// hurry makes the next heartbeat due at once.
func (p *pulse) hurry() { p.next = time.Time{} }

// setOut records that a heartbeat is sent at now, and returns its number.
func (p *pulse) setOut(now time.Time) int {
	p.sending = true
	p.next = now.Add(p.lease / beats)
	p.count++
	p.flights[p.count] = flight{began: now}
	return p.count
}

// failed records that it is unknown whether the newest heartbeat is stored.
func (p *pulse) failed() { p.sending = false }

// stored records that the server had stored the newest heartbeat by now. That heartbeat was sent at
// began. The result is whether an earlier heartbeat was missed.
func (p *pulse) stored(began, now time.Time) (missed bool) {
	p.sending = false
	missed = began.Sub(p.touch) > 3*p.lease/beats
	p.touch = began
	if _, away := p.flights[p.count]; away {
		p.flights[p.count] = flight{began: began, stored: now}
	}
	return missed
}

// flies reports whether the heartbeat with number n was sent and has not come back.
func (p *pulse) flies(n int) bool {
	_, away := p.flights[n]
	return away
}

// cameBack records that the heartbeat with number n came back. It returns its flight, or a zero
// flight if it is unknown. Earlier heartbeats can no longer come back.
func (p *pulse) cameBack(n int) flight {
	f := p.flights[n]
	for earlier := range p.flights {
		if earlier <= n {
			delete(p.flights, earlier)
		}
	}
	return f
}

// check updates whether the server is lost at now, and reports whether that has changed. The server
// is lost if no heartbeat was stored for four fifths of a lease.
func (p *pulse) check(now time.Time) (changed bool) {
	before := p.lost
	p.lost = now.Sub(p.touch) > p.lease*4/5
	return p.lost != before
}
