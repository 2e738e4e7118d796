// Package mcpsdk watches tasks over the sessions of the official Go SDK of the Model Context
// Protocol. Its import path ends in transport/mcp/sdk.
//
// Version 1.8.0 of the SDK does not support tasks: it drops the task from the answer to a tool
// call. A [Tap] sends requests about tasks over the same session as the SDK:
//
//	tap := mcpsdk.New(&mcp.CommandTransport{Command: exec.Command("server")})
//	session, err := client.Connect(ctx, tap, nil)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer session.Close()
//	tasks, err := jobmcp.New(tap)
//	if err != nil {
//		log.Fatal(err)
//	}
//	tap.Notify(tasks)
//	w, err := jobstatus.New(tasks)
//
// Here mcp is the SDK's package, and jobmcp is transport/mcp of this repository.
//
// For a server over streamable HTTP, use jobmcp.NewHTTP. Over HTTP, each request must carry the
// protocol version, and a Tap does not learn which version was negotiated.
package mcpsdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/iamber12/job-status-monitoring/transport"
	jobmcp "github.com/iamber12/job-status-monitoring/transport/mcp"
)

// ErrNotConnected is the error of a [Tap.Call] before the session is open.
var ErrNotConnected = errors.New("mcpsdk: the session is not open")

// ErrClosed is matched by the error of a [Tap.Call] whose session was closed or lost. That error is
// misdirected, because the task may go on, but this session will not tell. So a wait ends once the
// patience of the Watcher is over.
var ErrClosed = errors.New("mcpsdk: the session has ended")

var (
	errNoTransport = errors.New("mcpsdk: New: the transport is nil")
	errNilContext  = errors.New("mcpsdk: Call: nil context")
)

// errEnded is the error that matches ErrClosed. The program may be opening another session, so its
// code makes the patience decide even about a task that was not seen before.
var errEnded = &transport.Error{Class: transport.Misdirected, Code: http.StatusMisdirectedRequest, Err: ErrClosed}

// Tap is a Transport of the SDK for one client session, and a [jobmcp.Caller] over that session. It
// is safe for concurrent use.
type Tap struct {
	transport mcp.Transport

	mu      sync.Mutex // guards all below
	conn    mcp.Connection
	ended   error
	last    int // the number of the newest request
	waiting map[string]chan<- *jsonrpc.Response
	tasks   *jobmcp.Tasks
}

var (
	_ mcp.Transport = (*Tap)(nil)
	_ jobmcp.Caller = (*Tap)(nil)
)

// New returns a Tap over a transport of the SDK. Pass the Tap to the SDK's Client.Connect in place
// of the transport.
func New(transport mcp.Transport) *Tap {
	return &Tap{transport: transport, waiting: map[string]chan<- *jsonrpc.Response{}}
}

// Notify makes the Tap pass notifications about tasks to [jobmcp.Tasks.Feed]. The SDK does not
// receive them.
func (t *Tap) Notify(tasks *jobmcp.Tasks) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks = tasks
}

// Connect opens the session. The SDK calls it once.
func (t *Tap) Connect(ctx context.Context) (mcp.Connection, error) {
	if t.transport == nil {
		return nil, errNoTransport
	}
	conn, err := t.transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = conn
	return &connection{conn, t}, nil
}

// Call sends a request over the session and waits for its answer.
func (t *Tap) Call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	if ctx == nil {
		return nil, errNilContext
	}
	name, answered, conn, err := t.begin()
	if err != nil {
		return nil, err
	}
	defer t.end(name)
	id, err := jsonrpc.MakeID(name)
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, &jsonrpc.Request{ID: id, Method: method, Params: params}); err != nil {
		return nil, fmt.Errorf("mcpsdk: %w", err)
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case answer, ok := <-answered:
		if !ok {
			return nil, errEnded
		}
		if refused := (*jsonrpc.Error)(nil); errors.As(answer.Error, &refused) {
			return nil, &jobmcp.Error{Code: refused.Code, Message: refused.Message}
		}
		return answer.Result, answer.Error
	}
}

// own begins the ids of the Tap's requests. The ids of the SDK's requests are numbers.
const own = "jobstatus-"

// begin returns the id of a new request, the channel of its answer, and the session.
func (t *Tap) begin() (string, <-chan *jsonrpc.Response, mcp.Connection, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.conn == nil:
		return "", nil, nil, ErrNotConnected
	case t.ended != nil:
		return "", nil, nil, t.ended
	}
	t.last++
	name := own + strconv.Itoa(t.last)
	answered := make(chan *jsonrpc.Response, 1)
	t.waiting[name] = answered
	return name, answered, t.conn, nil
}

// end forgets a request.
func (t *Tap) end(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, name)
}

// take reports whether a message is the Tap's and not the SDK's. It delivers the Tap's messages.
func (t *Tap) take(m jsonrpc.Message) bool {
	switch m := m.(type) {
	case *jsonrpc.Response:
		name, ok := m.ID.Raw().(string)
		if !ok || !strings.HasPrefix(name, own) {
			return false
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if answered, ok := t.waiting[name]; ok { // otherwise its caller has left
			delete(t.waiting, name)
			answered <- m
		}
		return true
	case *jsonrpc.Request:
		if m.IsCall() || m.Method != "notifications/tasks" && m.Method != "notifications/tasks/status" {
			return false
		}
		t.mu.Lock()
		tasks := t.tasks
		t.mu.Unlock()
		if tasks != nil {
			_ = tasks.Feed(m.Params) // a poll follows what cannot be read
		}
		return true
	default:
		return false
	}
}

// lose ends all calls with an error that matches ErrClosed.
func (t *Tap) lose() {
	t.mu.Lock()
	tasks := t.tasks
	t.ended = errEnded
	for name, answered := range t.waiting {
		delete(t.waiting, name)
		close(answered)
	}
	t.mu.Unlock()
	if tasks != nil {
		tasks.Missed()
	}
}
