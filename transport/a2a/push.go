package a2a

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ReadPush reads the body of a push notification, or an event of a stream: a task, or a change of
// its status, in version 1.0 or before it. The Status is zero if the body says nothing of a task's
// state, as that of a new artifact does. A change that ends a task comes without its result.
func ReadPush(body []byte) (transport.Status, error) {
	task, id, err := shape(body)
	if err != nil || task == nil {
		return transport.Status{}, err
	}
	reader, err := pushReader()
	if err != nil {
		return transport.Status{}, err
	}
	st, err := reader.Status(rpc.WithText(context.Background(), task), id)
	if err != nil {
		return transport.Status{}, fmt.Errorf("a2a: notification: %w", err)
	}
	return st, nil
}

// pushReader returns the client that reads tasks which were pushed as if it had asked for them.
var pushReader = sync.OnceValues(func() (*rest.Client, error) {
	return rest.New("http://notification.a2a", rest.WithDialect(protocol{}.tasks()), rest.WithRoundTripper(rpc.Told{}),
		rest.WithMaxBody(DefaultMaxBody), rest.WithRetries(rest.NoRetries))
})

// places are where the parts of an event stand: alone or as the result of JSON-RPC, and under a
// name of their own or bare.
var places = sync.OnceValues(func() (*jsonscan.Paths, error) {
	return jsonscan.Compile("result", "error",
		"task", "statusUpdate.taskId", "statusUpdate.status", "taskId", "id", "status",
		"result.task", "result.statusUpdate.taskId", "result.statusUpdate.status", "result.taskId", "result.id", "result.status")
})

var (
	errNoID    = errors.New("a2a: the notification names no task")
	errRefused = errors.New("a2a: the stream tells an error")
)

// shape returns an event in the shape of a task, with the task's id, or nil if it says nothing of a
// state.
func shape(event []byte) (task []byte, id string, err error) {
	paths, err := places()
	if err != nil {
		return nil, "", err
	}
	var all [14][]byte
	if err := paths.Find(event, all[:]); err != nil {
		return nil, "", &transport.Error{Class: transport.Malformed, Err: fmt.Errorf("a2a: notification: %w", err)}
	}
	if all[1] != nil {
		return nil, "", errRefused
	}
	found, whole := all[2:8], event
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
		return nil, "", &transport.Error{Class: transport.Malformed, Err: errNoID}
	}
	return whole, id, nil
}

// join returns the task that has an id and a status.
func join(id, status []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	return bytes.Join([][]byte{[]byte(`{"id":`), id, []byte(`,"status":`), status, {'}'}}, nil)
}
