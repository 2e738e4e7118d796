package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// storing is how many ends a worker stores at once.
const storing = 128

// recorder stores the ends of a worker's watches. It is safe for concurrent use.
type recorder struct {
	*core
	log   *zap.Logger   // the worker's log
	slots chan struct{} // has one value for each end that is being stored
}

func newRecorder(c *core, log *zap.Logger) *recorder {
	return &recorder{core: c, log: log, slots: make(chan struct{}, storing)}
}

// record stores an end on a goroutine of the group. It blocks while too many ends are being stored.
func (r *recorder) record(ctx context.Context, group *sync.WaitGroup, p place, e ending) {
	r.slots <- struct{}{}
	group.Go(func() {
		defer func() { <-r.slots }()
		r.store(ctx, p, e)
	})
}

// store stores an end. While the server is away, it tries again until the partition is given up,
// and for [grace] longer.
func (r *recorder) store(ctx context.Context, p place, e ending) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { sleep(late, grace); cancel() })()
	e.ID = r.key.seal(e.ID)
	m := outgoing{
		subject: p.subject(r.name, endedSuffix), filter: p.all(r.name), after: e.Of,
		data: encodeEnding(e, r.maxPayload),
	}
	for pause := time.Duration(0); ; {
		_, err := r.engine.publish(late, m)
		if err == nil {
			r.counts.ended.Add(1)
			return
		}
		if errors.Is(err, errTaken) && r.settled(late, p, e.Of) {
			r.counts.doubled.Add(1)
			return
		}
		if pause >= lastPause {
			r.log.Warn("an end cannot be stored yet", zap.Int("partition", p.partition), zap.String("subject", m.subject), zap.Error(err))
		}
		pause = nextPause(pause)
		if !sleep(late, pause) {
			return
		}
	}
}

// settled reports whether the end of a submission need not be stored, because the submission has an
// end or no longer exists.
func (r *recorder) settled(ctx context.Context, p place, of uint64) bool {
	last, err := r.newest(ctx, p)
	if err != nil {
		return errors.Is(err, errNone) || errors.Is(err, errNewer)
	}
	return last.seq != of
}
