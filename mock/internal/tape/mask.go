package tape

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// A Mask removes secrets from what is recorded.
type Mask struct {
	Keep    map[string]bool // names of query parameters whose values are kept
	Secrets []string        // as [Spellings] returns them
}

// The least lengths of secrets that are masked in an answer. Shorter texts occur by chance.
const (
	leastSecret = 4 // for a credential
	leastValue  = 8 // for any other value
)

// harmless are the request headers that do not identify the client.
var harmless = map[string]bool{
	"Accept": true, "Accept-Charset": true, "Accept-Encoding": true, "Accept-Language": true, "Cache-Control": true, "Connection": true,
	"Content-Encoding": true, "Content-Length": true, "Content-Type": true, "Date": true, "Expect": true, "Host": true, "If-Match": true,
	"If-Modified-Since": true, "If-None-Match": true, "Pragma": true, "Prefer": true, "Range": true, "Te": true,
	"Transfer-Encoding": true, "Upgrade": true, "User-Agent": true,
}

// SecretsOf returns the secrets of a request: the values of its query and its headers, except those
// that are kept by name, and the password of its URL.
func SecretsOf(req *http.Request, queries, headers map[string]bool) (secrets []string) {
	if password, ok := req.URL.User.Password(); ok {
		secrets = appendSecret(secrets, password, leastSecret)
	}
	for name, values := range req.URL.Query() {
		for _, value := range values {
			switch {
			case queries[name]:
			case redact.IsSecretName(name):
				secrets = appendSecret(secrets, value, leastSecret)
			case !isWord(value):
				secrets = appendSecret(secrets, value, leastValue)
			}
		}
	}
	for name, values := range req.Header {
		if harmless[name] || headers[name] {
			continue
		}
		least := leastValue
		if redact.IsSecretName(name) {
			least = leastSecret
		}
		for _, value := range values {
			secrets = appendSecret(secrets, value, least)
			for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ;,=", r) }) {
				secrets = appendSecret(secrets, strings.Trim(word, `"`), leastValue)
			}
			secrets = append(secrets, basic(value)...)
		}
	}
	return secrets
}

func appendSecret(secrets []string, value string, least int) []string {
	if len(value) < least {
		return secrets
	}
	return append(secrets, value)
}

// basic returns the user name and the password of HTTP's basic authentication.
func basic(value string) (secrets []string) {
	scheme, word, _ := strings.Cut(value, " ")
	text, err := base64.StdEncoding.DecodeString(word)
	if err != nil || !strings.EqualFold(scheme, "basic") {
		return nil
	}
	_, password, _ := strings.Cut(string(text), ":")
	return appendSecret(appendSecret(nil, string(text), leastSecret), password, leastSecret)
}

// isWord reports whether a value looks like a word, such as completed or in_progress.
func isWord(value string) bool {
	return len(value) < 16 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// Spellings returns the secrets, the longest first, each with the ways in which it may be escaped
// once or twice.
func Spellings(secrets []string) (all []string) {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		all = append(all, secret)
		for _, once := range escapes(secret) {
			all = append(all, once)
			all = append(all, escapes(once)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

var (
	entities = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "'", "&apos;", "<", "&lt;", ">", "&gt;")
	unHTML   = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">") // turns JSON of encoding/json into JSON of most other encoders
)

// escapes returns the ways in which a text may be escaped for a URL, for JSON and for HTML. It
// leaves out ways that change nothing.
func escapes(s string) (all []string) {
	all = append(all, html.EscapeString(s), entities.Replace(s))
	for _, escaped := range []string{url.QueryEscape(s), url.PathEscape(s), percent(s)} {
		all = append(all, escaped, lowerHex(escaped))
	}
	if text, err := json.Marshal(s); err == nil {
		quoted := string(text[1 : len(text)-1])
		all = append(all, quoted, unHTML.Replace(quoted), strings.ReplaceAll(quoted, "/", `\/`))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(escaped string) bool { return escaped == s })
}

// percent escapes everything except letters and digits.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// lowerHex writes percent-escapes in lower case.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// plain returns a text without the secrets.
func (m *Mask) plain(s string) string {
	for _, secret := range m.Secrets {
		s = strings.ReplaceAll(s, secret, redact.Mask)
	}
	return s
}

// Text returns a text without the secrets and without what looks like a secret.
func (m *Mask) Text(s string) string { return redact.Text(m.plain(s), m.Secrets...) }

// Target returns a path and a query without secrets.
func (m *Mask) Target(path, rawQuery string) string {
	path = m.plain(path)
	if rawQuery == "" {
		return path
	}
	query, _ := url.ParseQuery(rawQuery)
	for name, values := range query {
		for i := range values {
			if m.Keep[name] {
				values[i] = m.plain(values[i])
			} else {
				values[i] = redact.Mask
			}
		}
	}
	return path + "?" + query.Encode()
}

// Location returns the URL in a header, without secrets.
func (m *Mask) Location(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" {
		return m.Text(value)
	}
	origin := ""
	if u.Host != "" {
		origin = m.plain((&url.URL{Scheme: u.Scheme, Host: u.Host}).String())
	}
	return origin + m.Target(u.EscapedPath(), u.RawQuery)
}

// value returns a JSON value without secrets. Its shape remains, except for numbers that are a
// secret.
func (m *Mask) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, value := range v {
			if value = m.value(value); redact.IsSecretName(key) {
				value = redact.Mask
			}
			clean[m.plain(key)] = value
		}
		return clean
	case []any:
		for i := range v {
			v[i] = m.value(v[i])
		}
		return v
	case json.Number:
		if s := m.plain(v.String()); s != v.String() {
			return s
		}
		return v
	case string:
		return m.Text(v)
	default:
		return v
	}
}
