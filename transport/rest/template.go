package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// The holes of a Call.
const (
	holeID     = "id"
	holeRev    = "rev"
	holeKey    = "key"
	holeResult = "result"
	holePage   = "page"
	holeHold   = "hold"
)

const placeholder = "{id}"

// vars is what stands in the holes of a Call.
type vars struct{ id, rev, key, result, page, hold string }

func (v *vars) get(hole string) string {
	switch hole {
	case holeID:
		return v.id
	case holeRev:
		return v.rev
	case holeKey:
		return v.key
	case holeResult:
		return v.result
	case holePage:
		return v.page
	case holeHold:
		return v.hold
	default:
		return ""
	}
}

// inPath returns what stands in a hole of a path, where no part can be left out.
func (v *vars) inPath(hole string) string {
	if hole == holeHold && v.hold == "" {
		return "0"
	}
	return v.get(hole)
}

// template is a Call at a base URL, taken apart around its holes. It does not change.
type template struct {
	method string
	base   *url.URL
	allow  []*url.URL // other origins
	whole  string     // the hole that is all of the path, if one is
	path   []piece    // with the path of base
	query  []pair
	header []field
	body   *bodyTemplate // nil for none
	needs  map[string]bool
	keyed  bool        // whether it needs a key
	holds  bool        // whether it says how long the service may hold it
	faults *callFaults // of this call alone; nil for none
	simple bool        // whether it is the id alone between two plain texts, as nearly all are
}

// piece is a text and the hole behind it.
type piece struct {
	plain, raw string // as it reads, and as it is sent
	hole       string // "" for none
	slashes    bool   // whether slashes of its value stay
}

// pair is a part of a query.
type pair struct {
	pieces   []piece
	optional bool // whether it is left out if one of its holes is empty that may be
}

// field is a header of a Call.
type field struct {
	name     string
	pieces   []piece
	optional bool // likewise
}

// newTemplate joins a call's path to that of base. Its holes are those that may stand in it.
func newTemplate(base *url.URL, allow []*url.URL, c Call, shared map[string]string, wantsID bool, holes ...string) (*template, error) {
	t := &template{method: c.Method, base: base, allow: allow, needs: map[string]bool{}}
	if !web.IsToken(c.Method) {
		return nil, fmt.Errorf("%q is not an HTTP method", c.Method)
	}
	var err error
	if t.faults, err = newCallFaults(c); err != nil {
		return nil, err
	}
	if err = t.setHeader(c.Header, shared, holes); err != nil {
		return nil, err
	}
	if c.Body != nil {
		if t.body, err = newBody(c.Body, t.contentType(), holes); err == nil {
			err = t.note(t.body.pieces, "body", holes)
		}
		if err == nil && t.body.has(holeHold) {
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

func (t *template) setPath(whole string, wantsID bool, holes []string) error {
	whole = escapeLiterals(whole)
	path, query, _ := strings.Cut(whole, "?")
	switch {
	case !strings.HasPrefix(path, "/"):
		return fmt.Errorf("path %q does not begin with a slash: it is appended to the base URL", path)
	case strings.Contains(whole, "#"):
		return fmt.Errorf("path %q has a fragment", path)
	}
	n := strings.Count(whole, placeholder) + strings.Count(whole, "{+id}")
	if wantsID && (n > 1 || n == 0 && !t.needs[holeID]) {
		return fmt.Errorf("path %q names {id} %d times, it takes one, which stands for the job's id", path, n)
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
	t.simple = query == "" && len(pieces) == 2 && pieces[0].hole == holeID && !pieces[0].slashes &&
		pieces[0].plain == pieces[0].raw && pieces[1].plain == pieces[1].raw
	return t.setQuery(path, query, holes)
}

func (t *template) setQuery(path, query string, holes []string) error {
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

func (t *template) setHeader(own, shared map[string]string, holes []string) error {
	set := map[string]bool{}
	for _, headers := range []map[string]string{own, shared} {
		for name, value := range headers {
			key := http.CanonicalHeaderKey(name)
			switch {
			case !web.IsToken(name) || key == "Host" || key == "Content-Length":
				return fmt.Errorf("field Header: %.80q: not a header that can be set", name)
			case !web.IsHeaderValue(value):
				return fmt.Errorf("field Header: %.80q: its value holds a control character", name)
			case set[key]:
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

// inHeader begins where a hole stands that is in a header, whose other braces are its own.
const inHeader = "header "

// note takes in which holes there are, and refuses those that may not be.
func (t *template) note(pieces []piece, where string, holes []string) error {
	for _, p := range pieces {
		known := p.hole == "" && (where == "body" || strings.HasPrefix(where, inHeader) || !strings.ContainsAny(p.plain, "{}"))
		for _, hole := range holes {
			known = known || p.hole == hole
		}
		if !known {
			return noHole(p, where, holes)
		}
		if p.hole != "" {
			t.needs[p.hole] = true
			t.keyed = t.keyed || p.hole == holeKey
			t.holds = t.holds || p.hole == holeHold
		}
	}
	return nil
}

// noHole returns the error of a hole that has no value where it stands, or of braces around none.
func noHole(p piece, where string, holes []string) error {
	known := "{" + strings.Join(holes, "}, {") + "}"
	if p.hole != "" {
		return fmt.Errorf("path %q has braces that are no {id} to fill in: {%s} has no value here, but %s", where, p.hole, known)
	}
	return fmt.Errorf("path %q has braces that are no {id} to fill in: only %s has a value here, and other braces are written %%7B and %%7D", where, known)
}

// cut takes a text apart around its holes. Other braces are the text's own, and {{id}} reads {id}.
func cut(text string) (pieces []piece) {
	plain := ""
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		plain, text = plain+text[:open], text[open:]
		if literal, length := literalHole(text); length > 0 {
			plain, text = plain+literal, text[length:]
			continue
		}
		end := max(strings.IndexByte(text, '}'), 0)
		hole, slashes := strings.CutPrefix(text[1:max(end, 1)], "+")
		if !isHole(hole) {
			plain, text = plain+"{", text[1:]
			continue
		}
		pieces = append(pieces, piece{plain: plain, raw: plain, hole: hole, slashes: slashes})
		plain, text = "", text[end+1:]
	}
	return append(pieces, piece{plain: plain + text, raw: plain + text})
}

// literalHole returns what a hole in double braces at the beginning of a text reads, and the length
// of the hole; 0 if there is none.
func literalHole(text string) (literal string, length int) {
	inner, doubled := strings.CutPrefix(text, "{{")
	end := strings.IndexByte(inner, '}')
	if !doubled || end < 0 || !strings.HasPrefix(inner[end:], "}}") {
		return "", 0
	}
	switch name := strings.TrimPrefix(inner[:end], "+"); {
	case isHole(name), name == "input", name == "id:number":
		return "{" + inner[:end] + "}", len("{{}}") + end
	default:
		return "", 0
	}
}

// escapeLiterals returns a path and its query with each hole in double braces as it is sent.
func escapeLiterals(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); {
		if literal, length := literalHole(path[i:]); length > 0 {
			b.WriteString("%7B" + literal[1:len(literal)-1] + "%7D")
			i += length
			continue
		}
		b.WriteByte(path[i])
		i++
	}
	return b.String()
}

func isHole(s string) bool {
	return s == holeID || s == holeRev || s == holeKey || s == holeResult || s == holePage || s == holeHold
}

// isOptional reports whether the pair of a query or the header in which a hole stands is left out
// if there is no value for it.
func isOptional(hole string) bool { return hole == holeRev || hole == holePage || hole == holeHold }

// isLeftOut reports whether a hole of the pieces that may be empty is.
func isLeftOut(pieces []piece, v *vars) bool {
	for i := range pieces {
		if hole := pieces[i].hole; isOptional(hole) && v.get(hole) == "" {
			return true
		}
	}
	return false
}

// contentType returns the Content-Type that the Call names, "" if it names none.
func (t *template) contentType() string {
	for _, f := range t.header {
		if f.name == "Content-Type" {
			return f.pieces[0].plain
		}
	}
	return ""
}

var (
	errNoKey    = errors.New("this create needs an idempotency key: its Call names {key}")
	errSegments = errors.New(`the id has a segment that is empty, "." or "..", or one of ?, # and \`)
)

// fill sets g to the request with v in the holes, or returns why there is none.
func (t *template) fill(g *exchange.Request, v *vars) (err error) {
	*g = exchange.Request{Method: t.method}
	switch {
	case t.keyed && v.key == "":
		return errNoKey
	case t.whole != "":
		g.URL, _, err = t.resolve(v.get(t.whole))
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
		if !web.IsHeaderValue(value) {
			return fmt.Errorf("the header %s would hold a control character", f.name)
		}
		g.Header = append(g.Header, f.name, value)
	}
	if t.body != nil {
		g.Type = t.contentType()
		g.Body, err = t.body.fill(v)
	}
	return err
}

// fillPath sets the URL. Whatever the values hold, each stays one segment of the path, or one value
// of the query; only slashes stay where the Call says so.
func (t *template) fillPath(u *url.URL, v *vars) error {
	u.Scheme, u.Host = t.base.Scheme, t.base.Host
	if t.simple && isUnreserved(v.id) {
		u.Path = t.path[0].plain + v.id + t.path[1].plain
		return nil
	}
	plain := true
	for i := range t.path {
		p := &t.path[i]
		plain = plain && p.plain == p.raw && isUnreserved(v.get(p.hole))
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
	u.RawQuery = t.fillQuery(v)
	return nil
}

func (t *template) fillQuery(v *vars) string {
	if len(t.query) == 1 && len(t.query[0].pieces) == 1 {
		return t.query[0].pieces[0].plain
	}
	var b strings.Builder
	for i := range t.query {
		p := &t.query[i]
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

// join returns the pieces with v in their holes.
func join(pieces []piece, v *vars, escape func(string) string) string {
	var b strings.Builder
	for i := range pieces {
		b.WriteString(pieces[i].plain)
		if hole := pieces[i].hole; hole != "" {
			b.WriteString(escape(v.get(hole)))
		}
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

// resolve returns the URL that a service named, and whether it is of another origin.
func (t *template) resolve(ref string) (u url.URL, foreign bool, err error) {
	parsed, err := url.Parse(ref)
	switch {
	case err != nil:
		return u, false, errors.New("the URL that the service named does not parse")
	case parsed.User != nil || parsed.Opaque != "":
		return u, false, errors.New("the URL that the service named has a user name, or none of a host")
	}
	for part := range strings.SplitSeq(parsed.Path, "/") {
		if part == "." || part == ".." {
			return u, false, errSegments
		}
	}
	if !parsed.IsAbs() && parsed.Host == "" && !strings.HasPrefix(parsed.Path, "/") {
		parsed.RawPath, parsed.Path = "", strings.TrimSuffix(t.base.Path, "/")+"/"+parsed.Path
	}
	bare := *t.base
	bare.User = nil
	u = *bare.ResolveReference(parsed)
	u.Fragment, u.RawFragment = "", ""
	if web.SameOrigin(&u, t.base) {
		return u, false, nil
	}
	if web.IsOneOf(t.allow, &u) {
		return u, true, nil
	}
	return u, true, fmt.Errorf("%.128q is another origin (rest.AllowOrigin allows it)", u.Scheme+"://"+u.Host)
}

// reference returns how a URL that an answer to a request named is kept: without its origin, if
// that is the base URL's.
func (t *template) reference(ref string, asked *url.URL) (string, error) {
	parsed, err := url.Parse(ref)
	if err != nil {
		return "", errors.New("the URL that the service named does not parse")
	}
	u, foreign, err := t.resolve(asked.ResolveReference(parsed).String())
	if err != nil {
		return "", err
	}
	if foreign {
		return u.String(), nil
	}
	return u.RequestURI(), nil
}

// sensitive returns the values in the call's query, which may be credentials, as they are sent and
// as they read.
func (t *template) sensitive() (words []string) {
	for _, p := range t.query {
		for _, part := range p.pieces {
			name, value, isPair := strings.Cut(part.plain, "=")
			if !isPair {
				value = name // the query is a key alone
			}
			words = append(words, value)
			if plain, err := url.QueryUnescape(value); err == nil && plain != value {
				words = append(words, plain)
			}
		}
	}
	for _, f := range t.header {
		words = append(words, exchange.SecretsOf(f.name, f.pieces[0].plain)...)
	}
	return words
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

// bodyTemplate is the body of a Call.
type bodyTemplate struct {
	pieces []piece // a hole "id:number" is a number
	escape func(string) string
	input  bool // whether the input goes into it
}

const inputHole = `"{input}"`

// newBody returns the template of a body that is sent as a type.
func newBody(body any, typ string, holes []string) (*bodyTemplate, error) {
	if text, ok := body.(string); ok && typ != "" && !isJSON(typ) {
		b := &bodyTemplate{pieces: cut(text), escape: func(s string) string { return s }}
		if isForm(typ) {
			b.escape = url.QueryEscape
		}
		return b, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	text := string(encoded)
	b := &bodyTemplate{escape: escapeJSON, input: strings.Contains(text, inputHole)}
	for {
		before, after, ok := strings.Cut(text, `"{id:number}"`)
		b.pieces = append(b.pieces, bodyPieces(before, holes)...)
		if !ok {
			return b, nil
		}
		b.pieces[len(b.pieces)-1].hole = holeID
		b.pieces[len(b.pieces)-1].slashes = true // marks a number
		text = after
	}
}

// bodyPieces takes JSON apart around the holes in its texts. Other braces are JSON's, or those of a
// query language.
func bodyPieces(text string, holes []string) (pieces []piece) {
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '{' {
			continue
		}
		if literal, length := literalHole(text[i:]); length > 0 {
			pieces = append(pieces, piece{plain: text[start:i] + literal})
			i += length - 1
			start = i + 1
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 || !slices.Contains(holes, text[i+1:i+end]) {
			continue
		}
		pieces = append(pieces, piece{plain: text[start:i], hole: text[i+1 : i+end]})
		i += end
		start = i + 1
	}
	return append(pieces, piece{plain: text[start:]})
}

func escapeJSON(s string) string {
	text, _ := json.Marshal(s) // a string always can be
	return string(text[1 : len(text)-1])
}

var errNoNumber = errors.New("the id is not a number, as the body of the call wants")

func (b *bodyTemplate) has(hole string) bool {
	return slices.ContainsFunc(b.pieces, func(p piece) bool { return p.hole == hole })
}

func (b *bodyTemplate) fill(v *vars) ([]byte, error) {
	var out []byte
	for i := range b.pieces {
		p := &b.pieces[i]
		out = append(out, p.plain...)
		switch value := v.get(p.hole); {
		case p.hole == "":
		case p.slashes:
			if len(value) > 32 || strings.Trim(value, "-0123456789") != "" || !json.Valid([]byte(value)) {
				return nil, errNoNumber
			}
			out = append(out, value...)
		default:
			out = append(out, b.escape(value)...)
		}
	}
	return out, nil
}

func isJSON(typ string) bool {
	return strings.Contains(strings.ToLower(typ), "json") && !strings.Contains(typ, "ndjson")
}

func isForm(typ string) bool {
	return strings.HasPrefix(strings.ToLower(typ), "application/x-www-form-urlencoded")
}
