package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// OriginToken is the token of an origin other than that of the base URL.
type OriginToken struct {
	Origin string
	Source func(context.Context) (string, error) // nil for no token
	Header string                                // for [ParseTokenHeader]
}

// credential is the token of one origin, with the header that carries it.
type credential struct {
	origin *url.URL
	tokens *web.Tokens
	name   string // the name of the header
	prefix string // the text before the token
}

// bearer is the default text before a token.
const bearer = "Bearer "

// ParseTokenHeader parses the header of a token. "NAME" means a header with the token alone. "NAME:
// SCHEME" means a header with a word before the token. The empty text means "Authorization:
// Bearer".
func ParseTokenHeader(text string) (name, prefix string, err error) {
	if text == "" {
		return "Authorization", bearer, nil
	}
	name, scheme, hasScheme := strings.Cut(text, ":")
	scheme = strings.TrimSpace(scheme)
	if !web.IsToken(name) || hasScheme && !web.IsToken(scheme) {
		return "", "", errors.New(`neither a header's name nor "NAME: SCHEME"`)
	}
	if hasScheme {
		prefix = scheme + " "
	}
	return http.CanonicalHeaderKey(name), prefix, nil
}

// value returns the header's value for a token.
func (c *credential) value(t *web.Token) []string {
	if c.prefix == bearer {
		return t.Header
	}
	return []string{c.prefix + t.Value}
}

// credentials sets the tokens of the base URL's origin and of the other origins.
func (c *Config) credentials(s *Settings) {
	if c.Token != nil {
		name, prefix, err := ParseTokenHeader(c.TokenHeader)
		switch {
		case err != nil:
			c.Problem("WithTokenHeader(%.80q): %w", c.TokenHeader, err)
		case c.isSet[name] && c.TokenHeader != "":
			c.Problem("WithTokenHeader: the header %s is set by WithHeader or by the base URL too", name)
		case c.isSet[name]:
			c.Problem("WithToken: the header Authorization is set by WithHeader or by the base URL too")
		}
		s.own = &credential{s.Base, web.NewTokens(c.Token), name, prefix}
	}
	for _, o := range c.OriginTokens {
		u := c.origin(s, "WithOriginToken", o.Origin)
		name, prefix, err := ParseTokenHeader(o.Header)
		switch {
		case err != nil:
			c.Problem("WithOriginToken: header %.80q: %w", o.Header, err)
		case u == nil || o.Source == nil:
		case web.SameOrigin(u, s.Base):
			c.Problem("WithOriginToken: %.128q: it is the base URL's, whose token WithToken sets", u.Scheme+"://"+u.Host)
		case s.credentialOf(u) != nil:
			c.Problem("WithOriginToken: %.128q: it has a token already", u.Scheme+"://"+u.Host)
		default:
			s.foreign = append(s.foreign, &credential{u, web.NewTokens(o.Source), name, prefix})
		}
	}
}

// credentialOf returns the credential of an origin other than the base URL's, or nil if it has
// none.
func (s *Settings) credentialOf(u *url.URL) *credential {
	for _, c := range s.foreign {
		if web.SameOrigin(c.origin, u) {
			return c
		}
	}
	return nil
}

// sourceFault is the error of a request for which the source returned no token.
type sourceFault struct{ err error }

func (f sourceFault) Error() string { return f.err.Error() }
func (f sourceFault) Unwrap() error { return f.err }

// authorize puts the token of another origin on a request, if the origin has one.
func (r *round) authorize(q *http.Request) error {
	c := r.credentialOf(q.URL)
	if r.asked, r.sent = c, nil; c == nil {
		return nil
	}
	token, err := c.tokens.Get(q.Context(), nil)
	if err != nil {
		return sourceFault{fmt.Errorf("for %.128q: %w", q.URL.Scheme+"://"+q.URL.Host, err)}
	}
	r.sent, q.Header[c.name] = token, c.value(token)
	return nil
}
