package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// ticks is how many times in a lease a worker checks what is due. A failed claim is tried again
// after one such step.
const ticks = 20

// maxWrites is how many claims a worker writes at once. Each heartbeat waits for the claims that
// were sent before it, and more of them would delay it for too long on a slow server.
const maxWrites = 32

// maxRefused is after how many refused writes of a record all records are read again.
const maxRefused = 3

// ownership decides which partitions a worker owns, and starts and stops the watching of them. It
// claims the partitions that [ownerOf] assigns to the worker, and gives up the others. Only the
// worker's loop uses it.
//
// A record on the server names the owner of a partition, and changes by compare-and-set. So if two
// workers claim a partition, only one succeeds. A worker watches a partition after its claim is
// stored, and gives it up after it no longer watches any job of it.
type ownership struct {
	*core
	self  string
	log   *zap.Logger // the worker's log
	loop  *loop
	clock *serverClock
	peers *peers
	// watch watches a partition until ctx ends. gap is the time until which another owner watched it.
	// watch runs on its own goroutine.
	watch func(ctx context.Context, partition int, gap time.Time)
	// resized is called when the number of watched partitions has changed: before a new partition is
	// watched, and before an old one is given up.
	resized func()

	slots   []slot // by partition
	writes  int    // how many claims are being written
	leaving bool   // whether all partitions are given up and none is claimed
	recall  bool   // whether a watched partition must be given up
	again   func() // makes the worker read all records again
}

// slot is a partition as a worker sees it.
type slot struct {
	record  record
	phase   phase
	again   time.Time // when it may be claimed or given up, after a write failed
	mending bool      // whether a claim that cannot be read is being written again
	stop    func()    // stops the watching
	gap     time.Time // the time until which its jobs were polled, by this process's clock
	refused int       // how often the server has refused to write after this record
	written string    // the owner of the record that was written last
}

// phase is what a worker does with a partition.
type phase uint8

const (
	unwatched phase = iota // nothing; then writing
	writing                // its record is being written; then watched, or unwatched
	watched                // its jobs are watched; then stopping, or unwatched if the Watcher fails
	stopping               // the watching is ending; then unwatched
)

// record is the stored record of a partition's owner.
type record struct {
	owner string // "" if it was given up
	seq   uint64
	at    time.Time // by the server's clock
	// broken means that the newest message cannot be read, so owner is the owner before it.
	broken bool
}

// claim is the message of a record. In every format, v and owner have these names and this meaning.
type claim struct {
	Format int    `json:"v"`
	Owner  string `json:"owner"` // "" if it was given up
}

// decodeClaim returns the owner that a claim names. If the format is newer and the owner cannot be
// read, it returns [newerOwner].
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

// outlook is what the ownership must know about the rest of the worker.
type outlook struct {
	living []string // all workers that are alive
	ready  bool     // whether partitions may be claimed and kept
	lost   bool     // whether the server is lost
	lent   bool     // whether others use a part of the worker's rate limit, so that no watching may stop
}

// readAgain is called before all records are read, for the first time or again. The server may have
// lost the records that this worker knows, or an operator may have removed them. So records with
// lower sequences count, and a record that is not there any more is written without a condition on
// an earlier one. again makes the worker read all records once more.
func (o *ownership) readAgain(again func()) {
	o.again = again
	for p := range o.slots {
		o.slots[p].record.seq, o.slots[p].refused = 0, 0
	}
}

// changed handles a new message about the owner of a partition.
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
		if s.record.seq == 0 && owner == "" {
			owner = unknownOwner
			o.peers.unread(owner, m.at, false, time.Now())
		}
	}
	if own := s.phase == writing && owner == s.written; s.record.owner == o.self && owner != o.self && !own {
		o.counts.taken.Add(1)
		o.log.Warn("partition was taken by another worker", zap.Int("partition", p), zap.String("to", owner))
	}
	s.record, s.refused = record{owner: owner, seq: m.seq, at: m.at, broken: err != nil}, 0
}

// step claims partitions, stops watching them, and gives them up, as is due at now.
func (o *ownership) step(now time.Time, v outlook) {
	o.recall = o.leaving
	for p := range o.slots {
		s := &o.slots[p]
		mine := s.record.owner == o.self
		want := v.ready && !o.leaving && ownerOf(p, v.living) == o.self
		switch s.phase {
		case unwatched:
			switch {
			case now.Before(s.again) || v.lost || o.writes >= maxWrites:
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

// watched reports whether this worker may poll jobs of the partition.
func (s *slot) watched() bool { return s.phase == watched || s.phase == stopping }

// write claims a partition or, for the owner "", gives it up.
func (o *ownership) write(p int, owner string) {
	s := &o.slots[p]
	s.phase, s.written = writing, owner
	o.writes++
	s.gap = o.gapOf(s)
	before, m := s.record, o.claimOf(p, owner)
	o.loop.ask(o.lease/2, func(ctx context.Context) func() {
		seq, err := o.engine.publish(ctx, m)
		return func() { o.written(p, owner, before, seq, err) }
	})
}

// claimOf returns the message of a claim, which follows the newest one of its partition.
func (o *ownership) claimOf(p int, owner string) outgoing {
	return outgoing{
		store: owners, subject: strconv.Itoa(p), after: o.slots[p].record.seq, data: encode(claim{Format: format, Owner: owner}),
	}
}

// mend writes the claim of a watched partition again, because other workers may not know the owner.
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

// written handles the result of writing a record after the one before. The new record may already
// have been read.
func (o *ownership) written(p int, owner string, before record, seq uint64, err error) {
	s := &o.slots[p]
	s.phase = unwatched
	o.writes--
	if err != nil {
		s.again = time.Now().Add(o.lease / ticks)
		switch {
		case !errors.Is(err, errTaken):
			o.complain(lastPause, fmt.Errorf("claim partition %d: %w", p, err))
		case s.record.seq == before.seq:
			// The message that was first should arrive soon. If it does not, there is none.
			if s.refused++; s.refused == maxRefused {
				o.again()
			}
		}
		return
	}
	if seq > s.record.seq {
		s.record = record{owner: owner, seq: seq, at: o.clock.server(time.Now())}
	}
	if s.record.seq != seq {
		return // another worker has claimed it since
	}
	o.log.Info("partition changes its owner", zap.Int("partition", p), zap.String("from", before.owner), zap.String("to", owner),
		zap.String("reason", o.reason(before.owner, owner)))
	if owner != "" && !o.leaving {
		o.start(p)
	}
}

// reason counts a change of owner that this worker made, and returns its reason for the log.
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
		return "its owner sends no heartbeats"
	}
}

// gapOf returns the time until which the jobs of a partition were polled, by this process's clock.
// The time is zero if they never were.
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

// watched returns the number of partitions whose jobs this worker may poll.
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

// idle reports whether the worker owns no partition, and no write or watching is in progress.
func (o *ownership) idle() bool {
	for p := range o.slots {
		if s := &o.slots[p]; s.phase != unwatched || s.record.owner == o.self {
			return false
		}
	}
	return true
}

// close stops all watching. It returns how many partitions the worker still owns.
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
