package web

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// statusEnhanceYourCalm is the code that some services use instead of 429.
	statusEnhanceYourCalm = 420
	// statusRetryWith is the code with which some Microsoft services ask the client to send the
	// request again.
	statusRetryWith = 449
	// statusClientClosedRequest is the code with which nginx and gRPC gateways report that a request
	// was canceled. It says nothing about the job.
	statusClientClosedRequest = 499
)

// ClassOfCode returns the class of an answer whose status code is an error. The argument paced says
// whether a header of the answer names a wait, even of zero, or that nothing remains of a quota:
// see [RetryAfter] and [IsExhausted].
func ClassOfCode(code int, paced bool) transport.Class {
	switch code {
	case http.StatusNotFound:
		return transport.NotFound
	case http.StatusTooManyRequests:
		return transport.Throttled
	case http.StatusRequestTimeout, http.StatusTooEarly, statusRetryWith, statusClientClosedRequest:
		return transport.Transient
	case http.StatusMisdirectedRequest:
		return transport.Misdirected
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return transport.Permanent
	case http.StatusForbidden, http.StatusConflict, http.StatusTeapot, statusEnhanceYourCalm, http.StatusLocked:
		if paced {
			return transport.Throttled
		}
		return transport.Permanent
	case http.StatusServiceUnavailable:
		if paced {
			return transport.Throttled
		}
		return transport.Transient
	case http.StatusNotModified:
		return transport.Malformed // the request was not conditional
	}
	switch code / 100 {
	case 1, 4:
		return transport.Permanent
	case 3:
		return transport.Misdirected // the redirect was not followed
	case 5:
		return transport.Transient
	default:
		return transport.Malformed
	}
}

// IsGateway reports whether a status code comes from an intermediary, which knows nothing about the
// job. The intermediary is a gateway (502 to 504), a network that asks for a sign-in (511), a
// content delivery network (520 to 530), or a proxy whose connection timed out (598, 599).
func IsGateway(code int) bool {
	return IsRetried(code) || code == http.StatusNetworkAuthenticationRequired || code >= 520 && code <= 530 || code == 598 || code == 599
}

// IsRetried reports whether a request is sent again at once after a status code: 502, 503 or 504.
func IsRetried(code int) bool {
	return code >= http.StatusBadGateway && code <= http.StatusGatewayTimeout
}

// ClassOfBatchCode is [ClassOfCode] for a request about many jobs. A 404 is Permanent there.
func ClassOfBatchCode(code int, paced bool) transport.Class {
	switch code {
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return transport.Oversized
	case http.StatusNotFound:
		return transport.Permanent // it does not say which of the jobs was not found
	}
	class := ClassOfCode(code, paced)
	if code/100 == 3 && class == transport.Misdirected {
		return transport.Permanent // the URL of the batch has moved; the URLs of the jobs may not have
	}
	return class
}

// proxyError is the status code of a proxy that refused to connect.
type proxyError int

func (e proxyError) Error() string {
	return fmt.Sprintf("proxy: %d %s", int(e), http.StatusText(int(e)))
}

// ClassOfFault returns the class of a request that got no answer. It also returns the status code
// of the proxy that refused the request, or 0. A TLS error and a redirect that [CheckRedirect]
// refused are Misdirected, because the service was not reached. The refusal of a proxy is
// Permanent, unless its code is 5xx or means Throttled or Transient. Any other fault is Transient.
func ClassOfFault(err error) (class transport.Class, code int) {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       *net.OpError
		redirect    redirectError
		proxy       proxyError
	)
	err = bare(err)
	switch text := err.Error(); {
	case errors.As(err, &certificate), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch),
		errors.As(err, &alert) && (alert.Op == "local error" || alert.Op == "remote error"), // these are crypto/tls's
		strings.HasPrefix(text, "tls: "), strings.HasPrefix(text, "x509: "):
		return transport.Misdirected, 0
	case errors.As(err, &redirect):
		return transport.Misdirected, 0
	case errors.As(err, &proxy) && proxy < 500:
		if class = ClassOfCode(int(proxy), false); class != transport.Throttled && class != transport.Transient {
			class = transport.Permanent
		}
		return class, int(proxy)
	case text == http.StatusText(http.StatusProxyAuthRequired): // an http.Transport that lacks checkProxy
		return transport.Permanent, http.StatusProxyAuthRequired
	default:
		return transport.Transient, int(proxy)
	}
}

// IsUnsent reports whether err is the fault of a request that was not sent, because there was no
// connection.
func IsUnsent(err error) bool {
	var op *net.OpError
	var proxy proxyError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || errors.As(err, &proxy)
}

// IsTimeout reports whether err is a timeout.
func IsTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// Safe returns err without the URL that net/http puts into it, without the given secrets, and
// without text that looks like a secret. [errors.Is] and [errors.As] still find what err wraps.
func Safe(err error, secrets ...string) error {
	err = bare(err)
	if text := redact.Text(err.Error(), secrets...); text != err.Error() {
		return &masked{text, err}
	}
	return err
}

// bare returns err without any *url.Error around it.
func bare(err error) error {
	var u *url.Error
	for errors.As(err, &u) && u.Err != nil {
		err = u.Err
	}
	return err
}

// masked is err with another text.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string        { return m.text }
func (m *masked) GoString() string     { return strconv.Quote(m.text) }
func (m *masked) Is(target error) bool { return errors.Is(m.err, target) }
func (m *masked) As(target any) bool   { return errors.As(m.err, target) }
