package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A dialect is the service's side of HTTP: the meaning of requests, and the form of answers.
type dialect interface {
	read(r *http.Request) *request
	write(req *request, r *reply) *answer
}

// fields is a dialect whose answers are JSON objects, with a place for each value.
type fields struct {
	rest.Dialect
	said, told             map[transport.State]utterance // the form of each state in answers and in events
	create, status, cancel pattern
	filled                 pattern       // the pattern of a create whose whole body is the input
	batch                  *batchPattern // nil if the dialect has no Batch
	find                   *pattern      // nil if the dialect has no Find
	fetch                  *fetch        // nil if the dialect has no Fetch
	plain                  bool          // whether it is the default dialect
	thin                   bool          // whether an event has only the id and the state
	revision               *place.Set    // the places of the revision in an answer; nil if they do not parse
	then                   *fields       // the dialect of a job after its next id; nil if there is none
}

// usualWords are the words for each state if the dialect has them. Otherwise the word that comes
// first in the alphabet is used.
var usualWords = map[transport.State]string{
	transport.Pending: "pending", transport.Running: "running", transport.Blocked: "blocked", transport.Completed: "completed", transport.Failed: "error",
	transport.Canceled: "canceled",
}

// newFields returns the server's side of d.
func newFields(d rest.Dialect) (*fields, error) {
	f, err := newStage(d)
	if err != nil {
		return nil, err
	}
	if f.said[transport.Pending] == nil {
		return nil, fmt.Errorf("the dialect has no word for a job that is %v", transport.Pending)
	}
	return f, nil
}

// newStage is newFields for a dialect that may have no word for a pending job.
func newStage(d rest.Dialect) (*fields, error) {
	f := &fields{Dialect: d.WithDefaults(), thin: d.Event.State != ""}
	var err error
	if f.said, err = utterances(&f.Dialect); err != nil {
		return nil, err
	}
	if d.NextDialect != nil {
		if f.then, err = newStage(*d.NextDialect); err != nil {
			return nil, fmt.Errorf("field NextDialect: %w", err)
		}
	}
	f.told, f.revision = eventSayings(f.Event), revisionPlaces(f.Revision)
	f.create, f.status, f.cancel = newPattern(f.Create), newPattern(f.Status), newPattern(f.Cancel)
	if f.filled = f.create; !takesInput(f.create.body) {
		f.filled.body, f.filled.text = nil, nil
	}
	if f.Batch.Path != "" {
		f.batch = newBatchPattern(f.Batch)
	}
	f.find, f.fetch = newCallPattern(f.Find.Call), newFetch(f.Fetch)
	return f, nil
}

func (f *fields) read(r *http.Request) *request {
	req := &request{header: r.Header, method: r.Method, path: r.URL.EscapedPath()}
	segments := strings.Split(req.path, "/")
	if r.URL.RawQuery != "" {
		req.path += "?" + r.URL.RawQuery
	}
	var ok bool
	if f.lists(r, segments, req) {
		return req
	}
	if f.batch != nil {
		req.ids, ok = f.batch.ids(r, segments)
		if ok && f.batch.inPath && len(req.ids) == 1 { // both calls can have this path
			_, isStatus := f.status.match(r, segments)
			ok = !isStatus
		}
		if ok {
			req.op = opBatch
			return req
		}
		req.ids = nil
	}
	if named, ok := f.filled.match(r, segments); ok && f.status.whole {
		// A status call of this dialect can have any path. So what matches Create is a create.
		if whole, ok := f.create.match(r, segments); ok {
			named = whole
		}
		f.readCreate(req, r, named.key)
	} else if named, ok := f.status.match(r, segments); ok {
		req.op, req.id, req.rooted = opStatus, named.id, f.status.whole
		req.rev, req.hold = named.rev, holdOf(named.hold)
	} else if named, ok := f.cancel.match(r, segments); ok {
		req.op, req.id, req.rooted = opCancel, named.id, f.cancel.whole
	} else if named, ok := f.create.match(r, segments); ok {
		f.readCreate(req, r, named.key)
	} else if next := f.readNext(r); next != nil {
		return next
	} else if named, ok := f.filled.match(r, segments); ok {
		f.readCreate(req, r, named.key)
	} else {
		f.fetch.read(req, r, segments)
	}
	return req
}

// readNext returns a request about a job that has got another id, or nil if r is not such a
// request.
func (f *fields) readNext(r *http.Request) *request {
	if f.then == nil {
		return nil
	}
	next := f.then.read(r)
	if next.op != opStatus && next.op != opCancel {
		return nil
	}
	next.stage++
	return next
}

// readCreate reads a create. The argument key is the idempotency key in the path or the query, or
// "".
func (f *fields) readCreate(req *request, r *http.Request, key string) {
	req.op = opCreate
	req.input, _ = io.ReadAll(io.LimitReader(r.Body, maxInput))
	req.key = cmp.Or(key, f.keyIn(req.input, r.Header.Get("Content-Type")), r.Header.Get(f.IdempotencyHeader))
	if f.ID == "@key" {
		req.id = req.key
	}
}

// keyIn returns the idempotency key in the body of a create, or "".
func (f *fields) keyIn(body []byte, typ string) string {
	if f.IdempotencyField == "" {
		return ""
	}
	if template.IsForm(typ) {
		form, _ := url.ParseQuery(string(body))
		return form.Get(f.IdempotencyField)
	}
	var whole any
	_ = json.Unmarshal(body, &whole)
	for _, name := range strings.Split(f.IdempotencyField, ".") {
		in, _ := whole.(map[string]any)
		whole = in[name]
	}
	key, _ := whole.(string)
	return key
}

func (f *fields) write(req *request, r *reply) *answer {
	if req.stage > 0 {
		rest := *req
		rest.stage--
		return f.then.write(&rest, r)
	}
	if req.op == opBatch || req.op == opFind {
		return f.writeList(req, r)
	}
	w := &writing{id: r.id, code: http.StatusOK, body: object{}}
	said := ""
	switch {
	case req.op == opOther:
		return &answer{code: http.StatusNotFound, body: `{"code":"Not found","message":"Page not found"}`}
	case req.op == opCreate:
		if said = "Job created successfully"; f.find == nil {
			w.put(f.ID, f.named(r.id))
		}
	case !r.known:
		w.code, said = http.StatusNotFound, "failed to find a job with the given job id: "+req.id
		w.put("payload", nil)
	case req.op == opCancel:
		said = "Job canceled"
		w.say(&f.Dialect, f.said[r.left])
	default:
		said = "Job status"
		w.id = req.id
		if f.plain && r.view.step.state == transport.Failed {
			w.code = http.StatusInternalServerError
		}
		if state := r.view.step.state; f.moves(state) {
			w.say(&f.Dialect, f.said[transport.Running])
			w.put(f.Next, w.id)
			break
		} else if f.said[state] == nil {
			return &answer{code: http.StatusInternalServerError, body: fmt.Sprintf(`{"mock":"the dialect has no word for a job that is %v"}`, state)}
		}
		f.describe(w, r.view)
	}
	if f.plain || !r.known && req.op != opCreate {
		w.put("meta.message", said)
	}
	text, err := w.bytes()
	if err != nil {
		return &answer{code: http.StatusInternalServerError, body: `{"meta":{"message":"not JSON"},"payload":null}`}
	}
	return &answer{code: w.code, header: w.header, body: string(text)}
}

// moves reports whether a job in a state has got its next id.
func (f *fields) moves(state transport.State) bool {
	return f.then != nil && state != transport.Pending && f.then.reaches(state)
}

// reaches reports whether f, or a dialect after it, has a word for a state.
func (f *fields) reaches(state transport.State) bool {
	return f.said[state] != nil || f.then != nil && f.then.reaches(state)
}

// named returns the name of a job in the answer to a create.
func (f *fields) named(id string) string {
	if f.status.whole && !strings.HasPrefix(id, "/") {
		id = "/" + id
	}
	return strings.Replace(cmp.Or(strings.ReplaceAll(f.IDPattern, "*", ""), "{id}"), "{id}", id, 1)
}

// describe writes the status of a job.
func (f *fields) describe(w *writing, v *view) {
	state := v.step.state
	w.say(&f.Dialect, f.said[state])
	if v.progress > 0 {
		w.progress(&f.Dialect, v.progress)
	}
	if v.step.message != "" {
		at := f.Message
		if state == transport.Failed || state == transport.Canceled {
			at = f.Error
		}
		w.put(at, v.step.message)
	}
	if v.step.result != nil {
		w.put(f.Result, f.fetch.at(v))
	}
	w.put(f.Revision, fmt.Sprint(v.revision))
	w.put(f.Created, v.epoch.Add(v.created).Format(time.RFC3339Nano))
	w.put(f.Updated, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	if state.Terminal() {
		w.put(f.Finished, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	}
}
