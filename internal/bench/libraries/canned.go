package main

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// canned is a service without a network: it answers pending to so many polls, and from then on
// completed.
type canned struct {
	pending int64
	polled  atomic.Int64
}

var _ http.RoundTripper = (*canned)(nil)

// RoundTrip answers a poll.
func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"meta":{"message":"Job status"},"payload":{"status":"pending"}}`
	if c.polled.Add(1) > c.pending {
		body = `{"meta":{"message":"Job status"},"payload":{"status":"completed"}}`
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// every is the service, asked about each job so often.
func (c *canned) every(d time.Duration) service {
	return service{url: "http://service.test", carrier: c, every: d}
}
