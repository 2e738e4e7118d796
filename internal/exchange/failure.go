package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// ErrTooLarge is matched by the error of a body that is longer than its limit.
var ErrTooLarge = errors.New("body too large")

// Fail returns the error of the call, with a class and a cause. It names the method, host and path.
func (c *Call) Fail(class transport.Class, cause error) error {
	return &transport.Error{Class: class, Code: c.Answer.Code, RetryAfter: c.Answer.Wait,
		Err: fmt.Errorf("%s: %s: %w", c.round.Name, &c.Request, cause)}
}

// tokenError returns the error of a call for which there is no token. It keeps a wait that the
// source names. The source knows nothing about jobs. So an error of class NotFound or Malformed
// from it is transient.
func (c *Call) tokenError(ctx context.Context, err error) error {
	var e *transport.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s: %w", c.round.Name, &c.Request, context.Cause(ctx))
	case errors.As(err, &e) && e != nil:
		if e.RetryAfter != 0 {
			c.Answer.Wait = e.RetryAfter
		}
		class := e.Class
		if class != transport.Permanent && class != transport.Throttled && class != transport.Unauthorized {
			class = transport.Transient
		}
		return c.Fail(class, err)
	default:
		return c.Fail(transport.Transient, web.Safe(err, c.round.sensitive()...))
	}
}

// unanswered returns the error of an attempt that got no answer because of fault.
func (c *Call) unanswered(ctx context.Context, fault error) error {
	var unsourced sourceFault
	var known *transport.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s: %w", c.round.Name, &c.Request, context.Cause(ctx))
	case errors.As(fault, &unsourced):
		return c.tokenError(ctx, unsourced.err)
	case errors.As(fault, &known) && known != nil: // of a RoundTripper of the user, or of a session
		c.Answer.Code, c.Answer.Wait = known.Code, known.RetryAfter
		return c.Fail(known.Class, web.Safe(fault, c.round.sensitive()...))
	default:
		var class transport.Class
		class, c.Answer.Code = web.ClassOfFault(fault)
		return c.Fail(class, web.Safe(fault, c.round.sensitive()...))
	}
}

// Refused returns the error of an answer whose status code is an error. [web.ClassOfCode] gives its
// class.
func (c *Call) Refused() error {
	return c.Fail(web.ClassOfCode(c.Answer.Code, c.Answer.IsPaced()), c.Quote())
}

// RefusedPoll is like Refused, for an answer to a poll. A page with a 4xx comes from a firewall or
// a proxy: the request did not reach the service, which would answer otherwise.
func (c *Call) RefusedPoll() error {
	a := &c.Answer
	if web.ClassOfCode(a.Code, a.IsPaced()) == transport.Permanent && a.Code/100 == 4 && a.IsHTML() {
		return c.Fail(transport.Misdirected, c.Quote())
	}
	return c.Refused()
}

// Unread returns the error of an answer that has a successful status code and cannot be read. It is
// transient if the body is a page for a person, and malformed otherwise.
func (c *Call) Unread(err error) error {
	switch {
	case c.Answer.IsPage():
		return c.Fail(transport.Transient, c.quote("with a page in place of an answer"))
	case c.Answer.Large:
		return c.Fail(transport.Malformed, c.TooLarge())
	default:
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("the answer is not JSON: %w", err)
			if h := c.Answer.Header; web.IsEncoded(h) && !web.IsZipped(h) {
				err = fmt.Errorf("the answer has the content encoding %.64q, and only gzip is supported: %w", strings.Join(h["Content-Encoding"], ", "), err)
			}
		}
		return c.Fail(transport.Malformed, fmt.Errorf("%w: %w", web.Safe(err, c.round.sensitive()...), c.quote("")))
	}
}

// TooLarge returns the cause of the error of a body that is longer than its limit.
func (c *Call) TooLarge() error {
	return fmt.Errorf("%w: at most %d bytes (WithMaxBody)", ErrTooLarge, c.round.limit())
}

// Quote returns an error that quotes the status code, its text, and the beginning of the body.
func (c *Call) Quote() error { return c.quote(http.StatusText(c.Answer.Code)) }

func (c *Call) quote(text string) error {
	s := fmt.Sprintf("%d", c.Answer.Code)
	if text != "" {
		s += " " + text
	}
	if len(c.Answer.Body) > 0 {
		s += ": " + c.Excerpt(c.Answer.Body)
	}
	if c.Answer.Code == http.StatusUnauthorized && c.round.isBare() {
		s += ", and no token was sent (WithToken)"
	}
	return errors.New(s)
}

// Excerpt returns the beginning of a part of the answer, without secrets.
func (c *Call) Excerpt(part []byte) string { return redact.Excerpt(part, c.round.sensitive()...) }

// QuoteID returns an id of the answer for an error, without secrets.
func (c *Call) QuoteID(id string) string { return redact.ID(id, c.round.sensitive()...) }

// IsPaced reports whether the answer names a wait, or says that nothing remains of a quota.
func (a *Answer) IsPaced() bool { return a.Wait != 0 || web.IsExhausted(a.Header) }

// IsAccepted reports whether the status code is successful, but may come without a status: 202 or
// 204.
func (a *Answer) IsAccepted() bool {
	return a.Code == http.StatusAccepted || a.Code == http.StatusNoContent
}

// IsPage reports whether the answer is a page for a person, such as the page of a captive portal.
func (a *Answer) IsPage() bool {
	return !json.Valid(a.Body) && (strings.HasPrefix(strings.ToLower(a.Header.Get("Content-Type")), "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<")))
}

// IsHTML reports whether an answer is a page of HTML. Unlike [Answer.IsPage], it is false for XML.
func (a *Answer) IsHTML() bool {
	start := strings.ToLower(string(a.Body[:min(len(a.Body), 256)]))
	return strings.HasPrefix(strings.ToLower(a.Header.Get("Content-Type")), "text/html") && !json.Valid(a.Body) ||
		strings.Contains(start, "<!doctype html") || strings.HasPrefix(strings.TrimSpace(start), "<html")
}
