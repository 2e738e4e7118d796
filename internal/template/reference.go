package template

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Resolve returns the URL that a service named, and whether it has another origin than the base
// URL. An http URL of the same host becomes an https URL if the base URL is one.
func (t *Template) Resolve(ref string) (u url.URL, foreign bool, err error) {
	parsed, err := url.Parse(ref)
	switch {
	case err != nil:
		return u, false, errors.New("the URL that the service named does not parse")
	case parsed.User != nil || parsed.Opaque != "":
		return u, false, errors.New("the URL that the service named has a user name, or no slash after its scheme")
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
	web.Secure(&u, t.base, t.allow)
	if web.SameOrigin(&u, t.base) {
		return u, false, nil
	}
	if web.IsOneOf(t.allow, &u) {
		return u, true, nil
	}
	return u, true, fmt.Errorf("%.128q is another origin (rest.AllowOrigin allows it)", u.Scheme+"://"+u.Host)
}

// Reference returns the text under which a URL of an answer is kept: the URL without its origin, if
// that is the origin of the base URL. The argument asked is the URL of the request.
func (t *Template) Reference(ref string, asked *url.URL) (string, error) {
	parsed, err := url.Parse(ref)
	if err != nil {
		return "", errors.New("the URL that the service named does not parse")
	}
	u, foreign, err := t.Resolve(asked.ResolveReference(parsed).String())
	if err != nil {
		return "", err
	}
	if foreign {
		return u.String(), nil
	}
	return u.RequestURI(), nil
}

// Sensitive returns the values in the query of the call, both escaped and unescaped, and the values
// of its headers. They may be credentials.
func (t *Template) Sensitive() (words []string) {
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
