package observe

import "time"

// MaxKinds is the number of kinds of jobs that [Stats] tells apart. The first ones that a Watcher
// meets have figures of their own. All others have theirs together, in Stats.OtherKinds.
const MaxKinds = 100

// Stats is what a Watcher has done and has before it, at one moment. It is a plain value: what it
// holds does not change. In JSON durations are nanoseconds.
type Stats struct {
	// Waits is the number of pending waits: one for each call and id. Several may share a watch.
	Waits int
	// Watches is the number of jobs that are waited for. Each is waiting until its next poll is
	// due, overdue until a limit lets that poll be made, or in flight until the poll is answered.
	Watches, Waiting, Overdue, InFlight int
	// Completed, Failed and Canceled count the watches that ended with their job. GaveUp counts
	// those that ended without: by a limit, by an error, or because nobody waits any longer.
	Completed, Failed, Canceled, GaveUp uint64
	// Requests counts the requests that were begun, whether for one job or for a batch. Errors
	// counts those that failed as a whole. A request that was stopped because nobody waits any
	// longer is not an error.
	Requests, Errors uint64
	// RequestsInFlight is the number of requests that have not come back yet. Those count too whose
	// waits have all ended meanwhile, while InFlight does not count their watches.
	RequestsInFlight int
	// Rate is the number of requests a second, the mean of the last ten seconds.
	Rate float64
	// Lag is how long the poll that is overdue for longest has been due.
	Lag time.Duration
	// Delay is how long after its end a job was seen to have ended, at most: the time since the
	// poll before, or since the end that the service gave. It is of all jobs that were seen to end.
	Delay Quantiles
	// Kinds has the figures of the first [MaxKinds] kinds of jobs by name; see jobstatus.Kind.
	// OtherKinds has those of all further kinds together, without Watches and Overdue.
	Kinds      map[string]KindStats
	OtherKinds KindStats
}

// KindStats is the part of [Stats] that is about the jobs of one kind. Its fields mean what they
// mean there. A watch whose waits name several kinds ends in that of its last wait.
type KindStats struct {
	Waits, Watches, Overdue             int
	Completed, Failed, Canceled, GaveUp uint64
	// Polls counts the polls of the watches that ended. A batch is one poll of each of its jobs.
	Polls uint64
	Delay Quantiles
}

// Quantiles are times that a half, nine tenths and ninety-nine hundredths of all do not exceed.
// They are rounded up to two digits, and at most a quarter above the exact ones. They are zero if
// there were none.
type Quantiles struct{ P50, P90, P99 time.Duration }
