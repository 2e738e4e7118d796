package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// newReader returns the client that reads notifications as if they were answers to tasks/get.
func newReader(p protocol) (*rest.Client, error) {
	return rest.New("http://notification.mcp", rest.WithDialect(p.tasks()), rest.WithRoundTripper(rpc.Told{}),
		rest.WithMaxBody(DefaultMaxBody), rest.WithRetries(rest.NoRetries))
}

// Notify delivers the notifications that are handed to Feed. Servers may send them for some changes
// and not for others, so a Watcher goes on polling slowly, and confirms an end by a poll.
func (t *Tasks) Notify(ctx context.Context, notify func(transport.Status)) error {
	return t.feed.Notify(ctx, notify)
}

// Feed takes the params of a notification that the SDK has received: notifications/tasks/status, or
// notifications/tasks. The error says why they cannot be read.
func (t *Tasks) Feed(params json.RawMessage) error {
	st, err := t.read(params)
	if err != nil {
		return fmt.Errorf("mcp: notification: %w", err)
	}
	t.feed.Tell(st)
	return nil
}

// Missed says that notifications may have been missed, for example because the session was lost. A
// Watcher then looks at every task once.
func (t *Tasks) Missed() { t.feed.Missed() }

var errNoTaskID = errors.New("it has no taskId")

// read reads the params of a notification about a task.
func (t *Tasks) read(params json.RawMessage) (transport.Status, error) {
	var p struct{ TaskID string }
	if err := json.Unmarshal(params, &p); err != nil {
		return transport.Status{}, err
	}
	if p.TaskID == "" {
		return transport.Status{}, errNoTaskID
	}
	text, err := json.Marshal(&rpc.Response{JSONRPC: rpc.Version, Result: params})
	if err != nil {
		return transport.Status{}, err
	}
	st, err := t.told.Status(rpc.WithText(context.Background(), text), p.TaskID)
	tidy(&st)
	return st, err
}
