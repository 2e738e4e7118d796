package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

const (
	// waitCheck is the time between two checks of a call of Wait whether its job is still watched.
	waitCheck = time.Second
	// checksPerSecond limits how many checks all calls in a process make. More calls check less often.
	checksPerSecond = 256
)

// errNotWatched is the error of a wait for a job that the fleet does not watch.
var errNotWatched = fmt.Errorf("the fleet does not watch it, or its end was acknowledged: %w", fs.ErrNotExist)

// waits are the calls of Wait in this process. All calls for jobs of a partition share one
// follower, because each follower is a consumer on the server. It is safe for concurrent use.
type waits struct {
	*register

	mu        sync.Mutex
	listeners map[int]*listener // by partition; guarded by mu
	count     int               // calls that have joined and not left; guarded by mu
}

// listener follows the ends of a partition.
type listener struct {
	calls map[digest][]*waiting // guarded by waits.mu
	stop  context.CancelFunc    // nil until it has begun to follow; guarded by waits.mu
	done  chan struct{}         // closed when it follows no more
}

// waiting is a call of Wait.
type waiting struct {
	place    place
	listener *listener
	heard    bool         // whether the listener followed already when the call joined
	found    chan message // the end of the job, once
}

// wait returns the end of a job once it is stored, or errNotWatched.
func (w *waits) wait(ctx context.Context, id string) (ending, error) {
	c := w.join(w.place(id))
	defer w.leave(c)
	last, err := w.patient(ctx, c.place)
	if last.ended || err != nil && !errors.Is(err, errNewer) {
		return endOf(last, err)
	}
	pause := w.begin(c, last.message)
	for {
		check := time.NewTimer(pause)
		select {
		case m := <-c.found:
			last, err = w.entryOf(ctx, m)
		case <-check.C:
			last, err = w.newest(ctx, c.place)
		case <-ctx.Done():
			check.Stop()
			return ending{}, context.Cause(ctx)
		}
		check.Stop()
		if errors.Is(err, errNone) && len(c.found) > 0 {
			continue // its end was acknowledged since
		}
		if errors.Is(err, errNone) || errors.Is(err, errLost) || last.ended && (err == nil || errors.Is(err, errNewer)) {
			return endOf(last, err)
		}
		pause = w.interval()
	}
}

// endOf returns the end that is in the newest message about a job.
func endOf(last entry, err error) (ending, error) {
	if errors.Is(err, errNone) || err == nil && last.ending.Forgotten {
		err = errNotWatched
	}
	return last.ending, err
}

// join adds a call. From then on, it misses no end that its listener follows.
func (w *waits) join(p place) *waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	l := w.listeners[p.partition]
	if l == nil {
		l = &listener{calls: map[digest][]*waiting{}}
		if w.listeners == nil {
			w.listeners = map[int]*listener{}
		}
		w.listeners[p.partition] = l
	}
	c := &waiting{place: p, listener: l, heard: l.stop != nil, found: make(chan message, 1)}
	l.calls[p.digest] = append(l.calls[p.digest], c)
	return c
}

// begin makes the listener of a call follow the ends after a message about its job, unless it
// follows already. It returns the time until the first check of the call. That is zero if the end
// may be before the message with which the listener began, because it began for another call.
func (w *waits) begin(c *waiting, from message) time.Duration {
	w.mu.Lock()
	l := c.listener
	sure := c.heard || l.stop == nil
	if l.stop == nil {
		var life context.Context
		life, l.stop = context.WithCancel(context.Background())
		l.done = make(chan struct{})
		go w.listen(life, l, c.place.partition, from) // the last call that leaves waits for its end
	}
	w.mu.Unlock()
	if !sure {
		return 0
	}
	return w.interval()
}

// interval returns the time between two checks of a call.
func (w *waits) interval() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(waitCheck, time.Duration(w.count)*time.Second/checksPerSecond)
}

// leave removes a call. The last call of a partition ends the listener.
func (w *waits) leave(c *waiting) {
	w.mu.Lock()
	w.count--
	l, d := c.listener, c.place.digest
	calls := l.calls[d]
	for i := range calls {
		if calls[i] == c {
			calls[i] = calls[len(calls)-1]
			l.calls[d] = calls[:len(calls)-1]
			break
		}
	}
	if len(l.calls[d]) == 0 {
		delete(l.calls, d)
	}
	over := len(l.calls) == 0
	if over {
		delete(w.listeners, c.place.partition)
	}
	w.mu.Unlock()
	if over && l.stop != nil {
		l.stop()
		<-l.done
	}
}

// listen passes the ends of a partition to the calls that wait for them, until life ends.
func (w *waits) listen(life context.Context, l *listener, partition int, from message) {
	defer close(l.done)
	fo := following{filter: endsOf(w.name, partition), after: from.seq, at: from.at}
	for {
		err := w.follow(life, fo, func(m message) { w.tell(l, m) }, func() {})
		if !errors.Is(err, errRolledBack) {
			return
		}
		fo.after, fo.at = 0, time.Time{}
	}
}

// tell passes an end to the calls that wait for it.
func (w *waits) tell(l *listener, m message) {
	p, suffix, err := splitSubject(m.subject)
	if err != nil || suffix != endedSuffix {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range l.calls[p.digest] {
		select {
		case c.found <- m:
		default:
		}
	}
}
