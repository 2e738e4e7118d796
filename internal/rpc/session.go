package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// Session makes one request over a session that is open. An error that is or wraps an [*Error] is
// the service's answer. Any other error means that there was no answer.
//
// A Session is a RoundTripper of requests whose bodies are JSON-RPC.
type Session func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error)

var _ http.RoundTripper = Session(nil)

// RoundTrip makes the request in the body of r. A result that is not JSON becomes the body of the
// answer, so that its reader says what is wrong with it.
func (s Session) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := read(r)
	if err != nil {
		return nil, err
	}
	said := response{JSONRPC: version, ID: m.ID}
	said.Result, err = s(r.Context(), m.Method, m.Params)
	if refused := (*Error)(nil); errors.As(err, &refused) && refused != nil {
		said.Result, said.Error = nil, refused
	} else if err != nil {
		return nil, err
	}
	body, err := json.Marshal(&said)
	if err != nil {
		body = said.Result
	}
	return respond(r, body), nil
}
