package observe

import "time"

// MaxKinds is the number of kinds of jobs that [Stats] tells apart. The first kinds that a Watcher
// meets have figures of their own. All others share Stats.OtherKinds.
const MaxKinds = 100

// Stats are the figures of a Watcher at one moment. It is a plain value and does not change. In
// JSON, durations are nanoseconds.
type Stats struct {
	// Waits is the number of pending waits: one for each call and id. Several may share a watch.
	Waits int
	// Watches is the number of pending jobs. Each one is counted once more: as Waiting until its next
	// poll is due, as Overdue until a limit lets that poll be made, or as InFlight until the poll is
	// answered.
	Watches, Waiting, Overdue, InFlight int
	// Blocked is the number of pending jobs that wait for a person.
	Blocked int
	// Heard is the number of pending jobs that are polled rarely, because a source of notifications is
	// reliable. It is either all Watches or zero.
	Heard int
	// Held is the number of requests that the service keeps open until their job changes.
	Held int
	// Notifications counts the notifications about jobs, whether they were pending or not.
	Notifications uint64
	// Completed, Failed and Canceled count the watches that ended with their job. GaveUp counts the
	// watches that ended without it: by a limit, by an error, or because their last consumer left.
	Completed, Failed, Canceled, GaveUp uint64
	// Requests counts the requests that were started, for one job or for a batch. Errors counts those
	// that failed as a whole. A request that was canceled because its last consumer left does not
	// count as an error.
	Requests, Errors uint64
	// RequestsInFlight is the number of requests that have not returned. Unlike InFlight, it includes
	// requests whose waits have all ended.
	RequestsInFlight int
	// Rate is the number of requests a second, as the mean of the last ten seconds.
	Rate float64
	// Lag is how long the longest overdue poll has been due.
	Lag time.Duration
	// Delay is the detection delay of the jobs that were seen to end: the longest time that may have
	// passed since the end. It counts from the poll before, or from the end that the service reported.
	Delay Quantiles
	// Kinds are the figures of the first [MaxKinds] kinds of jobs, by name: see jobstatus.Kind.
	// OtherKinds are the figures of all further kinds together, without Watches and Overdue.
	Kinds      map[string]KindStats
	OtherKinds KindStats
}

// KindStats is the part of [Stats] about the jobs of one kind. Fields of the same name have the
// same meaning. A watch whose waits name several kinds counts for the kind of its last wait.
type KindStats struct {
	Waits, Watches, Overdue             int
	Completed, Failed, Canceled, GaveUp uint64
	// Polls counts the polls of the watches that ended. A batch is one poll of each of its jobs.
	Polls uint64
	Delay Quantiles
}

// Quantiles are durations that a half, nine tenths and 99 in 100 of all do not exceed. They are
// rounded up to two digits, and exceed the exact values by a quarter at most. Without data they are
// zero.
type Quantiles struct{ P50, P90, P99 time.Duration }
