package rpc

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// fault 61: what is remembered is bounded, however many jobs are refused.
func TestTheRefusalsThatAreRememberedAreBounded(t *testing.T) {
	t.Parallel()
	var r refusals
	now := time.Unix(1, 0)
	for i := range 10 * maxRefused {
		id := fmt.Sprint(i)
		r.refused(id, now)
		assert.True(t, r.has(id, now))
		assert.LessOrEqual(t, len(r.jobs), maxRefused)
	}
	assert.Equal(t, now.Add(minPause), r.all.until, "those that come together count as one")
}

func TestAStreamThatIsOpenedEndsThePauses(t *testing.T) {
	t.Parallel()
	var r refusals
	now := time.Unix(1, 0)
	for range 2 {
		for _, id := range []string{"a", "b", "c"} {
			r.refused(id, now)
		}
		assert.True(t, r.has("d", now.Add(minPause-1)))
		assert.False(t, r.has("d", now.Add(minPause)), "the first pause is short again")
		assert.False(t, r.has("a", now.Add(minPause)), "likewise")
		r.opened("a")
		assert.False(t, r.has("a", now))
		assert.True(t, r.has("b", now), "a refusal about another job stays")
		r.opened("b")
		r.opened("c")
	}
}
