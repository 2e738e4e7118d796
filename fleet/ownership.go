package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// ticks is how often in a lease a worker looks what to do, and how soon it claims again.
const ticks = 20

// ownership is which partitions a worker owns, and the watching of them. It claims those that are
// to be the worker's by [ownerOf], and gives up the others. It belongs to the worker's loop.
//
// Who owns a partition stands in a record on the server, which changes by compare-and-set. So of
// two workers that claim it, one succeeds. A partition is watched after its claim is stored, and
// given up after nothing of it is watched any more.
type ownership struct {
	*core
	self  string
	log   *zap.Logger // of the worker
	loop  *loop
	clock *serverClock
	peers *peers
	// watch watches a partition until ctx ends. gap says until when another owner did. It runs on a
	// goroutine of its own.
	watch func(ctx context.Context, partition int, gap time.Time)
	// resized is called when the number of watched partitions has changed: before a new one is
	// watched, and before an old one is given up.
	resized func()

	slots   []slot // by partition
	leaving bool   // all are given up, and none is claimed
	recall  bool   // one that is watched is to be given up
}

// slot is a partition as a worker sees it.
type slot struct {
	record  record
	phase   phase
	again   time.Time // when it may be claimed or given up, after a write failed
	mending bool      // a claim that cannot be read is being written again
	stop    func()    // ends the watching of it
	gap     time.Time // until when it was polled, by this process's clock
}

// phase is what a worker does with a partition.
type phase uint8

const (
	unwatched phase = iota // nothing; then writing
	writing                // its record is being written; then watched, or unwatched
	watched                // its jobs are watched; then stopping, or unwatched if the Watcher fails
	stopping               // the watching was told to stop; then unwatched
)

// record is who owns a partition, as it is stored.
type record struct {
	owner string // "" if it was given up
	seq   uint64
	at    time.Time // by the server's clock
	// broken says that the newest message cannot be read, so owner is who owned it before.
	broken bool
}

// claim is the message of a record. In every format, v and owner have these names and this meaning.
type claim struct {
	Format int    `json:"v"`
	Owner  string `json:"owner"` // "" if it was given up
}

// decodeClaim returns the owner that a claim names. If the format is newer and the owner cannot be
// read, that is [newerOwner].
func decodeClaim(data []byte) (owner string, err error) {
	var c struct {
		Format int             `json:"v"`
		Owner  json.RawMessage `json:"owner"`
	}
	err = decode(data, &c, &c.Format)
	if err != nil && !errors.Is(err, errNewer) {
		return "", err
	}
	var named *string
	switch wrong := json.Unmarshal(c.Owner, &named); {
	case wrong == nil && named != nil:
		return *named, nil
	case err != nil:
		return newerOwner, nil
	default:
		return "", errors.New("it names no owner")
	}
}

// outlook is what the ownership is told of the rest of the worker.
type outlook struct {
	living []string // all workers
	ready  bool     // partitions may be claimed and kept
	lost   bool     // the server is lost
	lent   bool     // others use something of the worker's rate limit, so no watching stops
}

// changed takes in a record.
func (o *ownership) changed(m message) {
	p, err := readPartition(m.subject)
	if err != nil || p >= len(o.slots) {
		o.counts.unreadable.Add(1)
		o.log.Warn("a claim of no partition is put aside", zap.String("subject", m.subject))
		return
	}
	s := &o.slots[p]
	if m.seq <= s.record.seq {
		return
	}
	owner, err := decodeClaim(m.data)
	if err != nil {
		o.counts.unreadable.Add(1)
		o.log.Warn("a claim cannot be read and is put aside", zap.String("subject", m.subject), zap.Error(err))
		owner = s.record.owner
		if s.record.seq == 0 {
			owner = unknownOwner
			o.peers.unread(owner, m.at, false, time.Now())
		}
	}
	if s.record.owner == o.self && owner != o.self && s.phase != writing {
		o.counts.taken.Add(1)
		o.log.Warn("partition was taken by another worker", zap.Int("partition", p), zap.String("to", owner))
	}
	s.record = record{owner: owner, seq: m.seq, at: m.at, broken: err != nil}
}

// step claims, stops to watch and gives up what is due at now.
func (o *ownership) step(now time.Time, v outlook) {
	o.recall = o.leaving
	for p := range o.slots {
		s := &o.slots[p]
		mine := s.record.owner == o.self
		want := v.ready && !o.leaving && ownerOf(p, v.living) == o.self
		switch s.phase {
		case unwatched:
			switch {
			case now.Before(s.again) || v.lost:
			case mine && !want:
				o.write(p, "")
			case want && (mine || s.record.owner == "" || o.peers.dead(s.record.owner)):
				o.write(p, o.self)
			}
		case watched:
			switch {
			case !mine || !want && (!v.lent || v.lost):
				s.phase = stopping
				s.stop()
			case s.record.broken && !s.mending && !now.Before(s.again):
				o.mend(p)
			}
		}
		o.recall = o.recall || s.watched() && mine && !want
	}
}

// watched reports whether jobs of the partition may be polled.
func (s *slot) watched() bool { return s.phase == watched || s.phase == stopping }

// write claims a partition or, for the owner "", gives it up.
func (o *ownership) write(p int, owner string) {
	s := &o.slots[p]
	s.phase = writing
	s.gap = o.gapOf(s)
	m := o.claimOf(p, owner)
	o.loop.ask(o.lease/2, func(ctx context.Context) func() {
		seq, err := o.engine.publish(ctx, m)
		return func() { o.written(p, owner, seq, err) }
	})
}

// claimOf returns the message of a claim, which follows the newest one of its partition.
func (o *ownership) claimOf(p int, owner string) outgoing {
	return outgoing{
		store: owners, subject: strconv.Itoa(p), after: o.slots[p].record.seq, data: encode(claim{Format: format, Owner: owner}),
	}
}

// mend writes the claim of a watched partition again. Others may not know who owns it.
func (o *ownership) mend(p int) {
	s := &o.slots[p]
	s.mending = true
	m := o.claimOf(p, o.self)
	o.loop.ask(o.lease/2, func(ctx context.Context) func() {
		seq, err := o.engine.publish(ctx, m)
		return func() {
			s.mending = false
			switch {
			case err != nil:
				s.again = time.Now().Add(o.lease / ticks)
			case seq > s.record.seq:
				s.record = record{owner: o.self, seq: seq, at: o.clock.server(time.Now())}
			}
		}
	})
}

// written takes in how the write of a record went.
func (o *ownership) written(p int, owner string, seq uint64, err error) {
	s := &o.slots[p]
	s.phase = unwatched
	if err != nil {
		s.again = time.Now().Add(o.lease / ticks)
		return
	}
	before := s.record
	if seq > s.record.seq {
		s.record = record{owner: owner, seq: seq, at: o.clock.server(time.Now())}
	}
	if s.record.seq != seq {
		return // it was taken from us meanwhile
	}
	o.log.Info("partition changes its owner", zap.Int("partition", p), zap.String("from", before.owner), zap.String("to", owner),
		zap.String("reason", o.reason(before.owner, owner)))
	if owner != "" && !o.leaving {
		o.start(p)
	}
}

// reason counts a change of an owner that this worker made, and names it for the log.
func (o *ownership) reason(from, to string) string {
	c := &o.counts
	switch {
	case to == "":
		c.gaveUp.Add(1)
		return "handed over"
	case from == o.self:
		return "goes on"
	case from == "":
		c.claimed.Add(1)
		return "had no owner"
	default:
		c.claimed.Add(1)
		c.takenOver.Add(1)
		return "its owner is heard of no more"
	}
}

// gapOf returns until when a partition was polled, by this process's clock. It is zero if it never
// was.
func (o *ownership) gapOf(s *slot) time.Time {
	switch {
	case s.record.owner == o.self:
		return s.gap
	case s.record.owner == "":
		return o.clock.local(s.record.at)
	}
	at := s.record.at
	if last := o.peers.lastBeat(s.record.owner); last.After(at) {
		at = last
	}
	return o.clock.local(at)
}

// start begins to watch a partition.
func (o *ownership) start(p int) {
	s := &o.slots[p]
	ctx, stop := context.WithCancelCause(o.loop.life)
	s.phase, s.stop = watched, func() { stop(errGivenUp) }
	o.resized()
	gap := s.gap
	o.loop.start(func(context.Context) {
		defer stop(errGivenUp)
		o.watch(ctx, p, gap)
		ended := time.Now()
		o.loop.post(func() {
			s.phase, s.gap = unwatched, ended
			o.resized()
		})
	})
}

// watched returns the number of partitions whose jobs may be polled.
func (o *ownership) watched() (n int) {
	for p := range o.slots {
		if o.slots[p].watched() {
			n++
		}
	}
	return n
}

// owners returns the owner of each partition that has one.
func (o *ownership) owners() iter.Seq[string] {
	return func(yield func(string) bool) {
		for p := range o.slots {
			if owner := o.slots[p].record.owner; owner != "" && !yield(owner) {
				return
			}
		}
	}
}

// ownedBy returns how many partitions a worker owns.
func (o *ownership) ownedBy(name string) (n int) {
	for p := range o.slots {
		if o.slots[p].record.owner == name {
			n++
		}
	}
	return n
}

// idle reports whether nothing is under way, and no partition is the worker's.
func (o *ownership) idle() bool {
	for p := range o.slots {
		if s := &o.slots[p]; s.phase != unwatched || s.record.owner == o.self {
			return false
		}
	}
	return true
}

// close tells all watching to stop. It returns how many partitions are still the worker's.
func (o *ownership) close() (left int) {
	for p := range o.slots {
		s := &o.slots[p]
		if s.record.owner == o.self {
			left++
		}
		if s.watched() {
			s.stop()
		}
	}
	return left
}
