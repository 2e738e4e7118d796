package fleet

import (
	"iter"
	"slices"
	"time"
)

// peers is what a worker knows of all workers, itself included: who they are, what they said last,
// and who is dead. It knows no clock.
type peers struct {
	self     string
	lease    time.Duration // one's own
	roster   roster
	suspects suspects
	contact  contact
	server   time.Time // when the newest own heartbeat that came back was stored, by the server's clock
}

// The names of owners that nobody here can name. No member has such a name, because a subject holds
// no space.
const (
	// newerOwner is any member of a newer package. It lives as long as one of them does.
	newerOwner = "a newer worker"
	// unknownOwner is the owner that a claim named which cannot be read.
	unknownOwner = "an unknown worker"
)

func newPeers(self string, lease time.Duration) peers {
	return peers{self: self, lease: lease, contact: contact{most: 3 * lease / beats / 2}}
}

// inTouch reports whether a heartbeat of one's own has ever come back.
func (p *peers) inTouch() bool { return !p.server.IsZero() }

// cameBack takes in that one's own heartbeat came back at now. began is when it set out, or zero if
// that is not known. stored is by the server's clock.
func (p *peers) cameBack(began, stored, now time.Time) {
	p.server = stored
	p.contact.beat(now)
	p.suspects.cameBack(began)
}

// saw takes in a heartbeat of anybody at now. old says that it was stored before one began to look.
// The result is whether the member has joined, or leaves.
func (p *peers) saw(name string, h heartbeat, at time.Time, old bool, now time.Time) (joined, leaves bool) {
	before, known := p.roster.members[name]
	p.roster.saw(name, h, at, p.contact.at(now), old, now)
	if h.newer() {
		h.Lease = max(h.Lease, p.roster.members[newerOwner].Lease)
		p.roster.saw(newerOwner, h, at, p.contact.at(now), old, now)
	}
	joined = !known && !old
	return joined, !joined && h.Left && !before.Left
}

// unread takes in at now that something about a worker cannot be read. A worker that is not known
// may live, so it has a lease to be heard of.
func (p *peers) unread(name string, at time.Time, old bool, now time.Time) {
	if _, known := p.roster.members[name]; !known {
		p.roster.saw(name, heartbeat{Left: true, Lease: p.lease}, at, p.contact.at(now), old, now)
	}
}

// passed says that what came of a member was taken in. more says that others were stored after it.
func (p *peers) passed(more bool) { p.suspects.passed(more) }

// resume gives everybody a whole lease from now on: see [roster.resume].
func (p *peers) resume(now time.Time) { p.roster.resume(p.contact.at(now)) }

// suspect notes who seems to be dead at now: members that are silent, and owners of partitions that
// are no members. It reports whether somebody is new. A heartbeat that comes back tells more.
// Members that own nothing are forgotten when the server forgets them.
func (p *peers) suspect(owners iter.Seq[string], now time.Time) (fresh bool) {
	if !p.inTouch() {
		return false
	}
	silent := p.roster.silent(p.contact.at(now), p.server)
	owning := map[string]bool{}
	for owner := range owners {
		if _, known := p.roster.members[owner]; !known && !owning[owner] {
			silent = append(silent, owner)
		}
		owning[owner] = true
	}
	silent = slices.DeleteFunc(silent, func(name string) bool {
		gone := !owning[name] && p.server.Sub(p.lastBeat(name)) > memberTTL
		if gone {
			delete(p.roster.members, name)
		}
		return gone
	})
	return p.suspects.suspect(silent, now)
}

// dead reports whether a worker is found dead. One that leaves is not: it hands over what it owns,
// and may still poll until it has.
func (p *peers) dead(name string) bool { return name != p.self && p.suspects.dead(name) }

// living returns the workers that do not leave and are not dead, sorted.
func (p *peers) living() []string { return p.roster.living(p.dead) }

// lastBeat returns when a worker was last heard of, by the server's clock. It is zero if it is not
// known.
func (p *peers) lastBeat(name string) time.Time { return p.roster.lastBeat(name) }

// short returns the others that need more than their part of the rate limit: see [roster.short].
func (p *peers) short(owned func(name string) int) []string { return p.roster.short(p.self, owned) }

// lent returns what the others lend of theirs to this worker at now: see [roster.lent].
func (p *peers) lent(now time.Time, local func(time.Time) time.Time, owned func(name string) int) float64 {
	if !p.inTouch() {
		return 0
	}
	return p.roster.lent(p.self, now, local, owned)
}
