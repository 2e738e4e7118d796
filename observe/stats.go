package observe

import "time"

// MaxKinds is the number of kinds of jobs that have figures of their own in [Stats]. They are the
// first kinds that a Watcher waits for. All further kinds share Stats.OtherKinds.
const MaxKinds = 100

// Stats are the figures of a Watcher at one moment. Counts begin with the Watcher. Stats is a plain
// value and does not change. In JSON, durations are in nanoseconds.
type Stats struct {
	// Waits is the number of pending waits: one for each call and id. Several may share a watch.
	Waits int
	// Watches is the number of pending jobs. It is the sum of Waiting, Overdue and InFlight. Waiting
	// counts jobs whose next poll is not due yet. Overdue counts jobs whose poll is due but held back
	// by a limit. InFlight counts jobs whose poll is being made.
	Watches, Waiting, Overdue, InFlight int
	// Blocked is the number of pending jobs that wait for a person.
	Blocked int
	// Heard is the number of pending jobs that are polled rarely, because a Notifier is reliable. It
	// is either Watches or zero.
	Heard int
	// Held is the number of holds: requests that the service keeps open until their job changes.
	Held int
	// Notifications counts all notifications about jobs, whether the jobs were pending or not.
	Notifications uint64
	// Completed, Failed and Canceled count the watches whose job ended. GaveUp counts the watches that
	// ended before their job: by a limit, by an error, or because their last consumer left.
	Completed, Failed, Canceled, GaveUp uint64
	// Requests counts the requests that were started, for one job or for a batch. Errors counts the
	// requests that failed as a whole. A request that was canceled because its last consumer left does
	// not count as an error.
	Requests, Errors uint64
	// RequestsInFlight is the number of requests that have not returned. It includes requests whose
	// waits have all ended, which InFlight does not.
	RequestsInFlight int
	// Rate is the number of requests a second, averaged over the last ten seconds.
	Rate float64
	// Lag is how long the poll that is overdue longest has been overdue.
	Lag time.Duration
	// Delay has the detection delays of the jobs that were seen to end: see Delay of [Event].
	Delay Quantiles
	// Kinds are the figures of the first [MaxKinds] kinds of jobs, by name: see jobstatus.Kind.
	// OtherKinds are the figures of all further kinds together, without Watches and Overdue.
	Kinds      map[string]KindStats
	OtherKinds KindStats
}

// KindStats is the part of [Stats] about the jobs of one kind. Fields of the same name have the
// same meaning. If the waits of one watch name several kinds, the watch counts for the kind of the
// first one.
type KindStats struct {
	Waits, Watches, Overdue             int
	Completed, Failed, Canceled, GaveUp uint64
	// Polls counts the polls of watches that have ended. If a watch was resumed, the polls that were
	// due before count too. A batch counts as one poll of each of its jobs.
	Polls uint64
	Delay Quantiles
}

// Quantiles are the durations that 50, 90 and 99 percent of all durations do not exceed. They are
// rounded up to two significant digits, and exceed the exact values by at most a quarter. Without
// data they are zero.
type Quantiles struct{ P50, P90, P99 time.Duration }
