package rpc

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Reader reads a notification as if it were the answer to a status call. It is safe for concurrent
// use.
type Reader struct {
	client func() (*rest.Client, error)
}

// NewReader returns a Reader of a dialect. The first Read calls the function, once.
func NewReader(dialect func() rest.Dialect) *Reader {
	return &Reader{sync.OnceValues(func() (*rest.Client, error) {
		return rest.New("http://notification", rest.WithDialect(dialect()), rest.WithRoundTripper(told{}),
			rest.WithMaxBody(MaxBody), rest.WithRetries(rest.NoRetries))
	})}
}

// Read returns the Status in a notification about the job with the given id.
func (r *Reader) Read(text []byte, id string) (transport.Status, error) {
	client, err := r.client()
	if err != nil {
		return transport.Status{}, err
	}
	return client.Status(context.WithValue(context.Background(), textKey{}, text), id)
}

// told is a RoundTripper that answers each request with the text in the request's context.
type told struct{}

type textKey struct{}

var errNotTold = errors.New("rpc: there is no text in the context")

// RoundTrip answers r with the text in its context.
func (told) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	text, ok := r.Context().Value(textKey{}).([]byte)
	if !ok {
		return nil, errNotTold
	}
	return respond(r, text), nil
}
