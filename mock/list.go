package mock

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// listed is the maximum number of jobs in a list.
const listed = 100

// newCallPattern returns the pattern of a call, or nil if there is none.
func newCallPattern(c rest.Call) *pattern {
	if c.Path == "" || c.Path == "-" {
		return nil
	}
	c.Method = cmp.Or(c.Method, http.MethodGet)
	p := newPattern(c)
	return &p
}

// lists reads a request for a list of jobs. It reports false for any other request.
func (f *fields) lists(r *http.Request, segments []string, req *request) bool {
	if f.batch != nil && f.batch.lists() {
		if _, ok := f.batch.match(r, segments); ok {
			req.op, req.all = opBatch, true
			return true
		}
	}
	if f.find == nil {
		return false
	}
	named, ok := f.find.match(r, segments)
	if ok {
		req.op, req.key = opFind, named.key
	}
	return ok
}

// lists reports whether the request of a batch names no ids.
func (p *batchPattern) lists() bool { return p.name == "" && !p.inPath && p.body == nil }

// newestLocked returns the newest jobs, the newest first.
func (g *registry) newestLocked() []*job {
	newest := slices.Clone(g.order[max(len(g.order)-listed, 0):])
	slices.Reverse(newest)
	return newest
}

// listLocked sets the ids of a batch that names none. It returns those that the batch asks about:
// an ended job stays in the list, but that is no poll of it.
func (g *registry) listLocked(req *request) (asked []string) {
	var over []string
	for _, j := range g.newestLocked() {
		if j.over {
			over = append(over, j.id)
		} else {
			asked = append(asked, j.id)
		}
	}
	req.ids = slices.Concat(asked, over)
	return req.ids[:len(asked):len(asked)]
}

// findLocked answers a request for the list in which a client looks for a job.
func (h *handler) findLocked(req *request, now time.Duration) *reply {
	r := &reply{known: true}
	r.call = Call{Time: h.epoch.Add(now), Method: req.method, Path: req.path, Header: req.header, op: req.op}
	for _, j := range h.registry.newestLocked() {
		if req.key != "" && j.key != req.key {
			continue
		}
		v := j.view(h.seed, now)
		v.epoch = h.epoch
		r.views = append(r.views, &v)
	}
	return r
}

// writeList returns the answer to a request about several jobs.
func (f *fields) writeList(req *request, r *reply) *answer {
	if req.op == opBatch {
		return f.writeBatch(req, r)
	}
	return f.writeFound(req, r)
}

// writeFound returns the list of jobs that Find describes.
func (f *fields) writeFound(req *request, r *reply) *answer {
	array := []any{}
	for _, v := range r.views {
		w := &writing{id: v.id, body: object{}}
		if f.said[v.step.state] != nil {
			f.describe(w, v)
		}
		w.id = req.key
		w.put(cmp.Or(f.Find.ID, "id"), v.id)
		array = append(array, w.body)
	}
	whole := &writing{id: req.key, code: http.StatusOK, body: object{}}
	whole.put(cmp.Or(f.Find.List, "."), array)
	text, err := whole.bytes()
	if err != nil {
		return &answer{code: http.StatusInternalServerError, body: `{"message":"not JSON"}`}
	}
	return &answer{code: http.StatusOK, body: string(text)}
}
