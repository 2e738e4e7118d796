package mock

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A dialect is the service's side of HTTP: the meaning of requests, and the form of answers.
type dialect interface {
	read(r *http.Request) *request
	write(req *request, r *reply) *answer
}

// maxInput bounds the bytes that are read of the body of a create.
const maxInput = 1 << 20

// fields is a dialect whose answers are JSON objects, with a place for each value.
type fields struct {
	rest.Dialect
	words                  map[transport.State]string
	create, status, cancel pattern
	batch                  *batchPattern // nil for none
	plain                  bool          // it is the dialect of a service that was given none
}

// usualWords are the words for each state if the dialect has them. Otherwise the word that comes
// first in the alphabet is used.
var usualWords = map[transport.State]string{
	transport.Pending: "pending", transport.Running: "running", transport.Completed: "completed", transport.Failed: "error",
	transport.Canceled: "canceled",
}

// newFields returns the server's side of d.
func newFields(d rest.Dialect) (*fields, error) {
	f := &fields{Dialect: d.WithDefaults(), words: map[transport.State]string{}}
	for word, state := range f.States {
		if old, ok := f.words[state]; word != "" && word != "null" && (!ok || word < old) {
			f.words[state] = word
		}
	}
	for state, word := range usualWords {
		if said, ok := f.States[word]; ok && said == state {
			f.words[state] = word
		}
	}
	for state, stand := range map[transport.State]transport.State{
		transport.Pending: transport.Running, transport.Running: transport.Pending, transport.Canceled: transport.Failed,
	} {
		if word, ok := f.words[stand]; ok && f.words[state] == "" {
			f.words[state] = word
		}
	}
	for _, state := range []transport.State{transport.Pending, transport.Completed, transport.Failed} {
		if f.words[state] == "" {
			return nil, fmt.Errorf("the dialect has no word for a job that is %v", state)
		}
	}
	f.create, f.status, f.cancel = newPattern(f.Create), newPattern(f.Status), newPattern(f.Cancel)
	if f.Batch.Path != "" {
		f.batch = newBatchPattern(f.Batch)
	}
	return f, nil
}

// pattern recognizes the requests that are a call.
type pattern struct {
	method   string
	segments []string // of the path
	query    url.Values
}

func newPattern(c rest.Call) pattern {
	path, query, _ := strings.Cut(c.Path, "?")
	p := pattern{method: c.Method, segments: strings.Split(path, "/")}
	p.query, _ = url.ParseQuery(query)
	return p
}

// id returns the id in a request, and reports whether the request is the call.
func (p *pattern) id(r *http.Request, segments []string) (id string, ok bool) {
	if r.Method != p.method || len(segments) != len(p.segments) {
		return "", false
	}
	const hole = "{id}"
	fill := func(want, got string) bool {
		before, after, holds := strings.Cut(want, hole)
		if !holds {
			return want == got
		}
		if len(got) <= len(before)+len(after) || !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) {
			return false
		}
		id = got[len(before) : len(got)-len(after)]
		return true
	}
	for i, want := range p.segments {
		got := segments[i]
		if strings.Contains(want, hole) {
			var err error
			if got, err = url.PathUnescape(got); err != nil {
				return "", false
			}
		}
		if !fill(want, got) {
			return "", false
		}
	}
	if len(p.query) > 0 {
		got := r.URL.Query()
		for name, want := range p.query {
			if len(got[name]) != 1 || !fill(want[0], got[name][0]) {
				return "", false
			}
		}
	}
	return id, true
}

func (f *fields) read(r *http.Request) *request {
	req := &request{header: r.Header, method: r.Method, path: r.URL.EscapedPath()}
	segments := strings.Split(req.path, "/")
	if r.URL.RawQuery != "" {
		req.path += "?" + r.URL.RawQuery
	}
	var ok bool
	if f.batch != nil {
		if req.ids, ok = f.batch.ids(r, segments); ok {
			req.op = opBatch
			return req
		}
	}
	if req.id, ok = f.status.id(r, segments); ok {
		req.op = opStatus
	} else if req.id, ok = f.cancel.id(r, segments); ok {
		req.op = opCancel
	} else if _, ok = f.create.id(r, segments); ok {
		req.op, req.key = opCreate, r.Header.Get(f.IdempotencyHeader)
		req.input, _ = io.ReadAll(io.LimitReader(r.Body, maxInput))
	}
	return req
}

func (f *fields) write(req *request, r *reply) *answer {
	if req.op == opBatch {
		return f.writeBatch(req, r)
	}
	body := object{}
	code := http.StatusOK
	said := ""
	switch {
	case req.op == opOther:
		return &answer{code: http.StatusNotFound, body: `{"code":"Not found","message":"Page not found"}`}
	case req.op == opCreate:
		said = "Job created successfully"
		body.put(f.ID, r.id)
	case !r.known:
		code, said = http.StatusNotFound, "failed to find a job with the given job id: "+req.id
		body["payload"] = nil
	case req.op == opCancel:
		said = "Job canceled"
		body.put(f.State, f.words[transport.Canceled])
	default:
		said = "Job status"
		if f.plain && r.view.step.state == transport.Failed {
			code = http.StatusInternalServerError
		}
		f.describe(body, r.view)
	}
	if f.plain || !r.known && req.op != opCreate {
		body["meta"] = object{"message": said}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return &answer{code: http.StatusInternalServerError, body: `{"meta":{"message":"not JSON"},"payload":null}`}
	}
	return &answer{code: code, body: string(text)}
}

// describe writes the status of a job into a body.
func (f *fields) describe(body object, v *view) {
	state := v.step.state
	body.put(f.State, f.words[state])
	if v.progress > 0 {
		body.put(f.Progress, v.progress*f.ProgressScale)
	}
	if v.step.message != "" {
		place := f.Message
		if state == transport.Failed || state == transport.Canceled {
			place = f.Error
		}
		body.put(place, v.step.message)
	}
	if v.step.result != nil {
		body.put(f.Result, v.step.result)
	}
	body.put(f.Revision, fmt.Sprint(v.revision))
	body.put(f.Created, v.epoch.Add(v.created).Format(time.RFC3339Nano))
	body.put(f.Updated, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	if state.Terminal() {
		body.put(f.Finished, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	}
}

// object is a JSON object.
type object map[string]any

// put sets the value at a path, such as payload.status.
func (o object) put(path string, value any) {
	if path == "" || path == "-" {
		return
	}
	for {
		key, rest, deeper := strings.Cut(path, ".")
		if !deeper {
			o[key] = value
			return
		}
		inner, ok := o[key].(object)
		if !ok {
			inner = object{}
			o[key] = inner
		}
		o, path = inner, rest
	}
}
