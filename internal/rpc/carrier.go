package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
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

	last    atomic.Int64
	sibling *Carrier // which counts the requests, if not nil
}

// Over returns a Carrier that is like c and sends its requests by next. No two requests of both
// have the same id.
func (c *Carrier) Over(next http.RoundTripper) *Carrier {
	return &Carrier{
		Next: next, Mark: c.Mark, Streams: c.Streams, Resumes: c.Resumes,
		MaxEvent: c.MaxEvent, MaxStream: c.MaxStream, sibling: c,
	}
}

// number returns the id of the next request.
func (c *Carrier) number() int64 {
	if c.sibling != nil {
		return c.sibling.number()
	}
	return c.last.Add(1)
}

// RoundTrip sends a request whose body is JSON-RPC.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := read(r)
	if err != nil {
		return nil, err
	}
	m.ID = c.number()
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
	if err == nil && (answer.StatusCode == http.StatusAccepted || answer.StatusCode == http.StatusNoContent) {
		answer = asOK(answer)
	}
	if err != nil || answer.StatusCode != http.StatusOK || !isStream(answer.Header) || c.Streams {
		return answer, err
	}
	return c.pick(r, sent, answer, m.ID)
}

// asOK returns an answer with the status code 200. Package rest takes a 202 or 204 without a status
// for a job that is pending. In JSON-RPC only a response in the body says something about a job.
func asOK(answer *http.Response) *http.Response {
	fine := *answer
	fine.StatusCode, fine.Status = http.StatusOK, "200 OK"
	return &fine
}

// isStream reports whether an answer is a stream of server-sent events.
func isStream(h http.Header) bool {
	return web.MediaType(h) == "text/event-stream"
}

// pick returns the answer in a stream. The stream that answers a POST has one response to it, and
// otherwise only requests and notifications. A response to another request is skipped.
func (c *Carrier) pick(r, sent *http.Request, stream *http.Response, id int64) (*http.Response, error) {
	a := &answers{carrier: c, sent: sent, request: id, left: int64(cmp.Or(c.MaxStream, 4*MaxBody)), retry: -1}
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

// answersTo reports whether a message is the response to the request with an id. A response without
// an id counts, because no other request uses its stream. The id may be a string of the number,
// because some services answer so. It may be null only in an error: the service could not read the
// request.
func answersTo(id int64, message []byte) bool {
	var m struct {
		Method        string
		ID            any
		Result, Error json.RawMessage
	}
	m.ID = float64(id) // without an id
	if json.Unmarshal(message, &m) != nil || m.Method != "" || m.Result == nil && m.Error == nil {
		return false
	}
	switch own := m.ID.(type) {
	case nil:
		return m.Error != nil && string(m.Error) != "null"
	case float64:
		return own == float64(id)
	case string:
		return own == strconv.FormatInt(id, 10)
	default:
		return false
	}
}
