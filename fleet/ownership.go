package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// ownerChanged takes in a claim.
func (r *worker) ownerChanged(m message, _ bool) {
	p, err := strconv.Atoi(m.subject)
	if err != nil || p < 0 || p >= len(r.slots) {
		r.f.counts.putAside.Add(1)
		r.log.Warn("a claim of no partition is put aside", zap.String("subject", m.subject))
		return
	}
	var c claim
	if err := json.Unmarshal(m.data, &c); err != nil {
		c.Owner = "" // whoever wrote it, it has no owner
		r.log.Warn("a claim cannot be read and is replaced", zap.String("subject", m.subject), zap.Error(err))
	}
	s := &r.slots[p]
	if m.seq <= s.record.seq {
		return
	}
	if s.record.owner == r.name && c.Owner != r.name && !s.busy {
		r.f.counts.taken.Add(1)
		r.log.Warn("partition was taken by another worker", zap.Int("partition", p), zap.String("to", c.Owner))
	}
	s.record = record{owner: c.Owner, seq: m.seq, at: m.at}
}

// write claims a partition or, for the owner "", gives it up.
func (r *worker) write(p int, owner string) {
	s := &r.slots[p]
	s.busy = true
	before := s.record
	s.gap = r.gapOf(s)
	m := outgoing{store: owners, subject: strconv.Itoa(p), after: before.seq, data: encode(claim{Format: format, Owner: owner})}
	r.group.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, r.f.lease/2)
		defer cancel()
		seq, err := r.f.engine.publish(ctx, m)
		r.post(func() { r.written(p, owner, seq, err) })
	})
}

// written takes in how the write of a claim went.
func (r *worker) written(p int, owner string, seq uint64, err error) {
	s := &r.slots[p]
	s.busy = false
	if err != nil {
		s.again = time.Now().Add(r.f.lease / ticks)
		return
	}
	before := s.record
	if seq > s.record.seq {
		s.record = record{owner: owner, seq: seq, at: time.Now().Add(time.Duration(r.offset.Load()))}
	}
	if s.record.seq != seq {
		return // it was taken from us meanwhile
	}
	r.log.Info("partition changes its owner", zap.Int("partition", p), zap.String("from", before.owner), zap.String("to", owner),
		zap.String("reason", r.reason(before.owner, owner)))
	if owner != "" && !r.leaving {
		r.start(p)
	}
}

// reason counts a change of an owner that this worker made, and names it for the log.
func (r *worker) reason(from, to string) string {
	c := &r.f.counts
	switch {
	case to == "":
		c.gaveUp.Add(1)
		return "handed over"
	case from == r.name:
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
func (r *worker) gapOf(s *slot) time.Time {
	switch {
	case s.record.owner == r.name:
		return s.gap
	case s.record.owner == "":
		return r.local(s.record.at)
	}
	at := s.record.at
	if last := r.roster.lastBeat(s.record.owner); last.After(at) {
		at = last
	}
	return r.local(at)
}

// start begins to watch the jobs of a partition.
func (r *worker) start(p int) {
	s := &r.slots[p]
	ctx, stop := context.WithCancelCause(r.life)
	s.stop, s.ending = func() { stop(errGivenUp) }, false
	r.limit(time.Now())
	sh := &share{
		f: r.f, w: r.w, partition: p, gap: s.gap, local: r.local, slots: r.storing,
		log: r.log.With(zap.Int("partition", p)),
	}
	r.group.Go(func() {
		defer stop(errGivenUp)
		err := sh.run(ctx)
		ended := time.Now()
		r.post(func() {
			s.stop, s.gap = nil, ended
			r.limit(time.Now())
			if err != nil {
				r.leave(fmt.Errorf("fleet: Run: %w", err))
			}
		})
	})
}

// running returns the number of partitions whose jobs are watched.
func (r *worker) running() (n int) {
	for p := range r.slots {
		if r.slots[p].stop != nil {
			n++
		}
	}
	return n
}
