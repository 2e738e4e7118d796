package holding

import "math"

const (
	// recent is among how many of the newest candidates one has to stand out.
	recent = 128
	// steepness is how many times the share of free holds the share of the candidates may be that
	// are likelier to end, for a candidate to be held. Between 3 and 8 the delays are alike: see
	// internal/bench, -holds.
	steepness = 8
)

// Choice says which jobs are held where fewer can be than are due. The fewer holds are free, the
// likelier a job must be to end soon, beside the newest candidates. The zero Choice has seen none.
type Choice struct {
	ranks [recent]float64
	n     int
}

// Admit reports whether a job of that rank is to be held, where so many of all holds are free. It
// remembers the rank.
func (c *Choice) Admit(rank float64, free, all int) bool {
	above, n := 0, min(c.n, recent)
	for _, r := range c.ranks[:n] {
		if r > rank {
			above++
		}
	}
	c.ranks[c.n%recent] = rank
	c.n++
	if c.n == 2*recent {
		c.n = recent
	}
	return free > 0 && !math.IsNaN(rank) && float64(above)*float64(all) <= steepness*float64(free)*float64(n)
}
