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

// words are the values of error.type for errors that match a sentinel. The first match counts.
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

// errorType returns the attribute error.type of an error, which must not be nil. It has one of a
// few values, and never contains the text of the error.
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

// maxDescription is the maximum length of an error's text in a span, in bytes.
const maxDescription = 256

// description returns the description of an error in a span. If the service answered, it is the
// status code, because the text may quote the body. Otherwise it is the text of the
// transport.Error, which contains no secret. The texts of errors that wrap it, and of all other
// errors, may contain secrets, so they are left out. So is the text of a panic, of which a Watcher
// makes a transport.Error.
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
