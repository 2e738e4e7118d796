package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/eventstream"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxResumes bounds how often the stream that answers one request is resumed.
	maxResumes = 10
	// resumeWait is the wait before a stream is resumed that asks for none. The shortest wait is
	// minResumeWait. A stream that asks for more than maxResumeWait is not resumed.
	resumeWait    = time.Second
	minResumeWait = 100 * time.Millisecond
	maxResumeWait = time.Minute
	// maxEventID bounds the id of an event that is sent to the service, in bytes.
	maxEventID = 4 << 10
)

// answers finds the answer to a request in a stream, and resumes the stream if it ends before that.
type answers struct {
	carrier *Carrier
	sent    *http.Request // the request
	request int64         // its id
	header  http.Header   // of the newest connection
	left    int64         // bytes of the stream that may still be read
	id      string        // the newest id of an event
	retry   time.Duration // the wait that the connection asked for, or negative for none
}

// find returns the first response in the stream, and resumes the stream as long as that may help.
func (a *answers) find(stream *http.Response) ([]byte, error) {
	event, err := a.read(stream)
	for n := 0; err != nil && n < maxResumes && a.mayResume(err); n++ {
		resumed, failed := a.resume()
		if failed != nil {
			return nil, fmt.Errorf("%w; it was not resumed: %w", err, failed)
		}
		event, err = a.read(resumed)
	}
	return event, err
}

// read returns the first response that a connection brings.
func (a *answers) read(stream *http.Response) ([]byte, error) {
	defer stream.Body.Close()
	a.header = stream.Header
	bounded := &io.LimitedReader{R: stream.Body, N: a.left}
	if web.IsZipped(stream.Header) {
		zip := web.NewUnzip(stream.Header, stream.Body, int(a.left))
		defer zip.Release()
		bounded.R = zip
	}
	maxEvent := a.carrier.maxEvent()
	events := eventstream.NewDecoder(bounded, maxEvent, a.id)
	defer func() { a.left, a.id, a.retry = bounded.N, events.ID, events.Retry }()
	for {
		event, err := events.Next()
		switch {
		case errors.Is(err, eventstream.ErrTooLarge) && len(event.Data) > maxEvent:
			return event.Data, nil
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %w", errNoAnswer, io.ErrUnexpectedEOF)
		case err != nil:
			return nil, err
		case answersTo(a.request, event.Data):
			return event.Data, nil
		}
	}
}

// mayResume reports whether the stream can be resumed after an error. If the service did not ask
// for that, the retry budget must allow it.
func (a *answers) mayResume(err error) bool {
	ctx := a.sent.Context()
	isOver := a.left <= 0 || errors.Is(err, eventstream.ErrTooLarge) || ctx.Err() != nil
	if !a.carrier.Resumes || a.id == "" || len(a.id) > maxEventID || !web.IsHeaderValue(a.id) || a.retry > maxResumeWait || isOver {
		return false
	}
	return a.retry >= 0 || transport.HostOf(ctx).MayRetry(transport.Transient)
}

// resume opens another connection, which goes on after the newest event.
func (a *answers) resume() (*http.Response, error) {
	ctx := a.sent.Context()
	wait := resumeWait
	if a.retry >= 0 {
		wait = max(a.retry, minResumeWait)
	}
	if err := transport.HostOf(ctx).Sleep(ctx, wait); err != nil {
		return nil, context.Cause(ctx)
	}
	r := a.sent.Clone(ctx)
	r.Method, r.Body, r.GetBody, r.ContentLength = http.MethodGet, nil, nil, 0
	r.Header.Del("Content-Type")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", a.id)
	answer, err := a.carrier.Next.RoundTrip(r)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode != http.StatusOK || !isStream(answer.Header):
		_ = answer.Body.Close()
		return nil, fmt.Errorf("the answer is %d, and no stream of events", answer.StatusCode)
	default:
		return answer, nil
	}
}
