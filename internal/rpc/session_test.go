package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call sends a request over a session, and returns the body of the answer.
func call(t *testing.T, s Session) (string, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://h/", strings.NewReader(`{"id":3,"method":"get","params":{"id":"7"}}`))
	answer, err := s.RoundTrip(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return string(body), nil
}

func TestARequestIsMadeOverTheSession(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for _, c := range []struct {
		result string
		err    error
		want   string
	}{
		{result: `{"state":"on"}`, want: `{"jsonrpc":"2.0","id":3,"result":{"state":"on"}}`},
		{result: `{`, want: `{`},
		{result: `{}`, err: &Error{Code: -1, Message: "no"}, want: `{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}`},
		{err: fmt.Errorf("wrapped: %w", &Error{Code: -1}), want: `{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":""}}`},
		{result: `{}`, err: lost},
	} {
		body, err := call(t, func(_ context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
			assert.Equal(t, "get", method)
			assert.JSONEq(t, `{"id":"7"}`, string(params))
			return json.RawMessage(c.result), c.err
		})
		assert.Equal(t, c.want, body)
		if c.want == "" {
			require.ErrorIs(t, err, lost)
		} else {
			require.NoError(t, err)
		}
	}
}
