package rest

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// settings is what New makes of the options. It does not change.
type settings struct {
	stages      []*stage
	reader      *reader // of the first stage
	batch       *batch  // nil for none
	base        *url.URL
	origins     []*url.URL // others that are allowed
	follows     bool       // whether a job may get another id
	holds       bool       // whether requests can be held
	http        *http.Client
	carrier     http.RoundTripper // of http
	own         *http.Transport   // nil if the pool is the user's
	holder      *http.Transport   // of requests that are held; nil for the carrier
	isSet       map[string]bool   // by WithHeader or the base URL
	tokenHeader string            // "" for Authorization
	maxResult   int64
	header      http.Header // whose values have no room to append in place, so that requests can share them
	bare        http.Header // what requests have when http is given them; nil if a user's client may write in it
	tokens      *web.Tokens // nil without a token source
	secrets     []string
	retries     int
	maxBody     int
}

// newSettings applies opts over the defaults and joins all that is wrong with them.
func newSettings(baseURL string, opts []Option) (*settings, error) {
	c := &config{retries: DefaultRetries, isSet: map[string]bool{}, header: http.Header{
		"Accept":     {"application/json"},
		"User-Agent": {UserAgent},
	}}
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	s := &settings{retries: c.retries, maxBody: cmp.Or(c.maxBody, DefaultMaxBody), header: c.header}
	c.base(s, baseURL)
	s.isSet, s.tokenHeader, s.maxResult = c.isSet, c.tokenHeader, cmp.Or(c.maxResult, DefaultMaxResult)
	c.transport(s)
	if c.token != nil {
		if c.tokenHeader != "" {
			if c.isSet[c.tokenHeader] {
				c.problem("WithTokenHeader: the header %s is set by WithHeader too", c.tokenHeader)
			}
		} else if c.header.Get("Authorization") != "" {
			c.problem("WithToken: the header Authorization is set by WithHeader or by the base URL too")
		}
		s.tokens = web.NewTokens(c.token)
	}
	for name, values := range c.header {
		c.header[name] = slices.Clip(values)
		s.secrets = append(s.secrets, secretsOf(name, values[0])...)
	}
	s.secrets = slices.DeleteFunc(s.secrets, func(secret string) bool { return len(secret) < minSecret })
	return s, errors.Join(c.problems...)
}

// base sets what depends on the base URL and on the dialect.
func (c *config) base(s *settings, baseURL string) {
	base, err := parseBase(baseURL)
	if err != nil {
		c.problem("New: base URL %w", err)
		base = &url.URL{Scheme: "http", Host: "invalid"} // the calls' paths are checked all the same
	}
	s.base = base
	if u := base.User; u != nil {
		password, _ := u.Password()
		s.secrets = append(s.secrets, u.Username(), password)
		basic := base64.StdEncoding.EncodeToString([]byte(u.Username() + ":" + password))
		c.set("Authorization", "Basic "+basic)
	}
	for _, origin := range c.origins {
		u, err := parseBase(origin)
		switch {
		case err != nil:
			c.problem("AllowOrigin: %w", err)
		case base.Scheme == "https" && u.Scheme != "https":
			c.problem("AllowOrigin: %.128q: it is not https, as the base URL is", u.Scheme+"://"+u.Host)
		default:
			s.origins = append(s.origins, u)
		}
	}
	if s.stages, err = newStages(base, s.origins, c.dialect); err != nil {
		c.problem("WithDialect: %w", err)
	}
	for _, stage := range s.stages {
		s.holds = s.holds || stage.status != nil && stage.status.holds
		if stage.reader != nil {
			s.follows = s.follows || stage.reader.dialect.Next != ""
		}
		s.secrets = append(s.secrets, stage.sensitive()...)
	}
	s.reader = s.stages[0].reader
	if c.dialect.Batch.isZero() {
		return
	}
	b, err := newBatch(base, s.origins, c.dialect)
	if err != nil {
		c.problem("WithDialect: Batch: %w", err)
		return
	}
	s.batch, s.secrets = b, append(s.secrets, b.to.sensitive()...)
}

// parseBase returns the URL, or an error that does not print what could be a password.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(s, "@"):
		return nil, errors.New("with a user name does not parse")
	case err != nil:
		return nil, fmt.Errorf("%.256q does not parse: %w", s, errors.Unwrap(err))
	}
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	if u.Opaque != "" {
		shown.Opaque = "…"
	}
	switch {
	case u.Scheme == "":
		err = errors.New("has no scheme: it must begin with http:// or https://")
	case u.Scheme != "http" && u.Scheme != "https":
		err = errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		err = errors.New("has no host")
	case u.RawQuery != "" || u.ForceQuery:
		err = errors.New("has a query: it belongs to the path of each Call")
	case u.Fragment != "":
		err = errors.New("has a fragment")
	default:
		return u, nil
	}
	return nil, fmt.Errorf("%.256q %w", shown.String(), err)
}

// transport sets what requests are made with.
func (c *config) transport(s *settings) {
	h := http.Client{Transport: c.tripper}
	if c.client != nil {
		h = *c.client
	}
	switch {
	case c.client != nil && c.tripper != nil:
		c.problem("WithRoundTripper: has no effect together with WithHTTPClient, whose Transport it is")
	case h.Transport == nil:
		s.own = web.NewPool(c.tls, cmp.Or(c.connections, DefaultMaxConnections))
		h.Transport = s.own
		if s.holds {
			s.holder = newHolder(s.own)
		}
	}
	if c.tls != nil && s.own == nil {
		c.problem("WithTLSConfig: has no effect together with WithHTTPClient or WithRoundTripper, which bring their own")
	}
	if c.connections > 0 && s.own == nil {
		c.problem("WithMaxConnections: has no effect together with WithHTTPClient or WithRoundTripper, which bring their own")
	}
	h.CheckRedirect = web.RedirectPolicy(h.CheckRedirect)
	if c.client == nil {
		s.bare = http.Header{}
	}
	t, ok := h.Transport.(*http.Transport)
	if ok && t == nil {
		c.problem("WithRoundTripper, WithHTTPClient: the RoundTripper is a nil *http.Transport")
		return
	}
	if !ok || !t.DisableCompression {
		c.header.Set("Accept-Encoding", web.AcceptEncoding)
	}
	s.http, s.carrier = &h, h.Transport
}
