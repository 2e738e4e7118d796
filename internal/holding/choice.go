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

// Choice decides which due jobs are held if there are not enough holds for all. The fewer holds are
// free, the likelier a job must be to end soon, compared with the newest candidates. The zero
// Choice has seen no candidate.
type Choice struct {
	ranks [recent]float64
	n     int
}

// Admit reports whether to hold a job of the given rank, given the numbers of free holds and of all
// holds. It remembers the rank.
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
