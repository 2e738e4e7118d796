package transport_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 32
func TestNilReceiversAnswer(t *testing.T) {
	t.Parallel()
	var e *transport.Error
	assert.Equal(t, "transport error", e.Error())
	assert.NoError(t, e.Unwrap())
	assert.False(t, e.Is(transport.ErrNotFound))
	assert.NotErrorIs(t, e, transport.ErrMalformed)
	assert.NotErrorIs(t, fmt.Errorf("poll: %w", e), errors.ErrUnsupported)
	var s *transport.State
	assert.Error(t, s.UnmarshalText([]byte("pending")))
}

// fault 44
func TestPrintingACreateRequestPrintsNoSecret(t *testing.T) {
	t.Parallel()
	type input struct{ Password string }
	const canary = "CANARY"
	r := transport.CreateRequest{Input: input{canary}, IdempotencyKey: canary}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{r, &r, struct{ R transport.CreateRequest }{r}} {
			assert.NotContains(t, fmt.Sprintf(verb, value), canary, verb)
		}
	}
	assert.Equal(t, "create with an input of type transport_test.input with an idempotency key", r.String())
	assert.Equal(t, "create", transport.CreateRequest{}.String())
}

// fault 13: "not said" and "zero" are told apart, and a consumer that only asks for a positive wait
// sees none.
func TestNoWaitIsNeitherAWaitNorNothing(t *testing.T) {
	t.Parallel()
	assert.NotZero(t, transport.NoWait)
	assert.Less(t, transport.NoWait, time.Duration(0))
}
