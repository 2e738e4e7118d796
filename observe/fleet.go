package observe

// FleetStats are the figures of one process of a fleet at one moment: see Fleet.Stats in package
// fleet. It is a plain value and does not change. Counts begin with the process.
type FleetStats struct {
	// Partitions is the number of partitions of the fleet. Owned is the number of those whose jobs
	// this process watches.
	Partitions, Owned int
	// Pending is the number of watches of the owned partitions. Over all processes it is the number
	// of pending jobs.
	Pending int
	// Workers is the number of workers that are alive, as far as this process knows, itself included.
	// It is zero in a process that does not watch.
	Workers int
	// Cut reports whether the worker has lost the server and has stopped its polls.
	Cut bool
	// RateLimit is the part of the fleet's rate limit that this process has, in requests a second. It
	// is zero without a limit.
	RateLimit float64
	// Claimed counts the partitions that this process came to own, and GaveUp those that it handed
	// over. TakenOver counts those that it claimed because their owner was heard of no more. Taken
	// counts those that others claimed from it.
	Claimed, GaveUp, TakenOver, Taken uint64
	// Fenced counts how often the worker lost the server and stopped its polls.
	Fenced uint64
	// Submitted counts the submissions of this process. Ended counts the ends that its worker stored.
	// Doubled counts the ends that it did not store, because there was one already.
	Submitted, Ended, Doubled uint64
	// Unacked is the number of ends that this process received and did not remove yet. Acked counts
	// those that it removed.
	Unacked int
	Acked   uint64
	// Backlog is the number of ends of the whole fleet that nobody has acknowledged. The server tells
	// it every few seconds.
	Backlog int
	// PutAside counts messages that could not be read.
	PutAside uint64
}
