package jobstatusotel_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestErrorsAreOfFewTypes(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: os.ErrInvalid}
	for _, c := range []struct {
		err  error
		want string
	}{
		{jobstatus.ErrTimeout, "timeout"},
		{jobstatus.ErrMaxAttempts, "max_attempts"},
		{jobstatus.ErrClosed, "closed"},
		{&jobstatus.WaitError{Reason: jobstatus.ErrBlocked}, "blocked"},
		{jobstatus.ErrMaxWatches, "max_watches"},
		{fmt.Errorf("watch: %w", jobstatus.ErrInvalidID), "invalid_id"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "timeout"},
		{&transport.Error{Class: transport.NotFound, Code: 404}, "not_found"},
		{&transport.Error{Class: transport.Throttled, Code: 429}, "throttled"},
		{&transport.Error{Class: transport.Malformed, Code: 200}, "malformed"},
		{&transport.Error{Class: transport.Oversized, Code: 413}, "oversized"},
		{&transport.Error{Class: transport.Permanent, Code: 401}, "401"},
		{&transport.Error{Code: 502, Err: errors.New("bad gateway")}, "502"},
		{&transport.Error{}, "_OTHER"},
		{&transport.Error{Err: fmt.Errorf("rest: %w", refused)}, "*net.OpError"},
		{fmt.Errorf("ask: %w", transport.ErrNotAnswered), "not_answered"},
		{&jobstatus.PanicError{Value: "boom"}, "panic"},
		{&jobstatus.WaitError{Reason: jobstatus.ErrMaxAttempts, LastErr: context.DeadlineExceeded}, "max_attempts"},
		{&jobstatus.WaitError{Reason: jobstatus.ErrThrottled, LastErr: context.DeadlineExceeded}, "throttled"},
		{&jobstatus.WaitError{LastErr: transport.ErrNotFound}, "not_found"},
		{fmt.Errorf("open: %w", &fs.PathError{Path: "/home/me", Err: fs.ErrNotExist}), "*fs.PathError"},
		{errors.New("anything"), "*errors.errorString"},
		{named{}, "quota"},
	} {
		w := newWorld(t)
		w.poll(fmt.Errorf("poll: %w", c.err), "a")
		assert.Contains(t, w.span().Attributes(), attribute.String("error.type", c.want), "%v", c.err)
	}
}

// named is an error that says its own type.
type named struct{}

func (named) Error() string     { return "account 7 is over its quota" }
func (named) ErrorType() string { return "quota" }

func TestDescriptionIsShortAndReadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll(&transport.Error{Err: errors.New(strings.Repeat("é", 400) + "\xff")}, "a")
	assert.Equal(t, strings.Repeat("é", 128), w.span().Status().Description)
	w = newWorld(t)
	w.poll(&transport.Error{Err: errors.New("x" + strings.Repeat("é", 400))}, "a")
	assert.Equal(t, "x"+strings.Repeat("é", 127), w.span().Status().Description)
}

// fault 44: the text of an error that came with an answer may quote the answer's body.
func TestDescriptionHoldsNothingOfAnAnswersBody(t *testing.T) {
	t.Parallel()
	body := errors.New(`rest: 200 OK: no status in {"owner":"jane@example.com"}`)
	for want, err := range map[string]*transport.Error{
		"200 OK":           {Class: transport.Malformed, Code: 200, Err: body},
		"403 Forbidden":    {Class: transport.Permanent, Code: 403, Err: body},
		"799":              {Code: 799, Err: body},
		"malformed answer": {Class: transport.Malformed, Err: body},
	} {
		w := newWorld(t)
		w.poll(fmt.Errorf("poll: %w", err), "a")
		assert.Equal(t, want, w.span().Status().Description)
	}
}

// fault 44: of an error no more is recorded than a transport.Error promises to be free of secrets,
// and of a job nothing that the service says.
func TestNoSecretIsRecorded(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3c9a52"
	w := newWorld(t)
	told := &transport.Error{Code: 503, Err: errors.New("503 Service Unavailable")}
	for _, err := range []error{
		errors.New("get https://h/?token=" + canary),
		fmt.Errorf("asked with token %s: %w", canary, told),
		errors.Join(errors.New(canary), told),
		&transport.Error{Class: transport.Permanent, Err: &jobstatus.PanicError{Value: canary, Stack: []byte(canary)}},
		&fs.PathError{Op: canary, Path: canary, Err: fs.ErrNotExist},
	} {
		w.poll(err, "a")
		w.Observe(t.Context(), &observe.Event{Kind: observe.Answered, ID: "a", Err: err})
		w.Observe(t.Context(), &observe.Event{Kind: observe.WatchEnded, ID: "a", Err: err})
	}
	w.Observe(t.Context(), &observe.Event{Kind: observe.WatchEnded, ID: "a", Status: transport.Status{ID: "a",
		State: transport.Failed, Raw: canary, Message: canary, Result: []byte(canary), Revision: canary}})

	// An id may be a URL whose query is a token.
	w.poll(nil, "/jobs/7?sig="+canary)
	w.poll(nil, "/jobs/7?sig="+canary, "/jobs/8?sig="+canary)

	// And what transport/rest returns of a service that echoes all that it is sent.
	srv := mock.NewServer(t, mock.Job("a", mock.Answer(http.StatusForbidden, `{"token":"`+canary+`","seen":"Bearer `+canary+`"}`),
		mock.Completed(nil)))
	client, err := rest.New(srv.URL, rest.WithHeader("X-Api-Key", canary), rest.WithHTTPClient(srv.Client()),
		rest.WithToken(func(context.Context) (string, error) { return canary, nil }))
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Status(t.Context(), "a")
	require.Error(t, err)
	w.poll(err, "a")

	text := fmt.Sprintf("%+v", w.metrics())
	for _, span := range w.spans.Ended() {
		text += fmt.Sprintf("%s %+v %+v %+v\n", span.Name(), span.Attributes(), span.Status(), span.Events())
	}
	assert.Contains(t, text, "503 Service Unavailable")
	assert.Contains(t, text, "403")
	assert.NotContains(t, text, canary)
}

func TestMetricsNameNoJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll(nil, "canary-id")
	w.poll(errors.New("no"), "canary-id", "canary-id-2")
	w.Observe(t.Context(), &observe.Event{Kind: observe.WatchEnded, ID: "canary-id", Err: jobstatus.ErrTimeout})
	for name, m := range w.metrics() {
		for _, a := range attributes(m) {
			assert.NotContains(t, a.Encoded(attribute.DefaultEncoder()), "canary", name)
		}
	}
}
