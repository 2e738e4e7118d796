package exchange

import (
	"net/http"
	"net/url"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Settings are what the calls of one client share. Only the count of answers changes after the
// first call. They are safe for concurrent use.
type Settings struct {
	Name      string     // of the package that asks
	Base      *url.URL   // of the service
	Origins   []*url.URL // others that are allowed
	Retries   int
	MaxBody   int
	MaxResult int64
	Strict    bool

	identity
	connection
}

// identity is what a client says of itself.
type identity struct {
	userAgent string
	isSet     map[string]bool // of header, by WithHeader or the base URL
	own       *credential     // nil without a token source
	foreign   []*credential   // of other origins
	secrets   []string
	// header has values without room to append in place, so that requests can share them.
	header http.Header
}

// connection is what requests are sent with.
type connection struct {
	http    *http.Client
	carrier http.RoundTripper // of http
	direct  bool              // http has neither cookies nor a timeout to add to a round trip
	pool    *http.Transport   // nil if the pool is the user's
	holder  *http.Transport   // of requests that are held; nil for the carrier
	answers web.Answers       // over TLS
	// narrow is the user's CheckRedirect; nil for none.
	narrow func(*http.Request, []*http.Request) error
	// blank is what requests are made from. It has no headers if a user's client may write in them.
	blank http.Request
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
	if s.holder != nil {
		s.holder.CloseIdleConnections()
	}
}
