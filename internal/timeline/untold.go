package timeline

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/ids"
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

// noteLocked has n written to the log, unless it is nil.
func (k *core) noteLocked(n *note) {
	if n != nil {
		k.notes = append(k.notes, *n)
	}
}

// maxWords bounds the words that a warning is written of.
const maxWords = 64

// noteWordLocked has a warning written of a word that the Transport has no state for, the first
// time that it is seen.
func (k *core) noteWordLocked(x *watch) {
	if x.seen.State != 0 || x.seen.Raw == "" || len(k.words) >= maxWords {
		return
	}
	if _, known := k.words[x.seen.Raw]; known {
		return
	}
	k.words[x.seen.Raw] = struct{}{}
	k.noteLocked(&note{zapcore.WarnLevel, "unknown state: the watch goes on, as if the job had not ended", []zap.Field{
		zap.String("raw", x.seen.Raw), zap.String("id", ids.Short(x.id))}})
}
