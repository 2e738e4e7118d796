package jobstatusotel

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// words are what error.type says of the errors that match a sentinel. The first that matches
// counts.
var words = []struct {
	target error
	word   string
}{
	{jobstatus.ErrMaxAttempts, "max_attempts"},
	{jobstatus.ErrBlocked, "blocked"},
	{jobstatus.ErrClosed, "closed"},
	{jobstatus.ErrMaxWatches, "max_watches"},
	{jobstatus.ErrInvalidID, "invalid_id"},
	{context.DeadlineExceeded, "timeout"},
	{context.Canceled, "canceled"},
	{transport.ErrNotFound, "not_found"},
	{transport.ErrThrottled, "throttled"},
	{transport.ErrMalformed, "malformed"},
	{transport.ErrNotAnswered, "not_answered"},
}

// errorType returns the attribute error.type of an error that is not nil: one of few values, which
// never quotes its text.
func errorType(err error) attribute.KeyValue {
	if wait := (*jobstatus.WaitError)(nil); errors.As(err, &wait) && wait.Reason != nil {
		err = wait.Reason
	}
	for _, w := range words {
		if errors.Is(err, w.target) {
			return semconv.ErrorTypeKey.String(w.word)
		}
	}
	var (
		panicked *jobstatus.PanicError
		late     interface{ Timeout() bool }
		told     *transport.Error
	)
	switch {
	case errors.As(err, &panicked):
		return semconv.ErrorTypeKey.String("panic")
	case errors.As(err, &late) && late.Timeout():
		return semconv.ErrorTypeKey.String("timeout")
	case !errors.As(err, &told):
		return semconv.ErrorType(err)
	case told.Class == transport.Oversized:
		return semconv.ErrorTypeKey.String("oversized")
	case told.Code != 0:
		return semconv.ErrorTypeKey.String(strconv.Itoa(told.Code))
	default:
		return semconv.ErrorType(told.Err)
	}
}

// maxDescription bounds, in bytes, the text of an error that a span has.
const maxDescription = 256

// description returns what a span says of an error. Of an answer that is its status code, as the
// text may quote the body. Without an answer it is the text of the transport.Error, which promises
// to hold no secret. What wraps it, and any other error, promises nothing of the kind and has no
// description. Nor has a panic, which a Watcher makes a transport.Error of.
func description(err error) string {
	var (
		panicked *jobstatus.PanicError
		told     *transport.Error
	)
	switch {
	case errors.As(err, &panicked) || !errors.As(err, &told):
		return ""
	case told.Code != 0:
		return strings.TrimSpace(strconv.Itoa(told.Code) + " " + http.StatusText(told.Code))
	case told.Class == transport.Malformed:
		return transport.ErrMalformed.Error()
	}
	text := told.Error()
	return strings.ToValidUTF8(text[:min(len(text), maxDescription)], "")
}
