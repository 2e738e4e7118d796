package timeline

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/health"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/observe"
)

// untold is what has happened while mu was held, and is told to the Backoff, the Observer and the
// log once it is not.
type untold struct {
	outcomes []backoff.Outcome
	events   []observe.Event
	notes    []note
}

func (u *untold) isEmpty() bool { return len(u.outcomes)+len(u.events)+len(u.notes) == 0 }

// A note is a line for the log.
type note struct {
	level   zapcore.Level
	message string
	fields  []zap.Field
}

// note has n written to the log, unless it is nil.
func (t *Timeline) note(n *note) {
	if n != nil {
		t.notes = append(t.notes, *n)
	}
}

// unlock unlocks mu and tells what has happened meanwhile. It is called on a goroutine of the
// engine's.
func (t *Timeline) unlock() {
	if t.untold.isEmpty() {
		t.mu.Unlock()
		return
	}
	u := t.untold
	t.untold = untold{}
	t.mu.Unlock()
	t.tellAll(&u)
}

// unlockAside is unlock for a goroutine of the user's. Whoever is told might end or block it, so
// another one tells.
func (t *Timeline) unlockAside() {
	if t.untold.isEmpty() {
		t.mu.Unlock()
		return
	}
	u := t.untold
	t.untold = untold{}
	t.mu.Unlock()
	t.track.Begin()
	wait.Within(closeGrace, func() {
		defer t.track.End()
		t.tellAll(&u)
	})
}

// tellAll tells u. Where it ends the goroutine, the rest is told all the same.
func (t *Timeline) tellAll(u *untold) {
	if u.isEmpty() {
		return
	}
	returned := false
	defer func() {
		if !returned {
			t.tellAll(u)
		}
	}()
	for len(u.outcomes) > 0 {
		o := u.outcomes[0]
		u.outcomes = u.outcomes[1:]
		t.schedule.Learn(o)
	}
	for len(u.events) > 0 {
		e := &u.events[0]
		u.events = u.events[1:]
		t.audience.Observe(t.ctx, e)
	}
	for len(u.notes) > 0 {
		n := u.notes[0]
		u.notes = u.notes[1:]
		t.guard.Log(n.level, n.message, func() []zap.Field { return n.fields })
	}
	returned = true
}

// maxWords bounds the words that a warning is written of.
const maxWords = 64

// noteWord has a warning written of a word that the Transport has no state for, the first time that
// it is seen.
func (t *Timeline) noteWord(x *watch) {
	if x.seen.State != 0 || x.seen.Raw == "" || len(t.words) >= maxWords {
		return
	}
	if _, known := t.words[x.seen.Raw]; known {
		return
	}
	t.words[x.seen.Raw] = struct{}{}
	t.note(&note{zapcore.WarnLevel, "unknown state: the watch goes on, as if the job had not ended", []zap.Field{
		zap.String("raw", x.seen.Raw), zap.String("id", ids.Short(x.id))}})
}

// noteHealth has a warning written about the service, if there is a report of it.
func (t *Timeline) noteHealth(message, since string, err error, r *health.Report) {
	if r == nil {
		return
	}
	fields := []zap.Field{zap.Int("failures", r.Failures), zap.Duration(since, r.For)}
	if err != nil {
		fields = append(fields, zap.Error(err))
	}
	t.note(&note{zapcore.WarnLevel, message, fields})
}
