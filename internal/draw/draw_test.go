package draw_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/draw"
)

func TestUnitsAreEvenlySpreadOverKeysAttemptsAndSeeds(t *testing.T) {
	t.Parallel()
	const n = 10000
	for name, unit := range map[string]func(i int) float64{
		"keys":     func(i int) float64 { return draw.Of(fmt.Sprint("job-", i)).Unit(0, 1) },
		"attempts": func(i int) float64 { return draw.Of("job").Unit(0, i) },
		"seeds":    func(i int) float64 { return draw.Of("job").Unit(uint64(i), 1) },
	} {
		var bins [10]float64
		for i := range n {
			bins[int(10*unit(i))]++
		}
		for _, count := range bins {
			assert.InDelta(t, n/10, count, 5*math.Sqrt(n/10), name)
		}
	}
}

func TestAUnitDrawnAgainIsTheSame(t *testing.T) {
	t.Parallel()
	assert.Equal(t, draw.Of("a").Unit(1, 2), draw.Of("a").Unit(1, 2))
	assert.NotEqual(t, draw.Of("a").Unit(1, 2), draw.Of("b").Unit(1, 2))
}
