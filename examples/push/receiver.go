package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// receiver is the program's own server, on which the webhook is mounted. It is a Notifier that is
// lost when the server stops. A webhook.Handler alone cannot know that.
type receiver struct {
	hook  *webhook.Handler
	addr  string
	heard chan struct{} // gets a value when the Watcher begins to listen

	mu     sync.Mutex
	server *http.Server
	up     context.Context // ends when the server stops
	end    context.CancelCauseFunc
	ended  map[string]bool // the jobs whose end a webhook has reported
}

var _ transport.Notifier = (*receiver)(nil)

var errStopped = errors.New("the receiver has stopped")

// newReceiver returns a receiver that serves a listener.
func newReceiver(hook *webhook.Handler, l net.Listener) *receiver {
	r := &receiver{hook: hook, addr: l.Addr().String(), heard: make(chan struct{}, 1), ended: map[string]bool{}}
	r.serve(l)
	return r
}

// start serves again, at the same address as before.
func (r *receiver) start() error {
	l, err := net.Listen("tcp", r.addr)
	if err == nil {
		r.serve(l)
	}
	return err
}

func (r *receiver) serve(l net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/jobs", r.hook)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up, r.end = context.WithCancelCause(context.Background())
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server, end context.CancelCauseFunc) { // ends with the server
		_ = server.Serve(l)
		end(errStopped)
	}(r.server, r.end)
}

// stop stops the server. Webhooks are then refused, as if the program did not run.
func (r *receiver) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.server.Close()
	r.end(errStopped)
}

// Notify delivers what webhooks say, until ctx ends or the server stops.
func (r *receiver) Notify(ctx context.Context, notify func(transport.Status)) error {
	r.mu.Lock()
	up := r.up
	r.mu.Unlock()
	if up.Err() != nil {
		return context.Cause(up)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(up, func() { cancel(context.Cause(up)) })()
	return r.hook.Notify(ctx, func(s transport.Status) {
		if s.State.Terminal() {
			r.mu.Lock()
			r.ended[s.ID] = true
			r.mu.Unlock()
		}
		notify(s)
		if s.ID == "" { // the Handler has begun to listen
			select {
			case r.heard <- struct{}{}:
			default:
			}
		}
	})
}

// told reports whether a webhook has reported the end of a job.
func (r *receiver) told(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended[id]
}
