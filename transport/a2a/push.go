package a2a

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Notify calls notify for each push notification that [Tasks.Feed] takes, until ctx ends or
// [Tasks.Missed] is called.
//
// An agent need not send any. A Watcher therefore relies on the notifications only once the first
// one has come. After Missed, it relies on them again a minute after the next one. Meanwhile it
// polls and holds as if there were none.
func (t *Tasks) Notify(ctx context.Context, notify func(transport.Status)) error {
	switch {
	case !t.isMade():
		return errNotMade
	case ctx == nil || notify == nil:
		return errNilNotify
	}
	return t.feed.Notify(ctx, notify)
}

// Feed takes the body of a push notification that the program has received, and passes its status
// to [Tasks.Notify]. The program must verify the sender first. A body without the state of a task
// is ignored. If the body cannot be read, Feed returns an error.
func (t *Tasks) Feed(body []byte) error {
	if !t.isMade() {
		return errNotMade
	}
	st, err := ReadPush(body)
	if err != nil {
		return err
	}
	if st.ID != "" {
		t.feed.Tell(st)
	}
	return nil
}

// Missed says that push notifications may have been missed. A Watcher then polls every task once.
func (t *Tasks) Missed() {
	if t.isMade() {
		t.feed.Missed()
	}
}

var errNilNotify = errors.New("a2a: Notify: nil context or function")

// ReadPush decodes the body of a push notification, or an event of a stream, of any version. The
// body is a task or a change of its status. For a body without a state, such as a new artifact,
// ReadPush returns the zero Status. A change of status that ends a task does not have its result.
// An array of several notifications is an error, because ReadPush returns one Status.
func ReadPush(body []byte) (transport.Status, error) {
	task, id, err := shape(bytes.TrimPrefix(body, exchange.ByteOrderMark))
	if err != nil || task == nil {
		return transport.Status{}, err
	}
	st, err := pushes.Read(task, id)
	if err != nil {
		return transport.Status{}, fmt.Errorf("a2a: notification: %w", err)
	}
	return st, nil
}

var (
	pushes = rpc.NewReader(protocol{}.tasks)

	errNoID    = errors.New("a2a: the notification names no task")
	errArray   = errors.New("a2a: the notification is an array, and must be an object")
	errRefused = fmt.Errorf("a2a: %w", rpc.ErrRefused)
)

// places are the places of the parts of an event. The event stands alone or is the result of
// JSON-RPC, and its parts are under a name of their own or not.
var places = sync.OnceValues(func() (*jsonscan.Paths, error) {
	return jsonscan.Compile("result", "error",
		"task", "statusUpdate.taskId", "statusUpdate.status", "taskId", "id", "status",
		"result.task", "result.statusUpdate.taskId", "result.statusUpdate.status", "result.taskId", "result.id", "result.status")
})

// shape returns an event in the shape of a task, and the task's id. For an event without a state,
// the task is nil.
func shape(event []byte) (task []byte, id string, err error) {
	paths, err := places()
	if err != nil {
		return nil, "", err
	}
	if isArray(event) {
		return nil, "", rpc.Errorf(transport.Malformed, "%w", errArray)
	}
	var all [14][]byte
	if err := paths.Find(event, all[:]); err != nil {
		return nil, "", rpc.Errorf(transport.Malformed, "a2a: notification: %w", err)
	}
	if all[1] != nil {
		return nil, "", errRefused
	}
	found, whole := all[2:8], event
	if isArray(all[0]) {
		return nil, "", rpc.Errorf(transport.Malformed, "%w", errArray)
	}
	if all[0] != nil {
		found, whole = all[8:14], all[0]
	}
	name := found[4] // the id of a task
	switch {
	case found[0] != nil:
		return shape(found[0])
	case found[2] != nil:
		name, whole = found[1], join(found[1], found[2])
	case found[5] == nil:
		return nil, "", nil
	case found[3] != nil: // an update without a name of its own
		name, whole = found[3], join(found[3], found[5])
	}
	if id = jsonscan.Text(name); id == "" {
		return nil, "", rpc.Errorf(transport.Malformed, "%w", errNoID)
	}
	return whole, id, nil
}

// isArray reports whether a text is a JSON array, if it is JSON. An array can hold several events,
// which no caller expects.
func isArray(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("["))
}

// join returns the task that has an id and a status.
func join(id, status []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	return bytes.Join([][]byte{[]byte(`{"id":`), id, []byte(`,"status":`), status, {'}'}}, nil)
}
