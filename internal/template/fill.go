package template

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

var (
	errNoKey    = errors.New("this create needs an idempotency key: its Call names {key}")
	errDots     = errors.New(`a value for a segment of the path is "." or ".."`)
	errSegments = errors.New(`the id has a segment that is empty, "." or "..", or one of ?, # and \`)
)

// Fill sets g to the request with v in the holes. The error says why there is no such request.
func (t *Template) Fill(g *exchange.Request, v *Vars) (err error) {
	*g = exchange.Request{Method: t.method}
	switch {
	case t.keyed && v.Key == "":
		return errNoKey
	case t.whole != "":
		g.URL, _, err = t.Resolve(v.get(t.whole))
	default:
		err = t.fillPath(&g.URL, v)
	}
	if err != nil {
		return err
	}
	for _, f := range t.header {
		if f.optional && isLeftOut(f.pieces, v) {
			continue
		}
		value := f.pieces[0].plain
		if len(f.pieces) > 1 {
			value = join(f.pieces, v, func(s string) string { return s })
		}
		switch {
		case web.IsHeaderValue(value):
		case f.optional:
			continue // the service has named a revision that no header can carry
		default:
			return fmt.Errorf("the header %s would hold a control character", f.name)
		}
		g.Header = append(g.Header, f.name, value)
	}
	if t.body != nil {
		g.Type = t.ContentType()
		g.Body, err = t.body.fill(v)
	}
	return err
}

// fillPath sets the URL. Each value becomes one segment of the path, or one value of the query,
// whatever characters it has. Only a hole such as {+id} leaves slashes unescaped.
func (t *Template) fillPath(u *url.URL, v *Vars) error {
	u.Scheme, u.Host = t.base.Scheme, t.base.Host
	if t.simple && isUnreserved(v.ID) {
		u.Path = t.path[0].plain + v.ID + t.path[1].plain
		return nil
	}
	plain := true
	for i := range t.path {
		p := &t.path[i]
		value := v.get(p.hole)
		if value == "." || value == ".." {
			return errDots
		}
		plain = plain && p.plain == p.raw && isUnreserved(value)
	}
	if len(t.path) == 1 && plain {
		u.Path = t.path[0].plain
	} else {
		var path, raw strings.Builder
		for i := range t.path {
			p := &t.path[i]
			value := v.inPath(p.hole)
			path.WriteString(p.plain + value)
			raw.WriteString(p.raw)
			if p.slashes {
				escaped, err := segments(value)
				if err != nil {
					return err
				}
				value = escaped
			} else {
				value = url.PathEscape(value)
			}
			raw.WriteString(value)
		}
		u.Path, u.RawPath = path.String(), raw.String()
		if plain {
			u.RawPath = ""
		}
	}
	if len(t.query) == 0 {
		return nil
	}
	u.RawQuery = fillQuery(t.query, v)
	return nil
}

func fillQuery(query []pair, v *Vars) string {
	if len(query) == 1 && len(query[0].pieces) == 1 {
		return query[0].pieces[0].plain
	}
	var b strings.Builder
	for i := range query {
		p := &query[i]
		if p.optional && isLeftOut(p.pieces, v) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(join(p.pieces, v, url.QueryEscape))
	}
	return b.String()
}

// segments escapes each segment of a path.
func segments(path string) (string, error) {
	if strings.ContainsAny(path, `?#\`) {
		return "", errSegments
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return "", errSegments
		}
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/"), nil
}

// isUnreserved reports whether id needs no escaping (RFC 3986, 2.3). Nearly all ids need none.
func isUnreserved(id string) bool {
	for ; len(id) >= 6; id = id[6:] { // each poll comes here, often with an id of 36 characters
		if unreserved[id[0]]&unreserved[id[1]]&unreserved[id[2]]&unreserved[id[3]]&unreserved[id[4]]&unreserved[id[5]] == 0 {
			return false
		}
	}
	for i := range len(id) {
		if unreserved[id[i]] == 0 {
			return false
		}
	}
	return true
}

// unreserved has a 1 for each byte that is not escaped in a URL.
var unreserved = func() (is [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		is[c] = 1
	}
	return is
}()

// EscapedLen returns the length of [url.QueryEscape] of id.
func EscapedLen(id string) int {
	n := len(id)
	for i := range len(id) {
		if unreserved[id[i]] == 0 && id[i] != ' ' {
			n += 2
		}
	}
	return n
}
