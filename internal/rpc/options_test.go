package rpc

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	plain, streaming, closeIdle := o.RoundTrippers()
	assert.Same(t, own, plain)
	assert.Same(t, own, streaming)
	closeIdle()
}

// A stream may be silent for longer than an answer may take.
func TestOnlyTheHeadersOfAStreamHaveNoTimeout(t *testing.T) {
	t.Parallel()
	plain, streaming, closeIdle := (&Options{}).RoundTrippers()
	defer closeIdle()
	quick, ok := plain.(*http.Transport)
	require.True(t, ok)
	patient, ok := streaming.(*http.Transport)
	require.True(t, ok)
	assert.Positive(t, quick.ResponseHeaderTimeout)
	assert.Zero(t, patient.ResponseHeaderTimeout)
	assert.NotSame(t, quick, patient)
}
