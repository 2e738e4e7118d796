package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Transport is a [Service] without HTTP. It is a transport.Transport that can also create and
// cancel jobs, and poll many jobs at once with [MaxBatch]. For an [Answer] or a [Fault] it returns
// an error of the same class as transport/rest would return.
type Transport struct{ *Service }

var (
	_ transport.Transport = (*Transport)(nil)
	_ transport.Creator   = (*Transport)(nil)
	_ transport.Canceler  = (*Transport)(nil)
	_ transport.Batcher   = (*Transport)(nil)
)

// NewTransport returns a Transport. If options are wrong, it fails the test; for an impossible
// script, the message has the line of the script.
func NewTransport(t TB, opts ...Option) *Transport {
	if t == nil {
		panic("mock: NewTransport: the test is nil")
	}
	t.Helper()
	c, err := newConfig(opts)
	if c.overHTTP != "" {
		err = errors.Join(err, fmt.Errorf("%s needs HTTP: use NewServer, with InMemory for one without a socket", c.overHTTP))
	}
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	return &Transport{c.Service}
}

// Status returns the status of a job. For an unknown job, the error matches
// [transport.ErrNotFound].
func (t *Transport) Status(ctx context.Context, id string) (transport.Status, error) {
	r, err := t.ask(ctx, &request{op: opStatus, id: id})
	if err != nil {
		return transport.Status{}, err
	}
	return t.status(id, r.view, hint(&r.trouble)), nil
}

func (t *Transport) status(id string, v *view, hint time.Duration) transport.Status {
	s := v.step
	st := transport.Status{ID: id, State: s.state, Raw: words[s.state], Progress: v.progress, Message: s.message, Result: bytes.Clone(s.result),
		RetryAfter: hint}
	t.setTimes(&st, v)
	return st
}

// setTimes sets the times for which the Dialect has a place.
func (t *Transport) setTimes(st *transport.Status, v *view) {
	f, ok := t.dialect.(*fields)
	if !ok {
		return
	}
	has := func(place string) bool { return place != "" && place != "-" }
	if has(f.Created) {
		st.Created = t.epoch.Add(v.created)
	}
	if has(f.Updated) {
		st.Updated = t.epoch.Add(v.updated)
	}
	if has(f.Finished) && st.State.Terminal() {
		st.Finished = t.epoch.Add(v.updated)
	}
}

// words are the values of Raw in the statuses of a Transport.
var words = map[transport.State]string{
	transport.Pending:   "pending",
	transport.Running:   "running",
	transport.Completed: "completed",
	transport.Failed:    "error",
	transport.Canceled:  "canceled",
}

// Create starts a job and returns its id. A second create with the same idempotency key returns the
// same id.
func (t *Transport) Create(ctx context.Context, req transport.CreateRequest) (string, error) {
	input, err := json.Marshal(req.Input)
	if err != nil {
		return "", &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("mock: %w", err)}
	}
	r, err := t.ask(ctx, &request{op: opCreate, key: req.IdempotencyKey, input: input})
	if err != nil {
		return "", err
	}
	return r.id, nil
}

// Cancel cancels a job. It has no effect on a job that has ended. For an unknown job, the error
// matches [transport.ErrNotFound].
func (t *Transport) Cancel(ctx context.Context, id string) error {
	_, err := t.ask(ctx, &request{op: opCancel, id: id})
	return err
}

// ask passes a request to the service and returns the error of the answer.
func (t *Transport) ask(ctx context.Context, req *request) (*reply, error) {
	switch {
	case t == nil || !t.made():
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("mock: %w", errNotMade)}
	case ctx == nil:
		return nil, &transport.Error{Class: transport.Permanent, Err: errors.New("mock: the context is nil")}
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	r := t.handler.handle(req)
	err := r.err(req)
	call := t.journal.record(r.call)
	pause := r.trouble.Latency
	if r.trouble.Silent {
		pause = Forever
	}
	if pause > 0 {
		if err := wait.Sleep(ctx, t.clock, pause); err != nil {
			return nil, err
		}
	}
	code := http.StatusOK
	if e := (*transport.Error)(nil); errors.As(err, &e) {
		code = e.Code
	}
	t.journal.answered(call, code, r)
	return r, err
}

// err returns the error that transport/rest would return for a reply. It is nil for a reply with a
// status.
func (r *reply) err(req *request) error {
	t := &r.trouble
	e := &transport.Error{Code: http.StatusOK, RetryAfter: hint(t)}
	switch {
	case t.Reset:
		e.Code, e.Err = 0, errors.New("connection reset")
	case t.Bomb > 0 || t.Huge > 0:
		e.Class, e.Err = transport.Malformed, errors.New("body too large")
		if req.op == opBatch {
			e.Class = transport.Oversized
		}
	case t.Truncated || t.Body != nil:
		e.Class, e.Err = transport.Malformed, errors.New("not a status")
	case r.answer != nil && r.answer.code/100 != 2:
		e.Code, e.Err = r.answer.code, errors.New(http.StatusText(r.answer.code))
		if after, err := time.ParseDuration(r.answer.header.Get("Retry-After") + "s"); err == nil && after > 0 {
			e.RetryAfter = after
		}
		if e.Class = web.ClassOfCode(e.Code, e.RetryAfter > 0); req.op == opBatch {
			e.Class = web.ClassOfBatchCode(e.Code, e.RetryAfter > 0)
		}
	case r.answer != nil:
		e.Class, e.Err = transport.Malformed, errors.New("not a status")
	case req.op != opCreate && !r.known:
		e.Class, e.Code, e.Err = transport.NotFound, http.StatusNotFound, errors.New("no job "+req.id)
	default:
		return nil
	}
	return e
}

// hint returns the wait that the answer asks for.
func hint(t *trouble.Trouble) time.Duration {
	if t.RetryAt != 0 {
		return max(t.RetryAt, 0)
	}
	seconds := strings.TrimSpace(t.Header.Get("Retry-After"))
	if d, err := time.ParseDuration(seconds + "s"); err == nil && d > 0 {
		return d
	}
	return 0
}
