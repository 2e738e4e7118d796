package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"go.uber.org/zap"
)

// memberChanged takes in a heartbeat.
func (r *worker) memberChanged(m message, old bool) {
	now := time.Now()
	defer r.suspects.passed(m.more)
	var h heartbeat
	switch {
	case len(m.data) == 0:
		r.roster.gone(m.subject)
		return
	case json.Unmarshal(m.data, &h) != nil || h.Lease <= 0:
		r.f.counts.putAside.Add(1)
		r.log.Warn("a heartbeat cannot be read and is put aside", zap.String("subject", m.subject))
		return
	}
	if m.subject == r.name {
		r.server = m.at
		r.contact.beat(now)
		r.cameBack(h.N)
		r.part.lending.cameBack(h.N, now.Add(validity(r.f.lease)+r.f.lease/10))
		if s, ok := r.sent[m.seq]; ok {
			// The server stored it between the two.
			r.offset.Store(int64(m.at.Sub(s.began.Add(s.stored.Sub(s.began) / 2))))
		}
		for seq := range r.sent {
			if seq <= m.seq {
				delete(r.sent, seq)
			}
		}
	}
	if _, known := r.roster.members[m.subject]; !known && !old {
		r.log.Info("worker joined", zap.String("member", m.subject))
	} else if h.Left && !r.roster.members[m.subject].Left {
		r.log.Info("worker leaves", zap.String("member", m.subject))
	}
	r.roster.saw(m.subject, h, m.at, r.contact.at(now), old, now)
}

// cameBack takes in one's own heartbeat of a number. Those before it come back no more.
func (r *worker) cameBack(n int) {
	if began, ok := r.began[n]; ok {
		r.suspects.cameBack(began)
	}
	for earlier := range r.began {
		if earlier <= n {
			delete(r.began, earlier)
		}
	}
}

// suspect notes who seems to be dead at now. A heartbeat is sent at once to find out.
func (r *worker) suspect(now time.Time) {
	if r.replayed < 2 || r.server.IsZero() {
		return
	}
	silent := r.roster.silent(r.contact.at(now), r.server)
	for p := range r.slots {
		owner := r.slots[p].record.owner
		if _, known := r.roster.members[owner]; !known && owner != "" {
			silent = append(silent, owner)
		}
	}
	if r.suspects.suspect(silent, now) {
		r.beatAt = now
	}
}

// dead reports whether a worker has left, or is found dead.
func (r *worker) dead(name string) bool {
	return name != r.name && (r.roster.left(name) || r.suspects.dead(name))
}

// beat sends a heartbeat if one is due.
func (r *worker) beat(now time.Time) {
	if r.beating || now.Before(r.beatAt) {
		return
	}
	r.beating = true
	r.beatAt = now.Add(r.f.lease / beats)
	r.count++
	r.began[r.count] = now
	h := heartbeat{Format: format, Lease: r.f.lease, N: r.count}
	h.Short, h.Loans = r.lend(now)
	r.limit(now) // before anybody hears of the loans
	h.Left = r.leaving && r.part.lending.reserved(now) == 0
	r.told = h.Left
	data := encode(h)
	r.group.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, r.f.lease/2)
		defer cancel()
		seq, err := r.f.engine.publish(ctx, outgoing{store: members, subject: r.name, data: data, always: true})
		stored := time.Now()
		r.post(func() {
			r.beating = false
			if errors.Is(err, errLost) {
				r.leave(fmt.Errorf("fleet: Run: %w", err))
			}
			if err == nil {
				if now.Sub(r.touch) > 3*r.f.lease/beats {
					r.roster.resume(r.contact.at(time.Now()))
				}
				r.touch = now
				r.sent[seq] = sending{began: now, stored: stored}
			}
		})
	})
}

// lend returns what the heartbeat that sets out at now says of the rate limit.
func (r *worker) lend(now time.Time) (short bool, loans map[string]float64) {
	if r.f.rate == 0 {
		return false, nil
	}
	var to []string
	if !r.recall && !r.leaving {
		to = r.roster.short(r.name)
	}
	return r.part.lend(r.count, r.running(), r.w.Stats().Requests, to, now)
}

// limit gives the Watcher its part of the rate limit. It is lowered before a partition is given up
// or lent, and raised after one was claimed, so that the parts never exceed the whole.
func (r *worker) limit(now time.Time) {
	borrowed := 0.0
	if !r.server.IsZero() {
		borrowed = r.roster.lent(r.name, now, r.local)
	}
	limit, changed := r.part.limit(r.running(), borrowed, now)
	if !changed {
		return
	}
	r.setRate(limit)
	if err := r.w.SetRateLimit(limit, 1); err != nil {
		r.log.Error("set the rate limit", zap.Error(err))
	}
}

// setRate tells the figures of the rate limit.
func (r *worker) setRate(perSecond float64) { r.f.counts.rate.Store(math.Float64bits(perSecond)) }
