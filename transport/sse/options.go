package sse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// DefaultSilence is the default of [WithSilence].
const DefaultSilence = 45 * time.Second

// UserAgent is the default User-Agent header.
const UserAgent = "job-status-monitoring"

// Option sets one property of a [Stream] that [New] makes.
type Option func(*settings)

// settings is made from the options by New, and does not change afterwards.
type settings struct {
	url      *url.URL
	name     string // the URL without its query, for errors and logs
	reader   Reader
	user     *http.Client
	base     http.Client     // makes the requests
	own      *http.Transport // nil if the pool is the user's
	header   http.Header
	source   func(context.Context) (string, error)
	tokens   *web.Tokens // nil without a token source
	silence  time.Duration
	trusted  bool
	problems []error
}

func (s *settings) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Errorf("sse: "+format, args...))
}

// WithHTTPClient sets the client that makes the requests. [New] copies it and ignores its Timeout.
// The default, or nil, is an empty client. A client without a Transport gets its own pool of
// connections. The pool refuses private addresses, such as loopback, except for the host of the
// stream's URL.
//
// A client without CheckRedirect follows redirects only to the same scheme, host and port, at most
// five times. If CheckRedirect allows a request to another origin, the request carries no token and
// no header of [WithHeader]. It carries the Last-Event-ID, so that no event is missed.
func WithHTTPClient(h *http.Client) Option { return func(s *settings) { s.user = h } }

// WithHeader sets a header that every request carries. Its value never appears in errors or logs.
// [New] refuses the headers Host, Accept, Accept-Encoding and Last-Event-ID.
func WithHeader(name, value string) Option {
	return func(s *settings) {
		switch key := http.CanonicalHeaderKey(name); {
		case !web.IsToken(name):
			s.problem("WithHeader(%.80q): not a header's name", name)
		case !web.IsHeaderValue(value):
			s.problem("WithHeader(%.80q): its value holds a control character", name)
		case key == "Host" || key == "Accept" || key == "Accept-Encoding" || key == "Last-Event-Id":
			s.problem("WithHeader(%.80q): it is set by this package or net/http", name)
		default:
			s.header.Set(key, value)
		}
	}
}

// WithToken sets the source of a token, which every request carries as "Authorization: Bearer". The
// source is called for the first request, and again after an answer of 401. The source must be safe
// for concurrent use. The default, or nil, is no token. [New] refuses a token together with a
// header Authorization of [WithHeader].
func WithToken(source func(context.Context) (string, error)) Option {
	return func(s *settings) { s.source = source }
}

// WithSilence sets how long nothing may arrive on a connection, not even a comment, before it
// counts as lost. The default, or 0, is [DefaultSilence]. The minimum is a second.
func WithSilence(d time.Duration) Option {
	return func(s *settings) {
		switch {
		case d == 0:
			s.silence = DefaultSilence
		case d < time.Second:
			s.problem("WithSilence(%v): must be at least 1s, or 0 for the default", d)
		default:
			s.silence = d
		}
	}
}

// WithTrust makes a Watcher accept the end of a job from the stream without a poll. The wait then
// returns the status in the event, without a result if the event has none. By default a poll
// confirms each end.
func WithTrust() Option { return func(s *settings) { s.trusted = true } }

// New returns a Stream of the events at rawURL. The URL begins with http:// or https:// and has no
// user name. It may have a query, which never appears in errors or logs. The error joins all
// problems with the URL and the options. New makes no request.
func New(rawURL string, r Reader, opts ...Option) (*Stream, error) {
	s := &settings{reader: r, silence: DefaultSilence, header: http.Header{"User-Agent": {UserAgent}}}
	var err error
	if s.url, err = parseURL(rawURL); err != nil {
		s.problem("New: %w", err)
	} else {
		s.name = s.url.Scheme + "://" + s.url.Host + s.url.EscapedPath()
	}
	if r == nil || problems.IsNil(r) {
		s.problem("New: the Reader is nil")
	} else if _, err := r.ReadEvents(http.Header{}, []byte("{}")); errors.Is(err, errors.ErrUnsupported) {
		s.problem("New: the Reader reads no events: %w", err)
	}
	for i, opt := range opts {
		if opt == nil {
			s.problem("option %d is nil", i)
			continue
		}
		opt(s)
	}
	if s.source != nil {
		if s.header.Get("Authorization") != "" {
			s.problem("WithToken: the header Authorization is set by WithHeader too")
		}
		s.tokens = web.NewTokens(s.source)
	}
	if err := errors.Join(s.problems...); err != nil {
		return nil, err
	}
	s.transport()
	return &Stream{settings: s}, nil
}

// parseURL parses the URL of a stream. Its errors do not print the URL, which may hold a secret.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the URL does not parse")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the URL must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("the URL has no host")
	case u.User != nil:
		return nil, errors.New("the URL has a user name: WithHeader sets the header Authorization")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// transport sets base and, if the user gave no pool of connections, own.
func (s *settings) transport() {
	if s.user != nil {
		s.base = *s.user
	}
	s.base.Timeout = 0
	if s.base.Transport == nil {
		s.own = web.NewPool(nil, 0)
		s.own.ResponseHeaderTimeout = 0 // many services send the header with the first event, and WithSilence bounds the wait
		web.GuardDials(s.own, []*url.URL{s.url}, nil)
		s.base.Transport = s.own
	}
	s.base.CheckRedirect = web.RedirectPolicy(s.base.CheckRedirect)
}

// client returns the HTTP client for one request.
func (s *settings) client(token *web.Token, lastID string) *http.Client {
	c := s.base
	c.Transport = &carrier{s, token, lastID}
	return &c
}

// carrier adds the headers to each request, also to one after a redirect. A request to another
// origin gets no credential.
type carrier struct {
	*settings
	token  *web.Token
	lastID string
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Referer") // it would tell the query of the stream's URL
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("Cache-Control", "no-store")
	if web.SameOrigin(r.URL, c.url) {
		for name, values := range c.header {
			r.Header[name] = values
		}
		if c.token != nil {
			r.Header["Authorization"] = c.token.Header
		}
	}
	if c.lastID != "" {
		r.Header.Set("Last-Event-ID", c.lastID)
	}
	return c.base.Transport.RoundTrip(r)
}

// sensitive returns the words of the configuration that may be credentials.
func (s *settings) sensitive() (words []string) {
	for name, values := range s.header {
		if name != "User-Agent" {
			words = append(words, values...)
		}
	}
	for _, values := range s.url.Query() {
		words = append(words, values...)
	}
	return words
}
