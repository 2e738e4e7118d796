package timeline

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/observe"
)

// untold holds the events that happened while mu was held. The Backoff, the Observer and the log
// are told once mu is free.
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

// noteLocked adds n to the notes for the log, unless it is nil.
func (k *core) noteLocked(n *note) {
	if n != nil {
		k.notes = append(k.notes, *n)
	}
}

// maxWords is the maximum number of words about which a warning is written.
const maxWords = 64

// noteWordLocked adds a warning about a word that the Transport maps to no state, the first time
// that the word is seen.
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
