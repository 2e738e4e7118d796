package exchange

import (
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Settings are what the calls of one client share. Only the counts of answers and holds change
// after the first call. They are safe for concurrent use.
type Settings struct {
	Name      string     // the name of the package that makes the calls
	Base      *url.URL   // the base URL of the service
	Origins   []*url.URL // the other origins that are allowed
	Retries   int
	MaxBody   int
	MaxResult int64
	Strict    bool

	identity
	connection
}

// identity is what identifies the client to the service.
type identity struct {
	userAgent string
	isSet     map[string]bool // the names in header that WithHeader or the base URL has set
	own       *credential     // nil without a token source
	foreign   []*credential   // the credentials of other origins
	secrets   []string
	// header has values without room to append in place, so that requests can share them.
	header  http.Header
	fields  []field     // the entries of header, in a slice because each poll looks at them
	altered atomic.Bool // whether a RoundTripper has changed the headers of a request
}

// connection is the HTTP client and its pools.
type connection struct {
	http    *http.Client
	carrier http.RoundTripper // the Transport of http
	direct  bool              // http has neither cookies nor a timeout, so that a round trip needs no client
	pool    *http.Transport   // nil if the user has set a pool
	patient *http.Transport   // the pool for starts that cannot be sent again; nil means carrier
	holder  *http.Transport   // the pool for held requests; nil means carrier
	answers web.Answers       // the answers over TLS
	plainly atomic.Bool       // whether the service has refused a conditional request that it answers without the condition
	holds
	// narrow is the user's CheckRedirect; nil for none.
	narrow func(*http.Request, []*http.Request) error
	// blank is copied to make requests. It has no headers if a client of the user may change them.
	blank http.Request
}

// holds counts the requests that the service keeps.
type holds struct {
	held     atomic.Int64
	mostHeld int64       // the number of connections for held requests
	shares   atomic.Bool // whether the newest answer came over HTTP/2, where requests share a connection
}

// AddSecrets adds words that are removed from everything that is quoted. It must be called before
// the first call.
func (s *Settings) AddSecrets(words ...string) {
	for _, word := range words {
		if len(word) >= minSecret {
			s.secrets = append(s.secrets, word)
		}
	}
}

// Secrets returns the words that are removed from everything that is quoted. The slice must not be
// changed.
func (s *Settings) Secrets() []string { return s.secrets }

// CloseIdleConnections closes the idle connections of the default pools. It does not touch the
// connections of a user's RoundTripper.
func (s *Settings) CloseIdleConnections() {
	if s.pool != nil {
		s.pool.CloseIdleConnections()
	}
	for _, pool := range []*http.Transport{s.holder, s.patient} {
		if pool != nil {
			pool.CloseIdleConnections()
		}
	}
}
