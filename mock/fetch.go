package mock

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A fetch is how clients request the result of a job.
type fetch struct {
	*pattern
	byName bool // whether a request names the value at Result, and not the job
}

// newFetch returns a fetch, or nil if the dialect has none.
func newFetch(c rest.Call) *fetch {
	p := newCallPattern(c)
	if p == nil {
		return nil
	}
	f := &fetch{pattern: p, byName: slices.ContainsFunc(p.segments, func(s shape) bool { return s.has("result") })}
	for _, s := range p.query {
		f.byName = f.byName || s.has("result")
	}
	return f
}

// read reads a request for the result of a job.
func (f *fetch) read(req *request, r *http.Request, segments []string) {
	if f == nil {
		return
	}
	named, ok := f.match(r, segments)
	if !ok {
		return
	}
	if req.op, req.id = opFetch, named.id; f.byName {
		req.id, req.result, req.name = "", named.result, f.name
	}
}

// at returns what the status of a job has at Result. If a fetch names that value, an object or an
// array cannot stand there. Then it is the job's id, and the fetch returns the object.
func (f *fetch) at(v *view) any {
	if f != nil && f.byName && bytes.ContainsAny(v.step.result[:1], "{[") {
		return v.id
	}
	return v.step.result
}

// name returns what a request has in place of {result} for a job.
func (f *fetch) name(v *view) string {
	value := f.at(v)
	raw, isJSON := value.(json.RawMessage)
	text, _ := value.(string)
	if isJSON && json.Unmarshal(raw, &text) != nil {
		return string(raw) // a number
	}
	return text
}

// fetchLocked answers a request for the result of a job.
func (h *handler) fetchLocked(req *request, now time.Duration) *reply {
	r := &reply{id: req.id, answer: &answer{code: http.StatusNotFound, body: `{"message":"no job with this result has completed"}`}}
	r.call = Call{Time: h.epoch.Add(now), ID: req.id, Method: req.method, Path: req.path, Header: req.header, op: req.op}
	for _, j := range h.registry.order {
		if req.result == "" && j.id != req.id {
			continue
		}
		v := j.view(h.seed, now)
		if v.step.state != transport.Completed || req.result != "" && (v.step.result == nil || req.name(&v) != req.result) {
			continue
		}
		r.known, r.id, r.call.ID = true, j.id, j.id
		r.answer = &answer{code: http.StatusOK, body: string(v.step.result)}
		break
	}
	return r
}
