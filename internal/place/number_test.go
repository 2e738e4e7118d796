package place_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// fault 24
func FuzzNumbersAreComparedByValue(f *testing.F) {
	for _, pair := range [][2]string{{"2", "2.0"}, {"2", "20e-1"}, {"-0", "0e9"}, {"100", "1e2"}, {"1", "10"}, {"0.1", "1e-1"}, {"1e5", "100000.00"}, {"0", "0 "}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 40 || len(b) > 40 {
			return
		}
		x, isX := place.NumberValue(a)
		y, isY := place.NumberValue(b)
		if !isX || !isY {
			return
		}
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		for _, text := range []string{a, b} {
			if _, power, _ := strings.Cut(strings.ToLower(text), "e"); len(strings.Trim(power, "+-")) > 3 {
				return // big.Rat would take all memory
			}
		}
		p, ok := new(big.Rat).SetString(a)
		require.True(t, ok, a)
		q, ok := new(big.Rat).SetString(b)
		require.True(t, ok, b)
		require.Equal(t, p.Cmp(q) == 0, x == y, "%s %s", a, b)
	})
}
