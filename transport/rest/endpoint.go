package rest

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

const placeholder = "{id}"

// endpoint is a Call at a base URL, taken apart around the id.
type endpoint struct {
	method    string
	base      *url.URL
	inPath    bool      // whether the id stands in the path
	inQuery   bool      // whether the id stands in the query
	path, raw [2]string // before and after the id: as it reads, and as it is sent
	plain     bool      // whether that is the same
	query     [2]string // as it is sent
}

// newEndpoint joins a call's path to that of base.
func newEndpoint(base *url.URL, c Call, wantsID bool) (*endpoint, error) {
	e := &endpoint{method: c.Method, base: base}
	if !web.IsToken(c.Method) {
		return nil, fmt.Errorf("%q is not an HTTP method", c.Method)
	}
	path, query, _ := strings.Cut(c.Path, "?")
	count := strings.Count(path, placeholder) + strings.Count(query, placeholder)
	switch {
	case !strings.HasPrefix(path, "/"):
		return nil, fmt.Errorf("path %q does not begin with a slash", path)
	case strings.Contains(c.Path, "#"):
		return nil, fmt.Errorf("path %q has a fragment", path)
	case wantsID && count != 1:
		return nil, fmt.Errorf("path %q names {id} %d times, it takes one", path, count)
	case strings.Count(c.Path, "{")+strings.Count(c.Path, "}") != 2*count || !wantsID && count > 0:
		return nil, fmt.Errorf("path %q has braces that are no {id} to fill in", path)
	}
	before, after, inPath := strings.Cut(path, placeholder)
	for i, part := range []string{strings.TrimSuffix(base.EscapedPath(), "/") + before, after} {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
		e.path[i], e.raw[i] = plain, (&url.URL{Path: plain, RawPath: part}).EscapedPath()
	}
	e.inPath, e.plain = inPath, e.raw == e.path
	if _, err := url.ParseQuery(strings.Replace(query, placeholder, "id", 1)); err != nil {
		return nil, fmt.Errorf("path %q: its query does not parse", path)
	}
	e.query[0], e.query[1], e.inQuery = strings.Cut(query, placeholder)
	return e, nil
}

// url returns where to ask about a job. Whatever the id holds, it stays one segment of the path or
// one value of the query.
func (e *endpoint) url(id string) url.URL {
	u := url.URL{Scheme: e.base.Scheme, Host: e.base.Host, Path: e.path[0], RawPath: e.raw[0], RawQuery: e.query[0]}
	if e.inPath {
		u.Path = e.path[0] + id + e.path[1]
		if e.plain && isUnreserved(id) {
			u.RawPath = ""
		} else {
			u.RawPath = e.raw[0] + url.PathEscape(id) + e.raw[1]
		}
	}
	if e.inQuery {
		u.RawQuery = e.query[0] + url.QueryEscape(id) + e.query[1]
	}
	return u
}

// isUnreserved reports whether id reads the same escaped, as nearly all do (RFC 3986, 2.3).
func isUnreserved(id string) bool {
	for i := range len(id) {
		if !unreserved[id[i]] {
			return false
		}
	}
	return true
}

var unreserved = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		is[c] = true
	}
	return is
}()
