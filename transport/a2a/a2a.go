// Package a2a watches tasks of the Agent2Agent protocol (A2A): messages to an agent that it answers
// later.
//
//	t, err := a2a.New("https://agent.example.com")
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(t)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	first, err := w.StartJob(ctx, jobstatus.Input(a2a.Message{Text: "Summarize the minutes."}))
//	if err != nil {
//		log.Fatal(err)
//	}
//	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
//
// [WithBinding] says how the agent is asked: by paths or by JSON-RPC, in version 1.0 or before it.
//
// # What a status means
//
// A state is known in the spelling of version 1.0 and in that of the versions before it:
//
//	TASK_STATE_SUBMITTED       submitted         pending
//	TASK_STATE_WORKING         working           running
//	TASK_STATE_INPUT_REQUIRED  input-required    blocked
//	TASK_STATE_AUTH_REQUIRED   auth-required     blocked
//	TASK_STATE_COMPLETED       completed         completed
//	TASK_STATE_FAILED          failed            failed
//	TASK_STATE_REJECTED        rejected          failed
//	TASK_STATE_CANCELED        canceled          canceled
//	TASK_STATE_UNSPECIFIED     unknown           unknown
//
// The Message is the text of the status's message: what the agent asks for, or why it failed. The
// Result is the artifacts of the task.
//
// # Three ways to hear of a task
//
// Status asks for the task. Hold subscribes to it, and returns when its state changes. What an
// agent pushes is read by [ReadPush]; Feed hands it to the Watcher.
package a2a

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Tasks is a Transport for the tasks of one agent. It is safe for concurrent use.
type Tasks struct {
	binding Binding
	tasks   *rest.Client // GetTask and CancelTask
	sends   *rest.Client // SendMessage
	streams *rest.Client // SubscribeToTask
	deaf    atomic.Bool  // whether the agent has no streams
	feed    rpc.Feed
	close   func()
}

var (
	_ transport.Transport = (*Tasks)(nil)
	_ transport.Starter   = (*Tasks)(nil)
	_ transport.Canceler  = (*Tasks)(nil)
	_ transport.Holder    = (*Tasks)(nil)
	_ transport.Notifier  = (*Tasks)(nil)
	_ io.Closer           = (*Tasks)(nil)
)

// New returns the Tasks of the agent at an endpoint: the URL that its card names for the binding.
func New(endpoint string, opts ...Option) (*Tasks, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	base, path, err := c.binding.split(endpoint)
	if err != nil {
		return nil, fmt.Errorf("a2a: %w", err)
	}
	p := protocol{binding: c.binding, path: path}
	asking, streaming, idle := c.carriers()
	t := &Tasks{binding: c.binding, close: idle}
	for _, part := range []struct {
		dialect rest.Dialect
		carrier http.RoundTripper
		to      **rest.Client
	}{{p.tasks(), asking, &t.tasks}, {p.sends(), asking, &t.sends}, {p.streams(), streaming, &t.streams}} {
		all := append([]rest.Option{rest.WithMaxBody(DefaultMaxBody)}, c.rest...)
		*part.to, err = rest.New(base, append(all, rest.WithDialect(part.dialect), rest.WithRoundTripper(part.carrier))...)
		if err != nil { // the others would fail for the same reasons
			return nil, fmt.Errorf("a2a: %w", err)
		}
	}
	return t, nil
}

// Start sends a message to the agent. The request's Input is a [Message], and its IdempotencyKey is
// the message's id. Start does not send a message twice, since agents need not know it again.
//
// An agent may answer at once, with a message in place of a task. The Status is then completed, has
// no ID, and its Result is the parts of that message.
func (t *Tasks) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	params, err := t.binding.params(req)
	if err != nil {
		return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("a2a: %w", err)}
	}
	st, err := t.sends.Start(ctx, transport.CreateRequest{Input: params})
	if err != nil {
		return transport.Status{}, err
	}
	tidy(&st)
	if st.ID != "" && !st.State.Terminal() {
		st.Result = nil
	}
	return st, nil
}

// Status asks about a task.
func (t *Tasks) Status(ctx context.Context, id string) (transport.Status, error) {
	return t.tasks.Status(ctx, id)
}

// Cancel asks the agent to cancel a task.
func (t *Tasks) Cancel(ctx context.Context, id string) error { return t.tasks.Cancel(ctx, id) }

// Notify delivers what is handed to Feed.
func (t *Tasks) Notify(ctx context.Context, notify func(transport.Status)) error {
	return t.feed.Notify(ctx, notify)
}

// Feed takes the body of a push notification, after its sender was verified. A body that says
// nothing of a task's state is ignored. The error says why the body cannot be read.
func (t *Tasks) Feed(body []byte) error {
	st, err := ReadPush(body)
	if err != nil {
		return err
	}
	if st.ID != "" {
		t.feed.Tell(st)
	}
	return nil
}

// Missed says that push notifications may have been missed. A Watcher then looks at every task
// once.
func (t *Tasks) Missed() { t.feed.Missed() }

// Close closes the idle connections that Tasks made. It always returns nil.
func (t *Tasks) Close() error {
	t.close()
	return nil
}
