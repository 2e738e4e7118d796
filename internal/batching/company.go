package batching

import "math"

// penance is for how many polls a job that made a batch fail is asked about alone.
const penance = 32

// Company is the largest batch in which one job may be asked about. The zero Company sets no limit.
// A positive number is the size of the batch. A negative number counts the polls that must still be
// made alone. It takes two bytes, because each of a million watches has one.
type Company int16

// Limit returns the size of the largest batch for the job. The argument most is the size for all
// jobs.
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

// Widen notes that the job was answered. Its next batch may be twice as large.
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

// Narrow limits the batches of the job to n.
func (c *Company) Narrow(n int) { *c = Company(min(max(n, 1), math.MaxInt16)) }

// Expel makes the job be asked about alone for a while, because it made its batch fail.
func (c *Company) Expel() { *c = -penance }
