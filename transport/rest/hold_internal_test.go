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
		assert.Equal(t, want, h.terms("7"), d)
	}
	h := newHold(nil, time.Minute)
	assert.Zero(t, h.terms("7").Hold)
}
