package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// maxPath bounds what is printed of a path: an id may be a URL of many KiB.
const maxPath = 512

func (k *call) path() string {
	path := k.target.url.EscapedPath()
	if len(path) > maxPath {
		return path[:maxPath] + "…"
	}
	return path
}

// String returns what is asked, without the query.
func (k *call) String() string {
	if k.target == nil {
		return k.template.String()
	}
	return k.target.method + " " + k.target.url.Scheme + "://" + k.target.url.Host + k.path()
}

// String returns the method and the host.
func (t *template) String() string { return t.method + " " + t.base.Scheme + "://" + t.base.Host }

// sensitive returns the words that are cut out of all that is quoted.
func (k *call) sensitive() []string {
	if k.token == nil {
		return k.secrets
	}
	return append([]string{k.token.Value}, k.secrets...)
}

func (k *call) fail(class transport.Class, cause error) error {
	return &transport.Error{Class: class, Code: k.code, RetryAfter: k.hint, Err: fmt.Errorf("rest: %s: %w", k, cause)}
}

// tokenError returns the error of a call for which there is no token.
func (k *call) tokenError(ctx context.Context, err error) error {
	var e *transport.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("rest: %s: %w", k, context.Cause(ctx))
	case errors.As(err, &e):
		return k.fail(e.Class, err)
	default:
		return k.fail(transport.Transient, web.Safe(err, k.sensitive()...))
	}
}

// refused returns the error of an answer whose status code says that it is one.
func (k *call) refused() error {
	class := web.ClassOfCode(k.code, k.isPaced())
	if class == transport.NotFound && k.template == k.stage.create {
		class = transport.Permanent // it is no job that was not found
	}
	return k.fail(class, errors.New(k.quote(http.StatusText(k.code))))
}

// isPaced reports whether the headers name a wait, or say that nothing remains of a quota.
func (k *call) isPaced() bool { return k.hint != 0 || web.IsExhausted(k.answer) }

// unread returns the error of an answer that says of itself that all is well, and cannot be read.
func (k *call) unread(err error) error {
	switch {
	case k.large:
		return k.fail(transport.Permanent, k.tooLarge())
	case k.isPage():
		return k.fail(transport.Transient, errors.New(k.quote("with a page in place of an answer")))
	default:
		return k.fail(transport.Malformed, fmt.Errorf("%w: %s", web.Safe(safe(err, k.sensitive()), k.sensitive()...), k.quote("")))
	}
}

// tooLarge says that the body is longer than limit.
func (k *call) tooLarge() error {
	return fmt.Errorf("%w: at most %d bytes (WithMaxBody)", errTooLarge, k.limit)
}

// quote returns the status code, text, and the beginning of the body.
func (k *call) quote(text string) string {
	s := fmt.Sprintf("%d", k.code)
	if text != "" {
		s += " " + text
	}
	if len(k.body) > 0 {
		s += ": " + redact.Excerpt(k.body, k.sensitive()...)
	}
	return s
}

// isPage reports whether the answer is a page for a person, as of a captive portal.
func (k *call) isPage() bool {
	return !json.Valid(k.body) && (strings.HasPrefix(strings.ToLower(k.answer.Get("Content-Type")), "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(k.body), []byte("<")))
}

// faulty returns the error of an answer that is one by the dialect's Faults.
func (k *call) faulty(class transport.Class) error {
	return k.fail(class, errors.New(k.quote(http.StatusText(k.code))))
}

// unsupported returns the error of a call that the dialect does not have.
func unsupported(name string) error {
	return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w: the dialect has no %s", errors.ErrUnsupported, name)}
}

// wanted returns the wait that the answer names, in a header or else in the body.
func (k *call) wanted() time.Duration {
	if k.hint != 0 {
		return k.hint
	}
	return k.stage.reader.readWait(&k.reading)
}
