package timeline

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// One rank that is not a number does not change the order of the others.
func TestARankThatIsNotANumberIsTheLowest(t *testing.T) {
	t.Parallel()
	sample := []candidate{{rank: 1}, {rank: math.NaN()}, {rank: 5}, {rank: math.Inf(-1)}, {rank: math.NaN()}, {rank: 3}}
	slices.SortStableFunc(sample, byRank)
	var order []float64
	for _, c := range sample[:4] {
		order = append(order, c.rank)
	}
	assert.Equal(t, []float64{5, 3, 1, math.Inf(-1)}, order)
}
