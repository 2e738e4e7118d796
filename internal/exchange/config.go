package exchange

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// MaxRetries is the maximum number of retries within a call. During a longer outage the watch
// waits.
const MaxRetries = 10

// Config holds the options of a client and their problems. Use [NewConfig] to make one.
type Config struct {
	// Defaults has the values that apply if no option sets others.
	Defaults

	Client      *http.Client
	Tripper     http.RoundTripper
	TLS         *tls.Config
	Connections int // 0 for the default
	Token       func(context.Context) (string, error)
	TokenHeader string // for ParseTokenHeader
	Retries     int
	MaxBody     int   // 0 for the default
	MaxResult   int64 // 0 for the default
	Origins     []string
	// OriginTokens has the tokens of other origins, which it allows.
	OriginTokens []OriginToken
	// Strict limits redirects to the allowed origins, whatever a user's CheckRedirect says.
	Strict bool
	// RepeatsPOST allows a redirect of a POST that keeps its method and body: a 307 or 308 to the same
	// origin. It has no effect beside Strict or a user's CheckRedirect.
	RepeatsPOST bool
	// Resolver resolves names for the default pool. Nil means the default resolver; tests set another.
	Resolver *net.Resolver

	header   http.Header
	isSet    map[string]bool // the names in header that the user has set
	own      map[string]any  // options that only one package knows, by name
	problems []error
}

// Defaults are the values that apply if no option sets others.
type Defaults struct {
	Name        string // the name of the package, with which errors and log lines begin
	UserAgent   string
	Connections int
	Retries     int
	MaxBody     int
	MaxResult   int64
}

// NewConfig returns a Config in which no option has been set.
func NewConfig(d Defaults) *Config {
	return &Config{Defaults: d, Retries: d.Retries, isSet: map[string]bool{}, own: map[string]any{}, header: http.Header{
		"Accept":     {"application/json"},
		"User-Agent": {d.UserAgent},
	}}
}

// Apply applies options in their order. A nil option is a problem.
func Apply[O ~func(*Config)](c *Config, opts []O) {
	for i, opt := range opts {
		if opt == nil {
			c.Problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
}

// Problem adds a problem of an option.
func (c *Config) Problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(c.Name+": "+format, args...))
}

// SetHeader sets a header of every request. It takes precedence over the same header of the
// request.
func (c *Config) SetHeader(name, value string) {
	c.header.Set(name, value)
	c.isSet[http.CanonicalHeaderKey(name)] = true
}

// Put stores an option that only one package knows.
func (c *Config) Put(option string, value any) { c.own[option] = value }

// Take returns the value of an option that only one package knows, or nil if it was not set. An
// option that nobody takes is an error.
func (c *Config) Take(option string) any {
	value := c.own[option]
	delete(c.own, option)
	return value
}

// Err joins all problems.
func (c *Config) Err() error {
	for _, option := range slices.Sorted(maps.Keys(c.own)) {
		c.Problem("%s: is an option of another package", option)
	}
	clear(c.own)
	return errors.Join(c.problems...)
}

// Settings returns the Settings for the service at a base URL. They are valid only if Err then
// returns nil.
func (c *Config) Settings(baseURL string) *Settings {
	s := &Settings{
		Name: c.Name, Strict: c.Strict,
		Retries: c.Retries, MaxBody: cmp.Or(c.MaxBody, c.Defaults.MaxBody), MaxResult: cmp.Or(c.MaxResult, c.Defaults.MaxResult),
		identity: identity{userAgent: c.UserAgent, header: c.header, isSet: c.isSet},
	}
	c.base(s, baseURL)
	c.credentials(s)
	c.transport(s)
	for name, values := range c.header {
		c.header[name] = slices.Clip(values)
		s.fields = append(s.fields, field{name, c.header[name]})
		s.AddSecrets(SecretsOf(name, values[0])...)
	}
	return s
}

// base sets the base URL and the other allowed origins.
func (c *Config) base(s *Settings, baseURL string) {
	base, err := parseBase(baseURL)
	if err != nil {
		c.Problem("New: base URL %w", err)
		base = &url.URL{Scheme: "http", Host: "invalid"} // so that the other options are checked too
	}
	s.Base = base
	if u := base.User; u != nil {
		password, _ := u.Password()
		s.AddSecrets(u.Username(), password)
		basic := base64.StdEncoding.EncodeToString([]byte(u.Username() + ":" + password))
		c.SetHeader("Authorization", "Basic "+basic)
	}
	for _, origin := range c.Origins {
		c.origin(s, "AllowOrigin", origin)
	}
}

// origin allows an origin in addition to the base URL's. It returns nil if the origin is refused.
func (c *Config) origin(s *Settings, option, origin string) *url.URL {
	u, err := parseBase(origin)
	switch {
	case err != nil:
		c.Problem("%s: %w", option, err)
	case s.Base.Scheme == "https" && u.Scheme != "https":
		c.Problem("%s: %.128q: it is not https, as the base URL is", option, u.Scheme+"://"+u.Host)
	default:
		s.Origins = append(s.Origins, u)
		return u
	}
	return nil
}

var errNoScheme = errors.New("has no scheme: it must begin with http:// or https://")

// parseBase parses a base URL. Its error prints nothing that may be a password.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(s, "@"):
		return nil, errors.New("with a user name does not parse")
	case err != nil:
		if !strings.Contains(s, "://") { // such as "127.0.0.1:8080"
			return nil, fmt.Errorf("%.256q %w", s, errNoScheme)
		}
		return nil, fmt.Errorf("%.256q does not parse: %w", s, errors.Unwrap(err))
	}
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	port, _, _ := strings.Cut(u.Opaque, "/")
	isHost := port != "" && isPort(port) // in place of the scheme, such as "localhost:8080"
	if u.Opaque != "" && !isHost {
		shown.Opaque = "…"
	}
	switch {
	case u.Scheme == "" || isHost:
		err = errNoScheme
	case u.Scheme != "http" && u.Scheme != "https":
		err = errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		err = errors.New("has no host")
	case !isPort(u.Port()):
		err = fmt.Errorf("has the port %.8s: at most 65535", u.Port())
	case u.RawQuery != "" || u.ForceQuery:
		err = errors.New("has a query: it belongs to the path of each Call")
	case u.Fragment != "":
		err = errors.New("has a fragment")
	case strings.ContainsAny(u.Host+u.Path, "{}"):
		err = errors.New("has braces: a place such as {id} belongs to the path of each Call")
	default:
		return u, nil
	}
	text := shown.String()
	if text == u.Scheme+":" {
		text += "//" // String leaves that out
	}
	return nil, fmt.Errorf("%.256q %w", text, err)
}

// isPort reports whether the port of a URL is valid. The empty text is valid.
func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

// transport sets the HTTP client and the pool of the settings.
func (c *Config) transport(s *Settings) {
	h := http.Client{Transport: c.Tripper}
	if c.Client != nil {
		h = *c.Client
	}
	switch {
	case c.Client != nil && c.Tripper != nil:
		c.Problem("WithRoundTripper: has no effect together with WithHTTPClient, whose Transport it is")
	case h.Transport == nil:
		s.pool = web.NewPool(c.TLS, cmp.Or(c.Connections, c.Defaults.Connections))
		web.GuardDials(s.pool, append([]*url.URL{s.Base}, s.Origins...), c.Resolver)
		h.Transport = s.pool
		s.patient = s.pool.Clone()
		s.patient.ResponseHeaderTimeout = web.StartTimeout
	}
	if c.TLS != nil && s.pool == nil {
		c.Problem("WithTLSConfig: has no effect together with WithHTTPClient or WithRoundTripper, which bring their own")
	}
	if c.Connections > 0 && s.pool == nil {
		c.Problem("WithMaxConnections: has no effect together with WithHTTPClient or WithRoundTripper, which bring their own")
	}
	if h.CheckRedirect != nil {
		s.narrow = web.RedirectPolicy(h.CheckRedirect)
	}
	if h.CheckRedirect = web.RedirectPolicy(h.CheckRedirect); c.RepeatsPOST && s.narrow == nil {
		h.CheckRedirect = web.CheckRedirectWithBody
	}
	s.blank = http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if c.Client == nil {
		s.blank.Header = http.Header{}
	}
	t, ok := h.Transport.(*http.Transport)
	if ok && t == nil {
		c.Problem("WithRoundTripper, WithHTTPClient: the RoundTripper is a nil *http.Transport")
		return
	}
	if !ok || !t.DisableCompression {
		c.header.Set("Accept-Encoding", web.AcceptEncoding)
	}
	s.http, s.carrier, s.direct = &h, h.Transport, h.Jar == nil && h.Timeout == 0
}
