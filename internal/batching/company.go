package batching

import "math"

// penance is how many polls a job that spoiled a batch is asked about alone before it may go along with others again.
const penance = 32

// Company says in how large a batch one job may be asked about. The zero Company sets no limit.
type Company struct {
	limit uint16 // 0 for none
	alone uint8  // polls that are still to be made alone
}

// Limit returns the size of the largest batch for the job, where most is that of all jobs.
func (c Company) Limit(most int) int {
	if c.limit == 0 {
		return most
	}
	return min(int(c.limit), most)
}

// Widen says that the job was answered. It may then go out in a batch that is twice as large.
func (c *Company) Widen(most int) {
	if c.alone > 0 {
		c.alone--
		return
	}
	if n := 2 * int(c.limit); n < most {
		c.limit = uint16(n)
	} else {
		c.limit = 0
	}
}

// Narrow has the job go out in batches of at most n.
func (c *Company) Narrow(n int) { c.limit = uint16(min(max(n, 1), math.MaxUint16)) }

// Expel has the job go out alone for a while: it is the one that spoiled its batch.
func (c *Company) Expel() { c.limit, c.alone = 1, penance }
