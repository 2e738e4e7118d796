package rest

import (
	"context"
	"crypto/tls"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// DefaultMaxConnections is how many connections to the service are open at once by default: see
// WithMaxConnections.
const DefaultMaxConnections = 256

// DefaultRetries is how often one call is sent again by default: see WithRetries.
const DefaultRetries = 2

// NoRetries, given to WithRetries, sends each call once.
const NoRetries = -1

// UserAgent is the User-Agent header that is sent by default.
const UserAgent = "job-status-monitoring"

const (
	// DefaultMaxBody is how many bytes an answer has at most by default: see WithMaxBody.
	DefaultMaxBody = 1 << 20
	// largestMaxBody bounds WithMaxBody: an answer is held in memory as a whole.
	largestMaxBody = 256 << 20
)

// Option sets one thing about a Client that New makes.
type Option func(*config)

type config = exchange.Config

// newConfig returns the config of a Client that was given no option.
func newConfig() *config {
	return exchange.NewConfig(exchange.Defaults{
		Name: "rest", UserAgent: UserAgent, Connections: DefaultMaxConnections, Retries: DefaultRetries,
		MaxBody: DefaultMaxBody, MaxResult: DefaultMaxResult,
	})
}

// dialectOption is the name under which a config keeps the Dialect.
const dialectOption = "WithDialect"

// WithDialect says how the service speaks of jobs; the default is the zero Dialect.
func WithDialect(d Dialect) Option { return func(c *config) { c.Put(dialectOption, d) } }

// WithHTTPClient sets the client that makes the requests; it is copied. A client without a
// Transport gets the default pool of connections. Its Timeout also ends requests that are held.
//
// A client without CheckRedirect gets the default rule: a redirect is followed for GET only, to the
// same scheme, host and port, at most five times. A redirect to a URL with a user name is never
// followed. A request to another origin, where CheckRedirect allows it, carries no header of this
// package and no Referer. Nil is the default, an empty client.
func WithHTTPClient(h *http.Client) Option { return func(c *config) { c.Client = h } }

// WithRoundTripper sets what carries the requests. Nil, the default, is a pool of connections that
// Close closes. The pool honors the environment's proxy and opens DefaultMaxConnections at most. It
// waits 10 s for a connection to open, 10 s for the TLS handshake and 10 s for an answer's headers,
// which have 64 KiB at most. Requests that [Client.Hold] makes have a pool of as many connections
// beside it, and wait for headers as much longer as they are held. A RoundTripper of the user's may
// keep a request for as long as it likes. Requests name gzip in Accept-Encoding, unless the
// RoundTripper is an [http.Transport] with DisableCompression. An answer that the RoundTripper has
// decompressed itself is read as it is.
func WithRoundTripper(rt http.RoundTripper) Option { return func(c *config) { c.Tripper = rt } }

// WithTLSConfig sets how the default pool's connections are secured; nil, the default, is the
// system's trust. A RoundTripper of the user's brings its own.
func WithTLSConfig(t *tls.Config) Option { return func(c *config) { c.TLS = t } }

// WithMaxConnections sets how many connections to the service the default pool has at once, those
// that stand idle included; they are kept for 90 s. The default, or 0, is DefaultMaxConnections,
// and 1 is the least. A call that finds all of them busy waits for one until its context ends. On
// HTTP/2, a connection that carries as many calls as the service lets it no longer counts. A
// RoundTripper of the user's has its own bounds.
func WithMaxConnections(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.Problem("WithMaxConnections(%d): must be at least 1, or 0 for the default", n)
			return
		}
		c.Connections = n
	}
}

// WithHeader sets a header that every request carries. Its value is kept out of errors and logs.
// The default is "Accept: application/json" and "User-Agent: job-status-monitoring", and each can
// be set otherwise.
func WithHeader(name, value string) Option {
	return func(c *config) {
		switch key := http.CanonicalHeaderKey(name); {
		case !web.IsToken(name):
			c.Problem("WithHeader(%.80q): not a header's name", name)
		case !web.IsHeaderValue(value):
			c.Problem("WithHeader(%.80q): its value holds a control character", name)
		case key == "Host" || key == "Content-Length" || key == "Transfer-Encoding" || key == "Accept-Encoding":
			c.Problem("WithHeader(%.80q): it is set by this package or net/http", name)
		default:
			c.SetHeader(key, value)
		}
	}
}

// WithToken sets the source of a token that every request carries as "Authorization: Bearer". It is
// asked once, and again when the service answers 401, for all watches together; a second 401 for
// one call is permanent. The source must be safe for concurrent use. An error of its own counts as
// transient unless it is a *transport.Error. The default, or nil, is no token.
func WithToken(source func(context.Context) (string, error)) Option {
	return func(c *config) { c.Token = source }
}

// WithRetries sets how often a call is sent again within one poll, after a connection that failed
// or an answer of 502, 503 or 504, after a wait of 50 to 100 ms that doubles each time. The
// default, or 0, is DefaultRetries; NoRetries is none, and 10 is the most. If the service asks for
// a wait of more than a second, the call is not sent again: that wait is the watch's. Nor is it
// while the Watcher's retry budget is empty, as it is where many polls have failed. A create is
// sent again only with an idempotency key.
func WithRetries(n int) Option {
	return func(c *config) {
		switch {
		case n < NoRetries || n > exchange.MaxRetries:
			c.Problem("WithRetries(%d): must be from 1 to %d, or NoRetries", n, exchange.MaxRetries)
		case n == 0:
			c.Retries = DefaultRetries
		default:
			c.Retries = max(n, 0)
		}
	}
}

// WithMaxBody sets the largest body of an answer, in bytes after decompression. On the wire hardly
// more is read. A larger body is a permanent error. The default, or 0, is DefaultMaxBody; the most
// is 256 MiB. The answer to a batch may be larger by a sixteenth for each job, up to sixteen times
// and 256 MiB.
func WithMaxBody(bytes int) Option {
	return func(c *config) {
		if bytes < 0 || bytes > largestMaxBody {
			c.Problem("WithMaxBody(%d): must be from 1 to %d, or 0 for the default", bytes, largestMaxBody)
			return
		}
		c.MaxBody = bytes
	}
}

// DefaultMaxResult is how many bytes a result that is fetched has at most by default: see
// [WithMaxResult].
const DefaultMaxResult = 1 << 30

// WithMaxResult sets the largest result that [Client.Fetch] reads, in bytes after decompression. It
// is not held in memory. A reader of a larger result gets an error. The default, or 0, is
// [DefaultMaxResult].
func WithMaxResult(bytes int64) Option {
	return func(c *config) {
		if bytes < 0 {
			c.Problem("WithMaxResult(%d): must not be negative", bytes)
			return
		}
		c.MaxResult = bytes
	}
}

// AllowOrigin names an origin, such as "https://files.example.com", beside that of the base URL, to
// which calls and redirects may go where the service names a URL of it. It is sent no credential:
// no token, and no header of [WithHeader], of the Dialect or of a cookie jar. [WithOriginToken]
// gives it a token of its own. The default is none. An origin with http is refused where the base
// URL has https.
func AllowOrigin(origin string) Option {
	return func(c *config) { c.Origins = append(c.Origins, origin) }
}

// WithTokenHeader sets which header carries the token of [WithToken]. "PRIVATE-TOKEN" is a header
// with the token alone, and "Authorization: Key" one with a word before it. The default, or "", is
// "Authorization: Bearer".
func WithTokenHeader(header string) Option {
	return func(c *config) {
		if _, _, err := exchange.ParseTokenHeader(header); err != nil {
			c.Problem("WithTokenHeader(%.80q): %w", header, err)
			return
		}
		c.TokenHeader = header
	}
}

// WithOriginToken names an origin as [AllowOrigin] does, and the source of a token that requests to
// it carry. No other origin is sent the token, and the origin is sent no other credential. The
// header is as in [WithTokenHeader]. The source is asked as that of [WithToken] is. A nil source is
// none.
func WithOriginToken(origin, header string, source func(context.Context) (string, error)) Option {
	return func(c *config) {
		c.OriginTokens = append(c.OriginTokens, exchange.OriginToken{Origin: origin, Header: header, Source: source})
	}
}
