package fleet

import (
	"iter"
	"slices"
	"time"
)

// peers is what a worker knows of all workers, including itself: their names, their last
// heartbeats, and which of them are dead. It uses no clock.
type peers struct {
	self     string
	lease    time.Duration // the worker's own lease
	roster   roster
	suspects suspects
	contact  contact
	server   time.Time // when the newest own heartbeat that came back was stored, by the server's clock
}

// Names for owners whose real names cannot be read. No member has such a name, because a subject
// contains no space.
const (
	// newerOwner stands for any worker with a newer version of this package. It is alive as long as
	// one of these workers is.
	newerOwner = "a newer worker"
	// unknownOwner stands for the owner in a claim that cannot be read.
	unknownOwner = "an unknown worker"
)

func newPeers(self string, lease time.Duration) peers {
	return peers{self: self, lease: lease, contact: contact{most: 3 * lease / beats / 2}}
}

// inTouch reports whether any heartbeat of this worker has come back.
func (p *peers) inTouch() bool { return !p.server.IsZero() }

// cameBack records that a heartbeat of this worker came back at now. began is when it was sent, or
// zero if that is unknown. stored is when it was stored, by the server's clock.
func (p *peers) cameBack(began, stored, now time.Time) {
	p.server = stored
	p.contact.beat(now)
	p.suspects.cameBack(began)
}

// saw records a heartbeat of any worker at now. old means that it was stored before this worker
// began to read. The result is whether the member has joined, or leaves.
func (p *peers) saw(name string, h heartbeat, at time.Time, old bool, now time.Time) (joined, leaves bool) {
	before, known := p.roster.members[name]
	m := member{heartbeat: h, at: at, seen: p.contact.at(now), old: old, heard: now}
	p.roster.saw(name, m)
	if h.newer() {
		m.Lease = max(m.Lease, p.roster.members[newerOwner].Lease)
		p.roster.saw(newerOwner, m)
	}
	joined = !known && !old
	return joined, !joined && h.Left && !before.Left
}

// unread records at now that a message about a worker cannot be read. An unknown worker may be
// alive, so it is not suspected for one lease.
func (p *peers) unread(name string, at time.Time, old bool, now time.Time) {
	if _, known := p.roster.members[name]; !known {
		h := heartbeat{Left: true, Lease: p.lease}
		p.roster.saw(name, member{heartbeat: h, at: at, seen: p.contact.at(now), old: old, heard: now})
	}
}

// passed records that a message about a member was handled. more means that later messages were
// already stored.
func (p *peers) passed(more bool) { p.suspects.passed(more) }

// resume gives each worker a whole lease from now: see [roster.resume].
func (p *peers) resume(now time.Time) { p.roster.resume(p.contact.at(now)) }

// suspect records which workers seem to be dead at now: silent members, and owners of partitions
// that are not members. It reports whether one of them is new. Then the worker's next heartbeat,
// when it comes back, shows whether they are dead. Members without partitions are forgotten when
// the server forgets them.
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

// dead reports whether a worker is dead. A worker that leaves is not dead: it may still poll until
// it has handed over its partitions.
func (p *peers) dead(name string) bool { return name != p.self && p.suspects.dead(name) }

// living returns the workers that do not leave and are not dead, sorted.
func (p *peers) living() []string { return p.roster.living(p.dead) }

// lastBeat returns when the newest heartbeat of a worker was stored, by the server's clock. It is
// zero for an unknown worker.
func (p *peers) lastBeat(name string) time.Time { return p.roster.lastBeat(name) }

// short returns the other workers that need more than their part of the rate limit: see
// [roster.short].
func (p *peers) short(owned func(name string) int) []string { return p.roster.short(p.self, owned) }

// lent returns what the other workers lend to this worker at now: see [roster.lent].
func (p *peers) lent(now time.Time, local func(time.Time) time.Time, owned func(name string) int) float64 {
	if !p.inTouch() {
		return 0
	}
	return p.roster.lent(p.self, now, local, owned)
}
