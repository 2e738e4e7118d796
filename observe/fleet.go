package observe

// FleetStats are the figures of one process of a fleet at one moment: see Fleet.Stats in package
// fleet. Counts begin with the process. FleetStats is a plain value and does not change.
type FleetStats struct {
	// Partitions is the number of partitions of the fleet. Owned is the number of partitions whose
	// jobs this process watches.
	Partitions, Owned int
	// Pending is the number of pending jobs of the owned partitions. Its sum over all processes is the
	// number of pending jobs of the fleet.
	Pending int
	// Workers is the number of workers that are alive, as far as this process knows, itself included.
	// It is zero in a process that does not watch.
	Workers int
	// Disconnected reports whether the worker has lost its connection to the server and has stopped
	// its polls.
	Disconnected bool
	// RateLimit is this process's share of the fleet's rate limit, in requests a second. It is zero if
	// there is no limit.
	RateLimit float64
	// Claimed counts how often this process claimed a partition, and GaveUp how often it handed one
	// over. TakenOver counts the claims that it made because the owner no longer answered. Taken
	// counts the partitions that others claimed from this process.
	Claimed, GaveUp, TakenOver, Taken uint64
	// Fenced counts how often the worker lost its connection to the server and stopped its polls.
	Fenced uint64
	// Submitted counts the jobs that this process submitted. Ended counts the ends of jobs that its
	// worker stored. Doubled counts the ends that it did not store, because one was stored already.
	Submitted, Ended, Doubled uint64
	// Unacked is the number of ends that this process has received and not acknowledged yet. Acked
	// counts the ends that it has acknowledged.
	Unacked int
	Acked   uint64
	// Backlog is the number of ends of the whole fleet that nobody has acknowledged. It is updated
	// every few seconds.
	Backlog int
	// Unreadable counts messages that could not be read and were put aside.
	Unreadable uint64
}
