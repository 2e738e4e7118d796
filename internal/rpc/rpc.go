// Package rpc carries JSON-RPC 2.0 over what package rest sends. The transports of protocols that
// speak JSON-RPC describe their methods as a rest.Dialect and use a [Carrier] as its RoundTripper.
package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Version is the value of the member jsonrpc of every message.
const Version = "2.0"

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

// Response is a JSON-RPC response.
type Response struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      int64           `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// Call returns the body of a [rest.Call] for a method. The params may hold the holes of a Call.
func Call(method string, params any) any {
	return map[string]any{"jsonrpc": Version, "id": 0, "method": method, "params": params}
}

// Read reads the JSON-RPC request in the body of r, and closes the body.
func Read(r *http.Request) (Request, error) {
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

// Answer returns the answer over HTTP to r that has a body of JSON.
func Answer(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}
