package holding

import "math"

const (
	// recent is the number of newest candidates with which a candidate is compared.
	recent = 128
	// steepness limits the share of likelier candidates. A candidate is held if the share of recent
	// candidates that are likelier to end is at most steepness times the share of free holds. From 3
	// to 8 the delays are similar: see internal/bench, -holds.
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
