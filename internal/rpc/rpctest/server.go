package rpctest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
)

// Server is a RoundTripper that serves requests in memory.
type Server func(w http.ResponseWriter, r *http.Request)

// RoundTrip has f answer r, unless the context of r is done.
func (f Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	f(w, r)
	return w.Result(), nil
}

// Read reads the JSON-RPC request that a server got. In a fuzz test t may be the F.
func Read(t testing.TB, r *http.Request) (m rpc.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(t, err)
	assert.NoError(t, json.Unmarshal(body, &m), "%s", body)
	return m
}
