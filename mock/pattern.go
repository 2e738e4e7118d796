package mock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// maxInput bounds the bytes that are read of the body of a request.
const maxInput = 1 << 20

// holes matches the holes in the texts of a call, and the double braces that stand for braces.
var holes = regexp.MustCompile(`\{\{(\w+)\}\}|\{\+?(id|ids|key|input|rev|hold|page|result)\}`)

// A shape is a text with holes, taken apart around them.
type shape struct {
	plain []string // one more than holes
	holes []string // their names
}

func newShape(text string) shape {
	s, last := shape{plain: []string{""}}, 0
	add := func(plain string) { s.plain[len(s.plain)-1] += plain }
	for _, at := range holes.FindAllStringSubmatchIndex(text, -1) {
		add(text[last:at[0]])
		if last = at[1]; at[2] >= 0 {
			add("{" + text[at[2]:at[3]] + "}")
			continue
		}
		s.holes, s.plain = append(s.holes, text[at[4]:at[5]]), append(s.plain, "")
	}
	add(text[last:])
	return s
}

// has reports whether one of the holes is in s.
func (s *shape) has(holes ...string) bool {
	return slices.ContainsFunc(s.holes, func(hole string) bool { return slices.Contains(holes, hole) })
}

// filled is what stands in the holes of a request. An empty text means that there is no such hole.
type filled struct{ id, key, rev, hold, result string }

// match reports whether a text is s with its holes filled, and notes in f what fills them.
func (s *shape) match(text string, f *filled) bool {
	rest, ok := strings.CutPrefix(text, s.plain[0])
	for i, hole := range s.holes {
		after := s.plain[i+1]
		end := strings.Index(rest, after)
		if i == len(s.holes)-1 || after == "" {
			end = len(rest) - len(after)
		}
		if !ok || end < 0 || rest[end:end+len(after)] != after {
			return false
		}
		ok = f.put(hole, rest[:end])
		rest = rest[end+len(after):]
	}
	return ok && rest == ""
}

// put notes what stands in a hole, and reports whether it may stand there.
func (f *filled) put(hole, value string) bool {
	at := &f.id
	switch hole {
	case "id":
	case "key":
		at = &f.key
	case "rev":
		f.rev = value
		return true
	case "hold":
		f.hold = value
		return true
	case "result":
		f.result = value
		return value != ""
	default:
		return true
	}
	if value == "" || *at != "" && *at != value {
		return false
	}
	*at = value
	return true
}

// pattern recognizes the requests that are a call.
type pattern struct {
	method   string
	segments []shape // of the path
	several  int     // which segment may be several: {+id}; -1 for none
	whole    bool    // whether the id is the path and the query
	query    map[string]shape
	header   map[string]shape
	free     struct{ query, header map[string]shape } // those that a request may omit
	typ      string                                   // the media type of the body, "" for any
	text     *shape                                   // the body if it is not JSON, nil for any
	body     any                                      // the body as JSON, with a shape in place of each text; nil for any
}

func newPattern(c rest.Call) pattern {
	p := pattern{method: c.Method, several: -1, whole: c.Path == "{+id}" || c.Path == "{+result}", query: map[string]shape{}, header: map[string]shape{}}
	path, query, _ := strings.Cut(c.Path, "?")
	for i, segment := range strings.Split(path, "/") {
		p.segments = append(p.segments, newShape(segment))
		if strings.Contains(segment, "{+id}") || strings.Contains(segment, "{+result}") {
			p.several = i
		}
	}
	values, _ := url.ParseQuery(strings.NewReplacer("{+id}", "{id}", "{+result}", "{result}").Replace(query)) // a plus is a space there
	for name := range values {
		p.query[name] = newShape(values.Get(name))
	}
	for name, value := range c.Header {
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			p.typ, _, _ = mime.ParseMediaType(value)
			continue
		}
		p.header[name] = newShape(value)
	}
	p.free.query, p.free.header = takeFree(p.query), takeFree(p.header)
	p.setBody(c)
	return p
}

// takeFree removes the parameters that a request may omit, and returns them.
func takeFree(all map[string]shape) map[string]shape {
	free := map[string]shape{}
	for name, s := range all {
		if s.has("rev", "hold", "page") {
			free[name] = s
			delete(all, name)
		}
	}
	return free
}

func (p *pattern) setBody(c rest.Call) {
	text, isText := c.Body.(string)
	switch {
	case c.Body == nil || c.Method == http.MethodGet:
	case p.typ == "" || template.IsJSON(p.typ):
		var body any
		if text, err := json.Marshal(c.Body); err == nil {
			_ = json.Unmarshal([]byte(strings.ReplaceAll(string(text), "{id:number}", "{id}")), &body)
		}
		p.body = shaped(body)
	case isText:
		s := newShape(text)
		p.text = &s
	}
}

// shaped returns a JSON value with a shape in place of each text.
func shaped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = shaped(v[key])
		}
	case []any:
		for i := range v {
			v[i] = shaped(v[i])
		}
	case string:
		return newShape(v)
	}
	return v
}

// match reports whether a request is the call, and returns what fills its holes.
func (p *pattern) match(r *http.Request, segments []string) (f filled, ok bool) {
	if r.Method != p.method || !p.says(r, &f) {
		return f, false
	}
	if p.whole {
		f.id = r.URL.RequestURI()
		f.result = f.id
		p.readFree(r, &f)
		return f, true
	}
	segments = p.gather(segments)
	if len(segments) != len(p.segments) {
		return f, false
	}
	for i := range p.segments {
		got := segments[i]
		if want := &p.segments[i]; len(want.holes) > 0 {
			var err error
			if got, err = url.PathUnescape(got); err != nil {
				return f, false
			}
		}
		if !p.segments[i].match(got, &f) {
			return f, false
		}
	}
	if len(p.query) > 0 {
		query := r.URL.Query()
		for name, want := range p.query {
			if got := query[name]; len(got) != 1 || !want.match(got[0], &f) {
				return f, false
			}
		}
	}
	p.readFree(r, &f)
	return f, p.matchBody(r, &f)
}

// readFree notes in f what fills the holes of the parameters that r need not have.
func (p *pattern) readFree(r *http.Request, f *filled) {
	note := func(want shape, got []string) {
		if with := *f; len(got) == 1 && want.match(got[0], &with) {
			*f = with
		}
	}
	if len(p.free.query) > 0 {
		query := r.URL.Query()
		for name, want := range p.free.query {
			note(want, query[name])
		}
	}
	for name, want := range p.free.header {
		note(want, r.Header.Values(name))
	}
}

// says reports whether a request has the headers of the call.
func (p *pattern) says(r *http.Request, f *filled) bool {
	for name, want := range p.header {
		if !want.match(r.Header.Get(name), f) {
			return false
		}
	}
	if p.typ == "" || r.ContentLength == 0 {
		return true
	}
	typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return typ == p.typ
}

// matchBody reports whether a request has the body of the call. The body can be read again.
func (p *pattern) matchBody(r *http.Request, f *filled) bool {
	if p.body == nil && p.text == nil {
		return true
	}
	text, _ := io.ReadAll(io.LimitReader(r.Body, maxInput))
	r.Body = io.NopCloser(bytes.NewReader(text))
	if p.text != nil {
		var in filled
		ok := p.text.match(string(text), &in)
		switch {
		case template.IsXML(p.typ):
			in.id, in.key, in.rev = html.UnescapeString(in.id), html.UnescapeString(in.key), html.UnescapeString(in.rev)
		case template.IsForm(p.typ):
			in.id, _ = url.QueryUnescape(in.id)
			in.key, _ = url.QueryUnescape(in.key)
			in.rev, _ = url.QueryUnescape(in.rev)
		}
		_ = in.rev == "" || f.put("rev", in.rev)
		return ok && (in.id == "" || f.put("id", in.id)) && (in.key == "" || f.put("key", in.key))
	}
	var body any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(&body) == nil && matchJSON(p.body, body, f)
}

// matchJSON reports whether a JSON value is a template with its holes filled. It may have further
// keys.
func matchJSON(want, got any, f *filled) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		for key := range want {
			ok = ok && matchJSON(want[key], object[key], f)
		}
		return ok
	case []any:
		array, _ := got.([]any)
		ok := len(array) == len(want)
		for i := range want {
			ok = ok && matchJSON(want[i], array[i], f)
		}
		return ok
	case shape:
		return want.match(fmt.Sprint(got), f)
	default:
		return fmt.Sprint(want) == fmt.Sprint(got)
	}
}

// takesInput reports whether the input of a create has a place in the template of a body.
func takesInput(body any) bool {
	switch body := body.(type) {
	case map[string]any:
		for key := range body {
			if takesInput(body[key]) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(body, takesInput)
	case shape:
		return body.has("input")
	}
	return false
}

// gather joins the segments of a path that are the id.
func (p *pattern) gather(segments []string) []string {
	more := len(segments) - len(p.segments)
	if more <= 0 || p.several < 0 {
		return segments
	}
	at := p.several
	joined := strings.Join(segments[at:at+more+1], "/")
	return slices.Concat(segments[:at], []string{joined}, segments[at+more+1:])
}
