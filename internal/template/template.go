// Package template compiles the description of a request in a dialect, and fills the holes of its
// path, query, headers and body with values. Whatever the values are, the request goes to the
// configured service.
package template

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Template is a compiled Spec with a base URL. It does not change.
type Template struct {
	method string
	base   *url.URL
	allow  []*url.URL // the other allowed origins
	whole  string     // the hole that is the whole path, or ""
	path   []piece    // including the path of base
	query  []pair
	header []field
	body   *bodyTemplate // nil for no body
	needs  map[string]bool
	keyed  bool // whether it needs an idempotency key
	holds  bool // whether it has the hole {hold}
	simple bool // whether the path is just the id between two plain texts, as nearly all paths are
}

// A Spec describes a request. Its fields are those of a Call of a dialect. All but Method may have
// holes.
type Spec struct {
	Method, Path string
	Header       map[string]string
	Body         any // nil for no body
}

// New returns the Template of c. The path of c is appended to the path of base. The argument holes
// names the holes that c may have. Requests may also go to the origins in allow. The headers in
// shared are those of all calls.
func New(base *url.URL, allow []*url.URL, c Spec, shared map[string]string, wantsID bool, holes ...string) (*Template, error) {
	t := &Template{method: c.Method, base: base, allow: allow, needs: map[string]bool{}}
	if !web.IsToken(c.Method) {
		return nil, fmt.Errorf("%q is not an HTTP method", c.Method)
	}
	var err error
	if err = t.setHeader(c.Header, shared, holes); err != nil {
		return nil, err
	}
	if c.Body != nil {
		if t.body, err = newBody(c.Body, t.ContentType(), holes); err == nil {
			err = t.note(t.body.pieces, "body", holes)
		}
		if err == nil && t.body.has(Hold) {
			err = errors.New("{hold} stands in a path, a query or a header")
		}
		if err != nil {
			return nil, fmt.Errorf("field Body: %w", err)
		}
	}
	for _, hole := range holes {
		if c.Path == "{+"+hole+"}" {
			t.whole, t.needs[hole] = hole, true
			return t, nil
		}
	}
	return t, t.setPath(c.Path, wantsID, holes)
}

func (t *Template) setPath(whole string, wantsID bool, holes []string) error {
	whole = escapeLiterals(whole)
	path, query, _ := strings.Cut(whole, "?")
	switch {
	case strings.HasPrefix(path, "{+id}"):
		return fmt.Errorf(`path %q: only a path of just "{+id}" is the id. If the id is a URL, take a part of it with IDPattern for a path such as "/jobs/{id}/result"`, whole)
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("path %q does not begin with a slash: it is appended to the base URL", path)
	case strings.Contains(whole, "#"):
		return fmt.Errorf("path %q has a fragment", path)
	}
	n := strings.Count(whole, "{id}") + strings.Count(whole, "{+id}")
	if wantsID && (n > 1 || n == 0 && !t.needs[ID]) {
		return fmt.Errorf("path %q must contain {id} once, in place of the job's id, and contains it %d times", path, n)
	}
	pieces := cut(path)
	if err := t.note(pieces, path, holes); err != nil {
		return err
	}
	prefix := strings.TrimSuffix(t.base.EscapedPath(), "/")
	for i := range pieces {
		p := &pieces[i]
		if i == 0 {
			p.plain = prefix + p.plain
		}
		plain, err := url.PathUnescape(p.plain)
		if err != nil {
			return fmt.Errorf("path %q: %w", path, err)
		}
		p.plain, p.raw = plain, (&url.URL{Path: plain, RawPath: p.plain}).EscapedPath()
	}
	t.path = pieces
	t.simple = query == "" && len(pieces) == 2 && pieces[0].hole == ID && !pieces[0].slashes &&
		pieces[0].plain == pieces[0].raw && pieces[1].plain == pieces[1].raw
	return t.setQuery(path, query, holes)
}

func (t *Template) setQuery(path, query string, holes []string) error {
	if query == "" {
		return nil
	}
	filled := query
	for part := range strings.SplitSeq(query, "&") {
		p := pair{pieces: cut(part)}
		if err := t.note(p.pieces, path, holes); err != nil {
			return err
		}
		for _, piece := range p.pieces {
			p.optional = p.optional || isOptional(piece.hole)
			if piece.hole != "" {
				filled = strings.Replace(strings.Replace(filled, "{"+piece.hole+"}", "x", 1), "{+"+piece.hole+"}", "x", 1)
			}
		}
		t.query = append(t.query, p)
	}
	if _, err := url.ParseQuery(filled); err != nil {
		return fmt.Errorf("path %q: its query does not parse", path)
	}
	return nil
}

func (t *Template) setHeader(own, shared map[string]string, holes []string) error {
	set := map[string]bool{}
	for _, headers := range []map[string]string{own, shared} {
		for name, value := range headers {
			if err := headerProblem(name, value); err != nil {
				return err
			}
			key := http.CanonicalHeaderKey(name)
			if set[key] {
				continue
			}
			set[key] = true
			f := field{name: key, pieces: cut(value)}
			if err := t.note(f.pieces, inHeader+name, holes); err != nil {
				return err
			}
			for _, p := range f.pieces {
				f.optional = f.optional || isOptional(p.hole)
			}
			t.header = append(t.header, f)
		}
	}
	return nil
}

// CheckHeader returns an error if one of the headers cannot be set. It does not check holes.
func CheckHeader(headers map[string]string) error {
	for name, value := range headers {
		if err := headerProblem(name, value); err != nil {
			return err
		}
	}
	return nil
}

func headerProblem(name, value string) error {
	switch key := http.CanonicalHeaderKey(name); {
	case !web.IsToken(name) || key == "Host" || key == "Content-Length":
		return fmt.Errorf("field Header: %.80q: not a header that can be set", name)
	case !web.IsHeaderValue(value):
		return fmt.Errorf("field Header: %.80q: its value holds a control character", name)
	}
	return nil
}

// inHeader is the beginning of the argument where of note for a header. Other braces belong to a
// header.
const inHeader = "header "

// note records the holes of pieces, and returns an error for a hole that is not allowed.
func (t *Template) note(pieces []piece, where string, holes []string) error {
	ownBraces := where == "body" || strings.HasPrefix(where, inHeader)
	for _, p := range pieces {
		if !ownBraces && strings.ContainsAny(p.plain, "{}") {
			return noHole(piece{}, where, holes)
		}
		if p.hole != "" && !slices.Contains(holes, p.hole) {
			return noHole(p, where, holes)
		}
		if p.hole != "" {
			t.needs[p.hole] = true
			t.keyed = t.keyed || p.hole == Key
			t.holds = t.holds || p.hole == Hold
		}
	}
	return nil
}

// noHole returns the error of a hole that is not allowed, or of other braces.
func noHole(p piece, where string, holes []string) error {
	known := "{" + strings.Join(holes, "}, {") + "}"
	if p.hole != "" {
		return fmt.Errorf("path %q: {%s} has no value here, only %s", where, p.hole, known)
	}
	return fmt.Errorf("path %q: only %s has a value here, and other braces are written %%7B and %%7D", where, known)
}

// String returns the method and the host.
func (t *Template) String() string { return t.method + " " + t.base.Scheme + "://" + t.base.Host }

// IsWhole reports whether one hole is the whole path, so that its value is a URL.
func (t *Template) IsWhole() bool { return t.whole != "" }

// Needs reports whether t has a hole.
func (t *Template) Needs(hole string) bool { return t.needs[hole] }

// Holds reports whether t has the hole {hold}.
func (t *Template) Holds() bool { return t.holds }

// HasBody reports whether t has a body, and whether the body contains the input of a create.
func (t *Template) HasBody() (has, takesInput bool) {
	return t.body != nil, t.body != nil && t.body.input
}

// ContentType returns the Content-Type that the Call names, or "".
func (t *Template) ContentType() string {
	for _, f := range t.header {
		if f.name == "Content-Type" {
			return f.pieces[0].plain
		}
	}
	return ""
}
