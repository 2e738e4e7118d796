package rest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 8: the timeout for headers is longer by the hold that is asked for.
func TestTheExchangeKnowsOfAHold(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]exchange.Terms{
		0:                        {Seed: "7", SeeOther: true, Repeatable: true},
		999 * time.Millisecond:   {Seed: "7", SeeOther: true, Repeatable: true},
		30*time.Second + 1:       {Seed: "7", SeeOther: true, Hold: 30 * time.Second},
		time.Duration(1<<63 - 1): {Seed: "7", SeeOther: true, Hold: maxHold},
	} {
		h := newHold(&transport.Status{}, d)
		var got exchange.Terms
		h.terms(&got, "7")
		assert.Equal(t, want, got, d)
	}
	h := newHold(nil, time.Minute)
	var got exchange.Terms
	h.terms(&got, "7")
	assert.Zero(t, got.Hold)
}
