package rpc

import (
	"context"
	"errors"
	"sync"

	"github.com/iamber12/job-status-monitoring/transport"
)

// errMissed is the error of Notify after notifications may have been missed.
var errMissed = errors.New("notifications may have been missed")

// Feed passes on notifications that the user's program receives. The zero Feed is ready for use. It
// is safe for concurrent use.
type Feed struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// listener is one call of Notify.
type listener struct {
	notify func(transport.Status)
	missed chan struct{}
}

// Notify calls notify for each Status that Tell passes, until ctx ends or Missed is called.
func (f *Feed) Notify(ctx context.Context, notify func(transport.Status)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l := &listener{notify: notify, missed: make(chan struct{})}
	f.mu.Lock()
	if f.listeners == nil {
		f.listeners = map[*listener]struct{}{}
	}
	f.listeners[l] = struct{}{}
	f.mu.Unlock()
	defer f.leave(l)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.missed:
		return errMissed
	}
}

func (f *Feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

// Tell passes a Status to each call of Notify in progress.
func (f *Feed) Tell(s transport.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		l.notify(s)
	}
}

// Missed makes each call of Notify in progress return errMissed.
func (f *Feed) Missed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		close(l.missed)
		delete(f.listeners, l)
	}
}
