package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// errNoAnswer is the error of a stream that ended before it answered the request.
var errNoAnswer = errors.New("the stream ended before the answer")

// Carrier is the RoundTripper of a service that speaks JSON-RPC over HTTP. It gives each request an
// id of its own. If the answer is a stream of server-sent events, it extracts the one response from
// the stream. It is safe for concurrent use if Next is.
type Carrier struct {
	// Next sends the requests.
	Next http.RoundTripper
	// Mark, if not nil, adds the headers that depend on the request.
	Mark func(h http.Header, m *Request)
	// Streams says that a stream is the answer itself.
	Streams bool
	// Resumes says that the service resumes a stream by a GET with the id of the newest event. A
	// stream that ends before the answer is then resumed, if its events have ids.
	Resumes bool
	// MaxEvent bounds an event, in bytes; the default is MaxBody. A longer one is cut there.
	MaxEvent int
	// MaxStream bounds how much of a stream is read to find the answer, in bytes. The default is
	// four times MaxBody.
	MaxStream int

	last atomic.Int64
}

// RoundTrip sends a request whose body is JSON-RPC.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := read(r)
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
	if err != nil || answer.StatusCode != http.StatusOK || !isStream(answer.Header) || c.Streams {
		return answer, err
	}
	return c.pick(r, sent, answer)
}

// isStream reports whether an answer is a stream of server-sent events.
func isStream(h http.Header) bool {
	return web.MediaType(h) == "text/event-stream"
}

// pick returns the answer in a stream. The stream that answers a POST has one response, and
// otherwise only requests and notifications.
func (c *Carrier) pick(r, sent *http.Request, stream *http.Response) (*http.Response, error) {
	a := &answers{carrier: c, sent: sent, left: int64(cmp.Or(c.MaxStream, 4*MaxBody)), retry: -1}
	event, err := a.find(stream)
	if err != nil {
		return nil, err
	}
	return picked(r, a.header, event), nil
}

func (c *Carrier) maxEvent() int { return cmp.Or(c.MaxEvent, MaxBody) }

// picked returns the answer to r that an event holds, with the headers of its stream.
func picked(r *http.Request, stream http.Header, event []byte) *http.Response {
	answer := respond(r, event)
	for name, values := range stream {
		if name != "Content-Type" && name != "Content-Encoding" && name != "Content-Length" {
			answer.Header[name] = values
		}
	}
	return answer
}

// isResponse reports whether a message is a response: neither a request nor a notification.
func isResponse(message []byte) bool {
	var m struct {
		Method        string
		Result, Error json.RawMessage
	}
	return json.Unmarshal(message, &m) == nil && m.Method == "" && (m.Result != nil || m.Error != nil)
}
