package rpctest

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// Event is what a service says on a stream, after a while.
type Event struct {
	After time.Duration
	Text  string
}

// After returns the Event of a text after a while.
func After(d time.Duration, text string) Event { return Event{d, text} }

// Stream returns an answer to r that is a stream of server-sent events. Each Close of its body
// calls closed.
func Stream(r *http.Request, events []Event, closed func()) *http.Response {
	from, to := io.Pipe()
	go func() { // it ends with the events, with the context of r, or when the body is closed
		for _, e := range events {
			select {
			case <-time.After(e.After):
			case <-r.Context().Done():
				to.CloseWithError(r.Context().Err())
				return
			}
			if _, err := fmt.Fprintf(to, ": beat\n\ndata: %s\n\n", e.Text); err != nil {
				return
			}
		}
		_ = to.Close()
	}()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: r, Body: stream{from, closed},
	}
}

// stream is the body of an answer.
type stream struct {
	io.ReadCloser
	closed func()
}

// Close closes the body.
func (s stream) Close() error {
	s.closed()
	return s.ReadCloser.Close()
}
