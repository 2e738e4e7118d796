package mock

import "time"

// A tally counts the work in progress on a Clock. Its counts are guarded by ground.mu.
type tally struct {
	*ground
	agenda    *agenda
	busy      int                // pieces of work in progress
	parked    int                // callers that wait for the library to wake them
	callers   int                // functions that Go started and that have not returned
	asking    map[string]*asking // requests in flight, by the address of the client
	strangers int                // requests that wait in a service, of clients that the Clock does not know
}

// asking is a request in flight.
type asking struct {
	what   string
	served bool      // whether it waits in the service, so that busy does not count the call that made it
	until  time.Time // until when it waits; zero means forever
	left   bool      // whether the client no longer waits for it
}

// Begin marks the start of a piece of work. It is for this library's own code, like End, Park,
// Unpark and Asking. No test needs it.
func (y *tally) Begin() { y.count(1, 0) }

// End marks the end of a piece of work. It is for this library's own code.
func (y *tally) End() { y.count(-1, 0) }

// Unpark marks a caller that no longer waits. It is for this library's own code.
func (y *tally) Unpark() { y.count(0, -1) }

// Asking marks a request in flight from a client's address, until over is called. It is for this
// library's own code.
func (y *tally) Asking(local, request string) (over func()) {
	a := &asking{what: request}
	y.mu.Lock()
	y.asking[local] = a
	y.version++
	y.mu.Unlock()
	return func() {
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.asking[local] == a { // and not the next request on that connection
			delete(y.asking, local)
		}
		a.left = true
		y.version++
		y.awakeLocked(a)
	}
}

// serve marks the request of a client as waiting for d in a service. Until then, or until the
// client has left, the call that made it does not count as work. At the end of the wait serve calls
// end. If soon is called, that is the next event of this instant. The caller calls over after the
// wait, or sooner; over reports whether the client is still there. The Clock knows that before the
// connection does.
func (y *tally) serve(client string, d time.Duration, end func()) (soon func(), over func() (there bool)) {
	y.mu.Lock()
	defer y.mu.Unlock()
	a := y.asking[client] // nil if the client has left, or if this Clock does not know it
	ended := false        // whether over was called, so that no late event counts
	wake := func(time.Time) {
		y.mu.Lock()
		if !ended {
			y.awakeLocked(a)
		}
		y.mu.Unlock()
		end()
	}
	until := time.Time{}
	stop := func() bool { return true }
	if d != Forever { // before the call stops counting as work, because the clock then advances
		until = y.agenda.now.Add(d)
		stop = y.agenda.scheduleLocked(d, wake).Stop
	}
	y.version++
	if a != nil {
		a.served, a.until = true, until
		y.busy--
		y.changed.Broadcast()
	} else {
		y.strangers++
	}
	soon = func() {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.agenda.scheduleLocked(0, wake)
	}
	return soon, func() bool {
		stop()
		y.mu.Lock()
		defer y.mu.Unlock()
		ended = true
		y.awakeLocked(a)
		y.version++
		if a == nil {
			y.strangers--
		}
		return a == nil || !a.left
	}
}

// awakeLocked counts the call that made a request as work again.
func (y *tally) awakeLocked(a *asking) {
	if a != nil && a.served {
		a.served = false
		y.busy++
		y.version++
		y.changed.Broadcast()
	}
}

// count adds to the pieces of work in progress and to the callers that are parked.
func (y *tally) count(busy, parked int) {
	y.mu.Lock()
	y.busy += busy
	y.parked += parked
	y.version++
	y.mu.Unlock()
	y.changed.Broadcast()
}

// answeringLocked returns the number of requests that wait for a Service on this Clock.
func (y *tally) answeringLocked() (n int) {
	for _, a := range y.asking {
		if a.served {
			n++
		}
	}
	return n + y.strangers
}
