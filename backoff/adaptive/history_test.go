package adaptive

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHistoryCountsTheJobsThatEnded(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var h history
	for range 20_000 {
		number := h.first + uint32(r.IntN(len(h.spans)+1))
		switch found := number < h.next(); {
		case found && !h.at(number).ended() && r.IntN(3) > 0:
			h.complete(number, span{1, []float32{2, forever}[r.IntN(2)]})
		case found && !h.at(number).ended() && r.IntN(9) == 0:
			h.remove(number)
		case r.IntN(2000) == 0:
			h.dropFirst(r.IntN(len(h.spans) + 1))
		default:
			h.begin(span{1, []float32{2, forever}[r.IntN(2)]})
		}
		require.Equal(t, ended(h.spans), h.ended)
		require.LessOrEqual(t, len(h.spans), maxSpans)
	}
	require.NotZero(t, h.first, "the oldest made way")
}
