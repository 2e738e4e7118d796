// Package rpc holds what the transports of JSON-RPC protocols share. Such a transport describes its
// methods as dialects of package rest, and a [Service] makes the clients that speak them. Their
// requests go over HTTP by a [Carrier], or over an open [Session].
package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// version is the value of the member jsonrpc of every message.
const version = "2.0"

// Request is a JSON-RPC request.
type Request struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      int64           `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

// Error is the error object of a JSON-RPC response.
type Error struct {
	Code    int64           `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// response is a JSON-RPC response.
type response struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      int64           `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// Call returns the body of a [rest.Call] for a method. The params may have holes, such as {id}.
func Call(method string, params any) any {
	return map[string]any{"jsonrpc": version, "id": 0, "method": method, "params": params}
}

// read reads the JSON-RPC request in the body of r, and closes the body.
func read(r *http.Request) (Request, error) {
	var m Request
	if r.Body == nil {
		return m, fmt.Errorf("rpc: %s %s has no body", r.Method, r.URL.Path)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("rpc: the request is no JSON-RPC: %w", err)
	}
	return m, nil
}

// respond returns the answer over HTTP to r that has a body of JSON.
func respond(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}
