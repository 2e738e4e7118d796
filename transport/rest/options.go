package rest

import (
	"context"
	"crypto/tls"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// DefaultMaxConnections is the default of [WithMaxConnections].
const DefaultMaxConnections = 256

// DefaultRetries is the default of [WithRetries].
const DefaultRetries = 2

// NoRetries is the argument of [WithRetries] that sends each call only once.
const NoRetries = -1

// UserAgent is the default User-Agent header.
const UserAgent = "job-status-monitoring"

const (
	// DefaultMaxBody is the default of [WithMaxBody], in bytes.
	DefaultMaxBody = 1 << 20
	// largestMaxBody bounds WithMaxBody, because a whole answer is held in memory.
	largestMaxBody = 256 << 20
)

// Option sets one property of a [Client] that [New] makes.
type Option func(*config)

type config = exchange.Config

// newConfig returns the config of a Client without options.
func newConfig() *config {
	return exchange.NewConfig(exchange.Defaults{
		Name: "rest", UserAgent: UserAgent, Connections: DefaultMaxConnections, Retries: DefaultRetries,
		MaxBody: DefaultMaxBody, MaxResult: DefaultMaxResult,
	})
}

// dialectOption is the name under which a config keeps the Dialect.
const dialectOption = "WithDialect"

// WithDialect sets the [Dialect] of the service. The default is the zero Dialect.
func WithDialect(d Dialect) Option { return func(c *config) { c.Put(dialectOption, d) } }

// WithHTTPClient sets the client that makes the requests. [New] copies it. A client without a
// Transport gets the default pool of connections: see [WithRoundTripper]. The client's Timeout also
// ends the requests of [Client.Hold]. The default, or nil, is an empty client.
//
// A client without CheckRedirect gets the default rule. It follows a redirect of a GET to the same
// scheme, host and port, at most five times. A redirect to a URL with a user name is never
// followed, and neither are more than ten redirects that CheckRedirect allows. If CheckRedirect
// allows a request to another origin, the request carries no header of this package and no Referer.
// The default pool then still refuses private addresses.
func WithHTTPClient(h *http.Client) Option { return func(c *config) { c.Client = h } }

// WithRoundTripper sets the RoundTripper that sends the requests. The default, or nil, is a pool of
// connections that [Client.Close] closes. [New] refuses the option together with [WithHTTPClient].
//
// The default pool uses the proxy of the environment, and opens at most [DefaultMaxConnections] to
// a host. It waits 10 s for a connection to open, 10 s for the TLS handshake, and 10 s for the
// headers of an answer. It reads at most 64 KiB of headers. Requests of [Client.Hold] use a second
// pool of the same size, which also waits for the length of the hold. A third pool is for requests
// that start a job and cannot be sent again. It waits five minutes for the headers. Your own
// RoundTripper sets its own limits. If it returns a *transport.Error, that error keeps its class.
//
// Requests accept gzip, unless the RoundTripper is an [http.Transport] with DisableCompression. An
// answer that the RoundTripper has already decompressed is read unchanged.
func WithRoundTripper(rt http.RoundTripper) Option { return func(c *config) { c.Tripper = rt } }

// WithTLSConfig sets the TLS configuration of the default pool. The default, or nil, trusts the
// certificates that the system trusts. [New] refuses the option together with a RoundTripper of
// your own.
func WithTLSConfig(t *tls.Config) Option { return func(c *config) { c.TLS = t } }

// WithMaxConnections limits how many connections the default pool has to one host, including idle
// ones. Idle connections are kept for 90 s. The default, or 0, is [DefaultMaxConnections]. If all
// connections are busy, a call waits for one until its context ends. An HTTP/2 connection that
// carries as many calls as the service allows does not count. [New] refuses the option together
// with a RoundTripper of your own.
func WithMaxConnections(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.Problem("WithMaxConnections(%d): must be at least 1, or 0 for the default", n)
			return
		}
		c.Connections = n
	}
}

// WithHeader sets a header that every request carries. Its value never appears in errors or logs.
// [New] refuses the headers Host, Content-Length, Transfer-Encoding and Accept-Encoding. The
// defaults are "Accept: application/json" and "User-Agent: job-status-monitoring"; both can be
// replaced.
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

// WithToken sets the source of a token, which every request carries as "Authorization: Bearer". The
// source is called for the first request, and again after an answer of 401, or one that a Dialect's
// Faults call [transport.Unauthorized]. All requests share the token. A second such answer for one
// call is permanent. The source must be safe for concurrent use. Space around the token is removed,
// such as the line break at the end of a file. An error of the source counts as transient, unless
// it is a [*transport.Error] of class Permanent, Throttled or Unauthorized. [New] refuses a token
// whose header [WithHeader] or a user name in the base URL sets as well. The default, or nil, is no
// token.
func WithToken(source func(context.Context) (string, error)) Option {
	return func(c *config) { c.Token = source }
}

// WithRetries sets how often a request is sent again within one call, after a broken connection or
// an answer of 502, 503 or 504. The first wait is 50 to 100 ms, and it doubles each time. The
// default, or 0, is [DefaultRetries]. The maximum is 10, and [NoRetries] means none.
//
// If the service asks for a wait of more than a second, the request is not sent again: the watch
// waits instead. After many polls have failed, the Watcher's retry budget is empty, and no request
// is sent again either. A create is sent again only with an idempotency key.
func WithRetries(n int) Option {
	return func(c *config) {
		switch {
		case n < NoRetries || n > exchange.MaxRetries:
			c.Problem("WithRetries(%d): must be from 1 to %d, 0 for the default, or NoRetries", n, exchange.MaxRetries)
		case n == 0:
			c.Retries = DefaultRetries
		default:
			c.Retries = max(n, 0)
		}
	}
}

// WithMaxBody sets the largest body of an answer, in bytes after decompression. The rest of a
// larger body is not read. A successful answer with a larger body is malformed: see
// [transport.Malformed]. The default, or 0, is [Dialect.MaxBody], or else [DefaultMaxBody], and the
// maximum is 256 MiB. For the answer to a batch, the limit grows by a sixteenth for each job, to at
// most sixteen times the size and 256 MiB.
func WithMaxBody(bytes int) Option {
	return func(c *config) {
		if bytes < 0 || bytes > largestMaxBody {
			c.Problem("WithMaxBody(%d): must be from 1 to %d, or 0 for the default", bytes, largestMaxBody)
			return
		}
		c.MaxBody = bytes
	}
}

// DefaultMaxResult is the default of [WithMaxResult], in bytes.
const DefaultMaxResult = 1 << 30

// WithMaxResult sets the largest result that [Client.Fetch] returns, in bytes after decompression.
// Reading beyond the limit returns an error. The result is not kept in memory. The default, or 0,
// is [DefaultMaxResult], which is 1 GiB.
func WithMaxResult(bytes int64) Option {
	return func(c *config) {
		if bytes < 0 {
			c.Problem("WithMaxResult(%d): must not be negative", bytes)
			return
		}
		c.MaxResult = bytes
	}
}

// AllowOrigin allows another origin besides the base URL's, such as "https://files.example.com".
// Calls and redirects may go there if the service names a URL of that origin. Such requests carry
// no credential: no token, no cookie, and no header of [WithHeader] or of the Dialect.
// [WithOriginToken] gives the origin its own token. If the origin has a public name with a private
// address, requests to it fail: see Where requests go, above. By default no other origin is
// allowed. If the base URL has https, [New] refuses an origin with http. If the service
// names a URL with http of the same host, that URL is requested by https.
func AllowOrigin(origin string) Option {
	return func(c *config) { c.Origins = append(c.Origins, origin) }
}

// WithTokenHeader sets which header carries the token of [WithToken]. "PRIVATE-TOKEN" means a
// header with the token alone. "Authorization: Key" means a header with the word Key before the
// token. The default, or "", is "Authorization: Bearer".
func WithTokenHeader(header string) Option {
	return func(c *config) {
		if _, _, err := exchange.ParseTokenHeader(header); err != nil {
			c.Problem("WithTokenHeader(%.80q): %w", header, err)
			return
		}
		c.TokenHeader = header
	}
}

// WithOriginToken allows an origin, as [AllowOrigin] does, and sets the source of a token that
// requests to it carry. The token is sent to no other origin, and the origin is sent no other
// credential. The header is written as in [WithTokenHeader]. The source is called as in
// [WithToken]. A nil source means no token.
func WithOriginToken(origin, header string, source func(context.Context) (string, error)) Option {
	return func(c *config) {
		c.OriginTokens = append(c.OriginTokens, exchange.OriginToken{Origin: origin, Header: header, Source: source})
	}
}
