package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Notify delivers the notifications that Feed takes. A server may tell of some changes only. A
// Watcher therefore goes on polling slowly, and confirms an end by a poll.
func (t *Tasks) Notify(ctx context.Context, notify func(transport.Status)) error {
	return t.feed.Notify(ctx, notify)
}

// Feed takes the params of a notification that the SDK has received. Its method is
// notifications/tasks/status or notifications/tasks. The error says why the params cannot be read.
func (t *Tasks) Feed(params json.RawMessage) error {
	st, err := readParams(t.told, params)
	if err != nil {
		return fmt.Errorf("mcp: notification: %w", err)
	}
	t.feed.Tell(st)
	return nil
}

// Missed says that notifications may have been missed, for example because the session was lost. A
// Watcher then polls every task once.
func (t *Tasks) Missed() { t.feed.Missed() }

var errNoTaskID = errors.New("it has no taskId")

// readParams reads the params of a notification as if they were the result of tasks/get.
func readParams(r *rpc.Reader, params json.RawMessage) (transport.Status, error) {
	var p struct{ TaskID string }
	if err := json.Unmarshal(params, &p); err != nil {
		return transport.Status{}, err
	}
	if p.TaskID == "" {
		return transport.Status{}, errNoTaskID
	}
	st, err := r.Read(fmt.Appendf(nil, `{"result":%s}`, params), p.TaskID)
	st.Raw = rpc.Word(st.Raw)
	return st, err
}
