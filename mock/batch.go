package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// MaxBatch limits how many jobs one request may ask about. The default is no limit. The HTTP
// service accepts batches if its Dialect has a Batch, and answers 413 to a batch that is too large.
// A [Transport] accepts batches only with MaxBatch.
//
// A batch counts as one poll of each job that it names, and is one [Call] with all their IDs. If
// the Dialect's Batch names no ids, the answer has the newest hundred jobs. It then counts as a
// poll of those whose end no answer has reported yet. The answer leaves out a job whose present
// step is an [Answer]. It also leaves out unknown jobs, unless the Dialect's Batch has a place for
// NotFound. A [Fault] applies to the whole batch.
func MaxBatch(n int) Option {
	line := caller()
	return func(c *config) { c.maxBatch = c.notNegative(line, "MaxBatch", n) }
}

// batchLocked handles a request about many jobs.
func (h *handler) batchLocked(req *request, now time.Duration) *reply {
	asked := req.ids
	if req.all {
		asked = h.registry.listLocked(req)
	}
	r := &reply{known: true, views: make([]*view, len(req.ids))}
	r.call = Call{Time: h.epoch.Add(now), IDs: asked, Method: req.method, Path: req.path, Header: req.header, op: req.op, all: req.all,
		said: make([]transport.State, len(req.ids))}
	r.trouble = h.meetLocked(req, now)
	r.answer = answerOf(&r.trouble)
	if r.answer == nil && h.maxBatch > 0 && len(req.ids) > h.maxBatch && !req.all {
		r.answer = &answer{code: http.StatusRequestEntityTooLarge, body: fmt.Sprintf(`{"message":"at most %d jobs at once"}`, h.maxBatch)}
	}
	for i, id := range req.ids {
		j := h.registry.jobs[id]
		if j == nil {
			continue
		}
		if i >= len(asked) {
			v := j.view(h.seed, now)
			v.epoch = h.epoch
			r.views[i] = &v
			continue
		}
		j.polls++
		if r.answer == nil {
			v := h.registry.lookLocked(j, &r.trouble, now)
			r.views[i] = &v
		}
	}
	return r
}

// said returns the state that the reply to a batch reports for each job.
func (r *reply) said() []transport.State {
	said := make([]transport.State, len(r.views))
	for i, v := range r.views {
		if v != nil && r.answer == nil && !r.trouble.Unreadable() {
			said[i] = v.step.state // Unknown at an Answer
		}
	}
	return said
}

// batchPattern recognizes the requests that are a batch.
type batchPattern struct {
	pattern
	name          string // the name of the query parameter that names the jobs
	before, after string // the text around the ids in its value
	separator     string // the text between the ids; "" if the parameter is repeated
	inPath        bool   // whether the ids are in the path
	body          any    // if not nil, the body with "{ids}" in place of the ids
}

func newBatchPattern(b rest.Batch) *batchPattern {
	path, query, _ := strings.Cut(b.Path, "?")
	named := strings.ReplaceAll(path, "{ids}", "{id}") // the ids are read as one
	p := &batchPattern{pattern: newPattern(rest.Call{Method: b.Method, Path: named + "?" + query}), separator: b.Separator, inPath: named != path}
	for name, s := range p.query {
		if !s.has("ids", "id") {
			continue
		}
		p.name, p.before, p.after = name, s.plain[0], s.plain[1]
		if delete(p.query, name); s.has("id") {
			p.separator = ""
		}
	}
	if text, err := json.Marshal(b.Body); err == nil {
		_ = json.Unmarshal(text, &p.body)
	}
	return p
}

// ids returns the ids of the jobs that a request names, and reports whether it is a batch.
func (p *batchPattern) ids(r *http.Request, segments []string) (ids []string, ok bool) {
	named, ok := p.match(r, segments)
	switch {
	case !ok:
		return nil, false
	case p.inPath:
		ids = strings.Split(named.id, p.separator)
		return ids, !slices.Contains(ids, "")
	}
	if p.body != nil {
		text, _ := io.ReadAll(io.LimitReader(r.Body, maxInput))
		r.Body = io.NopCloser(bytes.NewReader(text)) // a create at the same path reads the body again
		var body any
		if json.Unmarshal(text, &body) != nil {
			return nil, false
		}
		ids, ok = fill(p.body, body)
		return ids, ok && len(ids) > 0
	}
	for _, value := range r.URL.Query()[p.name] {
		if len(value) < len(p.before)+len(p.after) || !strings.HasPrefix(value, p.before) || !strings.HasSuffix(value, p.after) {
			return nil, false
		}
		ids = append(ids, value[len(p.before):len(value)-len(p.after)])
	}
	if p.separator != "" {
		if len(ids) != 1 {
			return nil, false
		}
		ids = strings.Split(ids[0], p.separator)
	}
	return ids, len(ids) > 0 && !slices.Contains(ids, "")
}

// fill returns the ids at the place of "{ids}" in a body. It reports whether the rest of the body
// matches the template.
func fill(template, body any) (ids []string, ok bool) {
	switch template := template.(type) {
	case map[string]any:
		object, ok := body.(map[string]any)
		for key := range template {
			more, fits := fill(template[key], object[key])
			ids, ok = append(ids, more...), ok && fits
		}
		return ids, ok
	case []any:
		array, ok := body.([]any)
		if ok = ok && len(array) == len(template); !ok {
			return nil, false
		}
		for i := range template {
			more, fits := fill(template[i], array[i])
			ids, ok = append(ids, more...), ok && fits
		}
		return ids, ok
	case string:
		if template != "{ids}" {
			return nil, body == template
		}
		array, ok := body.([]any)
		for _, v := range array {
			id, isText := v.(string)
			ids, ok = append(ids, id), ok && isText
		}
		return ids, ok
	default:
		return nil, body == template
	}
}

// writeBatch returns the answer to a batch.
func (f *fields) writeBatch(req *request, r *reply) *answer {
	array, byID := []any{}, object{}
	for i, v := range r.views {
		id := req.ids[i]
		w := &writing{id: id, body: object{}}
		switch {
		case v != nil && v.step.answer != nil:
			continue
		case v != nil:
			f.describe(w, v)
			w.body = at(w.body, f.Batch.Item)
		case f.Batch.NotFound != "":
			w.put(f.Batch.NotFound, true)
		default:
			continue
		}
		if _, ok := w.body.(object); ok && f.Batch.ID != "-" {
			w.put(f.Batch.ID, id)
		}
		array, byID[id] = append(array, w.body), w.body
	}
	whole := &writing{body: object{}}
	if f.Batch.ID == "-" {
		whole.put(f.Batch.List, byID)
	} else {
		whole.put(f.Batch.List, array)
	}
	text, err := json.Marshal(whole.body)
	if err != nil {
		return &answer{code: http.StatusInternalServerError, body: `{"message":"not JSON"}`}
	}
	return &answer{code: http.StatusOK, body: string(text)}
}

// at returns the value at a place of the written answer.
func at(v any, text string) any {
	p, err := place.Parse(text)
	if err != nil {
		return nil
	}
	for _, step := range p.Steps {
		switch in := v.(type) {
		case object:
			v = in[step.Key.Before]
		case []any:
			if v = nil; len(in) > 0 {
				v = in[0]
			}
		default:
			return nil
		}
	}
	return v
}

// MaxBatch returns the argument of the option [MaxBatch], or 0 without it.
func (t *Transport) MaxBatch() int {
	if t == nil || !t.made() {
		return 0
	}
	return t.maxBatch
}

// StatusBatch returns the statuses of many jobs, in the order of ids: see [MaxBatch].
func (t *Transport) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	switch {
	case t.MaxBatch() == 0:
		return nil, &transport.Error{Class: transport.Permanent, Err: errors.New("mock: the Transport has no MaxBatch")}
	case len(ids) == 0:
		return nil, nil
	}
	r, err := t.ask(ctx, &request{op: opBatch, ids: slices.Clone(ids)})
	if err != nil {
		return nil, err
	}
	var answers []transport.Answer
	for i, v := range r.views {
		if v != nil && v.step.answer == nil {
			answers = append(answers, transport.Answer{Status: t.status(ids[i], v, hint(&r.trouble))})
		}
	}
	return answers, nil
}
