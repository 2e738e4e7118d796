package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// ErrNoAnswer is the error of a stream that ended before it answered the request.
var ErrNoAnswer = errors.New("the stream ended before the answer")

// Carrier is the RoundTripper of a service that speaks JSON-RPC over HTTP. It gives each request an
// id of its own, and takes the one answer out of a stream of server-sent events. It is safe for
// concurrent use if Next is.
type Carrier struct {
	// Next sends the requests.
	Next http.RoundTripper
	// Mark, if not nil, adds the headers that depend on the request.
	Mark func(h http.Header, m *Request)
	// Streams says that a stream is the answer itself.
	Streams bool
	// MaxEvent bounds an event, in bytes. A longer one is cut there.
	MaxEvent int
	// MaxStream bounds, in bytes, how much of a stream is read to find the answer.
	MaxStream int

	last atomic.Int64
}

// RoundTrip sends a request whose body is JSON-RPC.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := Read(r)
	if err != nil {
		return nil, err
	}
	m.ID = c.last.Add(1)
	body, err := json.Marshal(&m)
	if err != nil {
		return nil, err
	}
	sent := r.Clone(r.Context())
	sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	if c.Mark != nil {
		c.Mark(sent.Header, &m)
	}
	answer, err := c.Next.RoundTrip(sent)
	if err != nil || answer.StatusCode != http.StatusOK || !IsStream(answer.Header) || c.Streams {
		return answer, err
	}
	return c.pick(r, answer)
}

// IsStream reports whether an answer is a stream of server-sent events.
func IsStream(h http.Header) bool {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == "text/event-stream"
}

// pick replaces a stream by the answer in it. Nothing but the answer to the one request of a POST
// can be a response in it; all else is requests and notifications.
func (c *Carrier) pick(r *http.Request, stream *http.Response) (*http.Response, error) {
	defer stream.Body.Close()
	content := io.Reader(stream.Body)
	if web.IsZipped(stream.Header) {
		zip := web.NewUnzip(stream.Body, c.MaxStream)
		defer zip.Release()
		content = zip
	}
	events := NewEvents(io.LimitReader(content, int64(c.MaxStream)), c.MaxEvent)
	for {
		event, err := events.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: %w", ErrNoAnswer, io.ErrUnexpectedEOF)
		case err != nil:
			return nil, err
		case len(event) > c.MaxEvent || isResponse(event):
			answer := Answer(r, event)
			for name, values := range stream.Header {
				if name != "Content-Type" && name != "Content-Encoding" && name != "Content-Length" {
					answer.Header[name] = values
				}
			}
			return answer, nil
		}
	}
}

// isResponse reports whether a message is a response: neither a request nor a notification.
func isResponse(message []byte) bool {
	var m struct {
		Method        string
		Result, Error json.RawMessage
	}
	return json.Unmarshal(message, &m) == nil && m.Method == "" && (m.Result != nil || m.Error != nil)
}
