// Package rpctest tests the transports of JSON-RPC protocols on example answers, in memory.
package rpctest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Answer is an example of what a service answers, and what it means.
type Answer struct {
	// Means is a state, one of the words below for a class of errors, or "nothing" for the zero
	// Status.
	Means string `json:"means"`
	// Code is the status code; the default is 200.
	Code   int               `json:"code"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"`
	// End is the body of the answer to a second request that the first one leads to.
	End json.RawMessage `json:"end"`
	// Message, Result and Wait are what the Status tells beside the state. A failed job may have a
	// result that is not given here.
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Wait    string          `json:"wait"`
}

// classes are the words of Means for errors.
var classes = map[string]transport.Class{
	"unknown_id": transport.NotFound, "throttled": transport.Throttled, "transient": transport.Transient,
	"denied": transport.Permanent, "malformed": transport.Malformed, "misdirected": transport.Misdirected,
}

// Load reads a file of JSON.
func Load[T any](t testing.TB, name string) (recording T) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &recording), name)
	return recording
}

// StatusCode returns the status code of the answer.
func (a Answer) StatusCode() int { return cmp.Or(a.Code, http.StatusOK) }

// WriteHeader writes the headers and the status code of the answer.
func (a Answer) WriteHeader(w http.ResponseWriter) {
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode())
}

// T is the part of [testing.TB] that Check needs.
type T interface {
	require.TestingT
	Helper()
}

// Check compares what a Transport told with what the answer means.
func (a Answer) Check(t T, st transport.Status, err error) {
	t.Helper()
	wait := time.Duration(0)
	if a.Wait != "" {
		var bad error
		wait, bad = time.ParseDuration(a.Wait)
		require.NoError(t, bad)
	}
	if class, ok := classes[a.Means]; ok {
		var e *transport.Error
		require.ErrorAs(t, err, &e, "%v", st)
		assert.Equal(t, class, e.Class, "%v", err)
		assert.Equal(t, wait, e.RetryAfter)
		assert.Zero(t, st)
		return
	}
	require.NoError(t, err)
	if a.Means == "nothing" {
		assert.Zero(t, st)
		return
	}
	assert.Equal(t, a.Means, st.State.String())
	assert.Equal(t, wait, st.RetryAfter)
	assert.Equal(t, a.Message, st.Message)
	switch {
	case a.Result != nil:
		assert.JSONEq(t, string(a.Result), string(st.Result))
	case st.State != transport.Failed:
		assert.Empty(t, st.Result)
	}
}

// Compact returns a text of JSON on one line, nil if it is none.
func Compact(text []byte) []byte {
	var line bytes.Buffer
	if json.Compact(&line, text) != nil {
		return nil
	}
	return line.Bytes()
}
