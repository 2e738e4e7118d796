package batching

import "math"

// penance is the number of polls for which a job that made a batch fail is asked about alone.
const penance = 32

// JobLimit is the largest batch in which one job may be asked about. The zero JobLimit sets no
// limit. A positive number is the size of the batch. A negative number counts the polls that must
// still be made alone. It takes two bytes, because each of a million watches has one.
type JobLimit int16

// Size returns the size of the largest batch for the job. The argument most is the size for all
// jobs.
func (l JobLimit) Size(most int) int {
	switch {
	case l < 0:
		return 1
	case l == 0:
		return most
	default:
		return min(int(l), most)
	}
}

// Widen notes that the job was answered. Its next batch may be twice as large.
func (l *JobLimit) Widen(most int) {
	switch n := 2 * int(*l); {
	case *l < -1:
		*l++
	case *l == -1:
		*l = 1
	case n < most && n <= math.MaxInt16:
		*l = JobLimit(n)
	default:
		*l = 0
	}
}

// Narrow limits the batches of the job to n.
func (l *JobLimit) Narrow(n int) { *l = JobLimit(min(max(n, 1), math.MaxInt16)) }

// Isolate makes the next polls ask about the job alone, because it may have made its batch fail.
func (l *JobLimit) Isolate() { *l = -penance }
