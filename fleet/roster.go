package fleet

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// beats is how many heartbeats a lease has.
const beats = 5

// heartbeat is the value of a member's key. In every format, v and lease have these names and this
// meaning. Of a newer heartbeat nothing else is used.
type heartbeat struct {
	Format int           `json:"v"`
	Lease  time.Duration `json:"lease"`
	// Left is set in the heartbeats of a member that leaves. It claims nothing any more, and may
	// not have handed over all that it owns.
	Left bool `json:"left,omitempty"`
	// N counts the heartbeats of a member.
	N int `json:"n,omitempty"`
	// Short says that the member needs more than its own part of the rate limit. Loans is what it
	// lends to others, in partitions.
	Short bool               `json:"short,omitempty"`
	Loans map[string]float64 `json:"loans,omitempty"`
}

// newer reports whether a newer package wrote the heartbeat. Nobody here knows what its member is
// going to do.
func (h heartbeat) newer() bool { return h.Format > format }

// decodeHeartbeat reads a heartbeat. Of a newer one, it reads the format and the lease. If that
// lease cannot be read, the longest is assumed.
func decodeHeartbeat(data []byte) (h heartbeat, err error) {
	err = decode(data, &h, &h.Format)
	switch {
	case errors.Is(err, errNewer) && checkLease(h.Lease) != nil:
		return heartbeat{Format: format + 1, Lease: maxLease}, nil
	case errors.Is(err, errNewer):
		return heartbeat{Format: format + 1, Lease: h.Lease}, nil
	case err != nil:
		return heartbeat{}, err
	default:
		return h, checkLease(h.Lease)
	}
}

// checkLease reports a lease that no worker can have.
func checkLease(d time.Duration) error {
	if d < minLease || d > maxLease {
		return fmt.Errorf("its lease is %v", d)
	}
	return nil
}

// member is what is known of a worker by its heartbeats.
type member struct {
	heartbeat
	at   time.Time     // of the newest heartbeat, by the server's clock
	seen time.Duration // when it was seen, by one's own contact
	old  bool          // it was stored before one began to look
	// heard is when it was taken in, by one's own clock.
	heard time.Time
}

// roster is who the workers are. It knows no clock.
type roster struct {
	members map[string]member
}

// saw takes in a heartbeat that was seen at now, and at a time of contact. old says that it was
// stored before one began to look.
func (r *roster) saw(name string, h heartbeat, at time.Time, contact time.Duration, old bool, now time.Time) {
	if r.members == nil {
		r.members = map[string]member{}
	}
	r.members[name] = member{heartbeat: h, at: at, seen: contact, old: old, heard: now}
}

// resume takes everybody for heard of now, at a time of contact. The server was away before, and
// others can be back later than oneself: a request of theirs can hang for half a lease.
func (r *roster) resume(contact time.Duration) {
	for name, m := range r.members {
		m.seen = contact
		r.members[name] = m
	}
}

// heard reports whether a member was heard of within its lease, at a time of contact. now is the
// server's time, as one's own newest heartbeat tells it.
func (r *roster) heard(name string, contact time.Duration, now time.Time) bool {
	m, ok := r.members[name]
	switch {
	case !ok:
		return false
	case m.old && now.Sub(m.at) > m.Lease:
		return false
	default:
		return contact-m.seen <= m.Lease
	}
}

// silent returns the members that were not heard of for a lease.
func (r *roster) silent(contact time.Duration, now time.Time) []string {
	var names []string
	for name := range r.members {
		if !r.heard(name, contact, now) {
			names = append(names, name)
		}
	}
	return names
}

// living returns the members that do not leave and are not dead, sorted. Newer ones are not among
// them: nobody here knows which partitions they claim.
func (r *roster) living(dead func(name string) bool) []string {
	var names []string
	for name, m := range r.members {
		if !m.Left && !m.newer() && !dead(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// short returns the members that need more than their part of the rate limit, but for one, sorted.
// owned returns how many partitions a member owns: without one it needs nothing.
func (r *roster) short(but string, owned func(name string) int) []string {
	var names []string
	for name, m := range r.members {
		if m.Short && !m.Left && !m.old && name != but && owned(name) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// lent returns what the members lend to one of them at now, in partitions. local turns the server's
// time into that of now's clock. A loan is as old as the heartbeat that told of it. owned returns
// how many partitions a member owns. A member that lends more than that lends nothing.
func (r *roster) lent(to string, now time.Time, local func(time.Time) time.Time, owned func(name string) int) (parts float64) {
	for name, m := range r.members {
		if p := m.Loans[to]; p > 0 && name != to && !m.Left && !m.old {
			age := max(now.Sub(m.heard), now.Sub(local(m.at)))
			if age < validity(m.Lease) && m.lends(float64(owned(name))) {
				parts += p
			}
		}
	}
	return parts
}

// lends reports whether a member that owns so many partitions can lend what h says.
func (h heartbeat) lends(owned float64) bool {
	for _, p := range h.Loans {
		if p < 0 {
			return false
		}
	}
	return total(h.Loans) <= owned
}

// validity is for how long a heartbeat lends something: as long as it takes to miss two.
func validity(lease time.Duration) time.Duration { return 2 * lease / beats }

// lastBeat returns when a member was last heard of, by the server's clock. It is zero if it is not
// known.
func (r *roster) lastBeat(name string) time.Time { return r.members[name].at }
