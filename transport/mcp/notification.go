package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Notify calls notify for each notification that [Tasks.Feed] takes, until ctx ends or
// [Tasks.Missed] is called. A server need not report every change. A Watcher therefore continues to
// poll, but rarely, and confirms the end of a task by a poll.
//
// A server need not report anything at all. A Watcher therefore relies on the notifications only
// once the first one has come. After Missed, it relies on them again a minute after the next one.
func (t *Tasks) Notify(ctx context.Context, notify func(transport.Status)) error {
	switch {
	case !t.isMade():
		return errNotMade
	case ctx == nil || notify == nil:
		return errNilNotify
	}
	return t.feed.Notify(ctx, notify)
}

// Feed takes the params of a notification that the SDK has received, and passes its status to
// [Tasks.Notify]. The method of the notification is notifications/tasks/status or
// notifications/tasks. If the params cannot be read, Feed returns an error.
func (t *Tasks) Feed(params json.RawMessage) error {
	if !t.isMade() {
		return errNotMade
	}
	st, err := readParams(t.told, params)
	if err != nil {
		return fmt.Errorf("mcp: notification: %w", err)
	}
	t.feed.Tell(st)
	return nil
}

// Missed says that notifications may have been missed, for example because the session was lost. A
// Watcher then polls every task once.
func (t *Tasks) Missed() {
	if t.isMade() {
		t.feed.Missed()
	}
}

var (
	errNilNotify = errors.New("mcp: Notify: nil context or function")
	errNoTaskID  = errors.New("it has no taskId")
)

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
