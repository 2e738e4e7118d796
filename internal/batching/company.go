package batching

import "math"

// penance is how many polls a job that spoiled a batch is asked about alone before it may go along
// with others again.
const penance = 32

// Company says in how large a batch one job may be asked about. The zero Company sets no limit. It
// takes two bytes, as each of a million watches has one: a positive number is the size of the
// largest batch, and a negative one counts the polls that are still to be made alone.
type Company int16

// Limit returns the size of the largest batch for the job, where most is that of all jobs.
func (c Company) Limit(most int) int {
	switch {
	case c < 0:
		return 1
	case c == 0:
		return most
	default:
		return min(int(c), most)
	}
}

// Widen says that the job was answered. It may then go out in a batch that is twice as large.
func (c *Company) Widen(most int) {
	switch n := 2 * int(*c); {
	case *c < -1:
		*c++
	case *c == -1:
		*c = 1
	case n < most && n <= math.MaxInt16:
		*c = Company(n)
	default:
		*c = 0
	}
}

// Narrow has the job go out in batches of at most n.
func (c *Company) Narrow(n int) { *c = Company(min(max(n, 1), math.MaxInt16)) }

// Expel has the job go out alone for a while: it is the one that spoiled its batch.
func (c *Company) Expel() { *c = -penance }
