package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/transport"
)

// ears receive the events of the partitions that this process watches, and pass them to its calls
// of Notify. They are safe for concurrent use.
type ears struct {
	*core

	mu   sync.RWMutex // held for reading while notify functions are called
	all  map[int]ear  // guarded by mu
	next int          // guarded by mu
}

// ear is one call of Notify.
type ear struct {
	relay  string // the id of its relay
	notify func(transport.Status)
}

// hear receives the events of a partition until ctx ends.
func (e *ears) hear(ctx context.Context, partition int) {
	for pause := time.Duration(0); ctx.Err() == nil; {
		err := e.engine.hear(ctx, partition, func(data []byte) bool { return e.heard(partition, data) })
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return
		}
		pause = nextPause(pause)
		e.log.Debug("events are not heard yet", zap.Int("partition", partition), zap.Error(err))
		sleep(ctx, pause)
	}
}

// heard passes on an event. It reports whether a call of Notify is in progress.
func (e *ears) heard(partition int, data []byte) bool {
	event, err := decodeRelayed(data, e.key)
	if err == nil && e.place(event.Status.ID).partition != partition {
		err = errors.New("it is about a job of another partition")
	}
	if err != nil {
		e.log.Debug("an event cannot be read and is dropped", zap.Int("partition", partition), zap.Error(err))
		return false
	}
	return e.tell(event.From, event.Status)
}

// add adds a call of Notify. The call ends when over is called, and notify is not called after
// that.
func (e *ears) add(relay string, notify func(transport.Status)) (over func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[int]ear{}
	}
	e.next++
	key := e.next
	e.all[key] = ear{relay, notify}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.all, key)
	}
}

// tell tells all but the relay that published st. It reports whether there are any, that one
// included.
func (e *ears) tell(from string, st transport.Status) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, ear := range e.all {
		if ear.relay != from {
			own := st
			own.Result = append([]byte(nil), st.Result...)
			ear.notify(own)
		}
	}
	return len(e.all) > 0
}
