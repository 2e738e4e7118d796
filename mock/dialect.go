package mock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	said, told             map[transport.State]utterance // in answers and in events
	create, status, cancel pattern
	batch                  *batchPattern // nil for none
	plain                  bool          // it is the dialect of a service that was given none
	thin                   bool          // an event says the id and the state only
	then                   *fields       // what the job is in after its next id; nil for none
}

// usualWords are the words for each state if the dialect has them. Otherwise the word that comes
// first in the alphabet is used.
var usualWords = map[transport.State]string{
	transport.Pending: "pending", transport.Running: "running", transport.Blocked: "blocked", transport.Completed: "completed", transport.Failed: "error",
	transport.Canceled: "canceled",
}

// newFields returns the server's side of d.
func newFields(d rest.Dialect) (*fields, error) {
	f := &fields{Dialect: d.WithDefaults(), thin: d.Event.State != ""}
	var err error
	if f.said, err = utterances(&f.Dialect); err != nil {
		return nil, err
	}
	if d.NextDialect != nil {
		if f.then, err = newFields(*d.NextDialect); err != nil {
			return nil, fmt.Errorf("field NextDialect: %w", err)
		}
	}
	f.told = eventSayings(f.Event)
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
	slashes  bool     // whether the id may be several segments: {+id}
	whole    bool     // whether the id is the path and the query
	query    url.Values
	header   map[string]string // the values that name no id
	body     any               // with "{id}" in place of it, if not nil
}

func newPattern(c rest.Call) pattern {
	p := pattern{method: c.Method, whole: c.Path == "{+id}", slashes: strings.Contains(c.Path, "{+id}"), header: map[string]string{}}
	path, query, _ := strings.Cut(strings.Replace(c.Path, "{+id}", "{id}", 1), "?")
	p.segments = strings.Split(path, "/")
	p.query, _ = url.ParseQuery(query)
	for name, values := range p.query {
		if strings.Contains(values[0], "{rev}") || strings.Contains(values[0], "{hold}") {
			delete(p.query, name) // it may be left out
		}
	}
	for name, value := range c.Header {
		if !strings.ContainsAny(value, "{}") {
			p.header[name] = value
		}
	}
	if text, err := json.Marshal(c.Body); err == nil && c.Body != nil && c.Method != http.MethodGet {
		_ = json.Unmarshal([]byte(strings.ReplaceAll(string(text), "{id:number}", "{id}")), &p.body)
	}
	return p
}

// says reports whether a request has the headers of the call.
func (p *pattern) says(r *http.Request) bool {
	for name, value := range p.header {
		if r.Header.Get(name) != value {
			return false
		}
	}
	return true
}

// inBody returns the id that stands in the body of a request, and whether the body is that of the
// call.
func (p *pattern) inBody(r *http.Request) (id string, ok bool) {
	text, _ := io.ReadAll(io.LimitReader(r.Body, maxInput))
	r.Body = io.NopCloser(bytes.NewReader(text)) // for another call at the same path
	var body any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&body) != nil {
		return "", false
	}
	ids, ok := fillOne(p.body, body)
	if len(ids) > 0 {
		id = ids[0]
	}
	return id, ok
}

// fillOne returns what stands in a body in place of the template's "{id}", and whether the rest of
// the template is there too.
func fillOne(template, body any) (ids []string, ok bool) {
	switch template := template.(type) {
	case map[string]any:
		o, ok := body.(map[string]any)
		for key := range template {
			more, fits := fillOne(template[key], o[key])
			ids, ok = append(ids, more...), ok && fits
		}
		return ids, ok
	case []any:
		a, _ := body.([]any)
		if len(a) != len(template) {
			return nil, false
		}
		ok = true
		for i := range template {
			more, fits := fillOne(template[i], a[i])
			ids, ok = append(ids, more...), ok && fits
		}
		return ids, ok
	case string:
		before, after, holds := strings.Cut(template, "{id}")
		text := fmt.Sprint(body)
		if !holds {
			return nil, text == template
		}
		if len(text) <= len(before)+len(after) || !strings.HasPrefix(text, before) || !strings.HasSuffix(text, after) {
			return nil, false
		}
		return []string{text[len(before) : len(text)-len(after)]}, true
	default:
		return nil, fmt.Sprint(template) == fmt.Sprint(body)
	}
}

// id returns the id that stands in a request, and whether the request is the call.
func (p *pattern) id(r *http.Request, segments []string) (id string, ok bool) {
	switch {
	case r.Method != p.method || !p.says(r):
		return "", false
	case p.whole:
		return r.URL.RequestURI(), true
	case p.slashes:
		segments = p.gather(segments)
	}
	if len(segments) != len(p.segments) {
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
	if p.body != nil {
		named, ok := p.inBody(r)
		return cmp.Or(id, named), ok
	}
	return id, true
}

// gather joins the segments of a path that are the id.
func (p *pattern) gather(segments []string) []string {
	more := len(segments) - len(p.segments)
	at := slices.IndexFunc(p.segments, func(s string) bool { return strings.Contains(s, "{id}") })
	if more <= 0 || at < 0 {
		return segments
	}
	joined := strings.Join(segments[at:at+more+1], "/")
	return slices.Concat(segments[:at], []string{joined}, segments[at+more+1:])
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
	} else if f.then != nil {
		if next := f.then.read(r); next.op == opStatus || next.op == opCancel {
			next.stage++
			return next
		}
	}
	return req
}

func (f *fields) write(req *request, r *reply) *answer {
	if req.stage > 0 {
		rest := *req
		rest.stage--
		return f.then.write(&rest, r)
	}
	if req.op == opBatch {
		return f.writeBatch(req, r)
	}
	w := &writing{id: r.id, code: http.StatusOK, body: object{}}
	said := ""
	switch {
	case req.op == opOther:
		return &answer{code: http.StatusNotFound, body: `{"code":"Not found","message":"Page not found"}`}
	case req.op == opCreate:
		said = "Job created successfully"
		w.put(f.ID, strings.Replace(cmp.Or(strings.ReplaceAll(f.IDPattern, "*", ""), "{id}"), "{id}", r.id, 1))
	case !r.known:
		w.code, said = http.StatusNotFound, "failed to find a job with the given job id: "+req.id
		w.put("payload", nil)
	case req.op == opCancel:
		said = "Job canceled"
		w.say(&f.Dialect, f.said[transport.Canceled])
	default:
		said = "Job status"
		w.id = req.id
		if f.plain && r.view.step.state == transport.Failed {
			w.code = http.StatusInternalServerError
		}
		if state := r.view.step.state; f.then != nil && state != transport.Pending {
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

// describe writes what is said of a job.
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
		w.put(f.Result, v.step.result)
	}
	w.put(f.Revision, fmt.Sprint(v.revision))
	w.put(f.Created, v.epoch.Add(v.created).Format(time.RFC3339Nano))
	w.put(f.Updated, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	if state.Terminal() {
		w.put(f.Finished, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	}
}
