package fleet

import (
	"sync/atomic"
)

// counts are the figures of a process. Any goroutine may change them.
type counts struct {
	owned, pending, workers, unacked, backlog    atomic.Int64
	cut                                          atomic.Bool
	rate                                         atomic.Uint64 // the bits of a float64
	claimed, gaveUp, takenOver, taken, fenced    atomic.Uint64
	submitted, ended, doubled, acked, unreadable atomic.Uint64
	resumed                                      atomic.Uint64 // watches that were stored before this worker took their partition, for the log
}
