package rpc

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestOptionsAreGatheredInTheirOrder(t *testing.T) {
	t.Parallel()
	type option func(*[]int)
	add := func(n int) option { return func(c *[]int) { *c = append(*c, n) } }
	all, err := Gather[[]int]([]option{add(1), nil, add(2), add(3), nil})
	assert.Equal(t, []int{1, 2, 3}, all)
	assert.EqualError(t, err, "option 1 is nil\noption 4 is nil")
	all, err = Gather[[]int]([]option(nil))
	assert.NoError(t, err)
	assert.Nil(t, all)
}

func TestARoundTripperOfTheUserSendsAllRequests(t *testing.T) {
	t.Parallel()
	own := &next{}
	o := Options{Next: own}
	plain, streaming, closeIdle := o.RoundTrippers("http://h")
	assert.Same(t, own, plain)
	assert.Same(t, own, streaming)
	closeIdle()
}

// A stream may be silent for longer than an answer may take.
func TestOnlyTheHeadersOfAStreamHaveNoTimeout(t *testing.T) {
	t.Parallel()
	plain, streaming, closeIdle := (&Options{}).RoundTrippers("http://h")
	defer closeIdle()
	quick, ok := plain.(*http.Transport)
	require.True(t, ok)
	patient, ok := streaming.(*http.Transport)
	require.True(t, ok)
	assert.Positive(t, quick.ResponseHeaderTimeout)
	assert.Zero(t, patient.ResponseHeaderTimeout)
	assert.NotSame(t, quick, patient)
}

// Fault 43: the pools refuse private addresses that the user has not configured.
func TestThePoolsAreGuarded(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	at := l.Addr().String()
	for base, opts := range map[string][]rest.Option{
		"http://" + at: nil, "http://tools.example.com": {rest.AllowOrigin("http://" + at)}, "http://agent.example.com": nil,
	} {
		plain, streaming, closeIdle := (&Options{REST: opts}).RoundTrippers(base)
		defer closeIdle()
		for _, pool := range []http.RoundTripper{plain, streaming} {
			conn, err := pool.(*http.Transport).DialContext(t.Context(), "tcp", at)
			if base == "http://agent.example.com" {
				require.ErrorContains(t, err, "a private address that was not configured")
				continue
			}
			require.NoError(t, err, base)
			assert.NoError(t, conn.Close())
		}
	}
}
