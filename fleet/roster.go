package fleet

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// beats is the number of heartbeats in a lease.
const beats = 5

// heartbeat is the value of a member's key. In every format, v and lease have these names and this
// meaning. Nothing else of a newer heartbeat is used.
type heartbeat struct {
	Format int           `json:"v"`
	Lease  time.Duration `json:"lease"`
	// Left is set in the heartbeats of a member that leaves. The member claims no more partitions. It
	// may still own some.
	Left bool `json:"left,omitempty"`
	// N is the number of the heartbeat, counted by the member.
	N int `json:"n,omitempty"`
	// Short means that the member needs more than its own part of the rate limit. Loans is what it
	// lends to each other member, in parts of one partition.
	Short bool               `json:"short,omitempty"`
	Loans map[string]float64 `json:"loans,omitempty"`
}

// newer reports whether a newer version of this package wrote the heartbeat. This version does not
// know what such a member will do.
func (h heartbeat) newer() bool { return h.Format > format }

// decodeHeartbeat reads a heartbeat. Of a newer one, it reads only the format and the lease. If the
// lease of a newer one cannot be read, decodeHeartbeat assumes the longest lease.
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

// checkLease returns an error for a lease that no worker can have.
func checkLease(d time.Duration) error {
	if d < minLease || d > maxLease {
		return fmt.Errorf("its lease is %v", d)
	}
	return nil
}

// member is what the heartbeats of a worker say about it.
type member struct {
	heartbeat
	at   time.Time     // when the newest heartbeat was stored, by the server's clock
	seen time.Duration // when it was read, as this worker's time in contact
	old  bool          // whether it was stored before this worker began to read
	// heard is when it was read, by this process's clock.
	heard time.Time
}

// roster is the set of known workers. It uses no clock.
type roster struct {
	members map[string]member
}

// saw records the newest heartbeat of a member.
func (r *roster) saw(name string, m member) {
	if r.members == nil {
		r.members = map[string]member{}
	}
	r.members[name] = m
}

// resume treats each member as if its heartbeat were read now, at a time in contact. It is for the
// time after the server was away. The other workers can be back later than this one, because a
// request of theirs can hang for half a lease.
func (r *roster) resume(contact time.Duration) {
	for name, m := range r.members {
		m.seen = contact
		r.members[name] = m
	}
}

// heard reports whether a heartbeat of a member was read within its lease, at a time in contact.
// now is the server's time of this worker's newest heartbeat.
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

// silent returns the members without a heartbeat for a lease.
func (r *roster) silent(contact time.Duration, now time.Time) []string {
	var names []string
	for name := range r.members {
		if !r.heard(name, contact, now) {
			names = append(names, name)
		}
	}
	return names
}

// living returns the members that do not leave and are not dead, sorted. It leaves out members of a
// newer version, because this version does not know which partitions they claim.
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

// short returns the members that need more than their part of the rate limit, sorted and without
// the member but. owned returns how many partitions a member owns. A member without partitions
// needs nothing.
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

// lent returns what the members lend to one of them at now, in parts of one partition. local
// converts the server's time to the time of now's clock. A loan is as old as its heartbeat. owned
// returns how many partitions a member owns. The loans of a member that lends more than it owns do
// not count.
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

// lends reports whether a member that owns that many partitions can lend what h says.
func (h heartbeat) lends(owned float64) bool {
	for _, p := range h.Loans {
		if p < 0 {
			return false
		}
	}
	return total(h.Loans) <= owned
}

// validity is how long the loans in a heartbeat last: the time of two heartbeats.
func validity(lease time.Duration) time.Duration { return 2 * lease / beats }

// lastBeat returns when the newest heartbeat of a member was stored, by the server's clock. It is
// zero for an unknown member.
func (r *roster) lastBeat(name string) time.Time { return r.members[name].at }
