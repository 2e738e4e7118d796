package observe

import "time"

// Stats is what a Watcher has done and has before it, at one moment.
type Stats struct {
	// Watches counts the jobs that are waited for. Each is waiting until its next poll is due, overdue until a limit lets that
	// poll be made, or in flight until it is answered.
	Watches, Waiting, Overdue, InFlight int
	// Completed, Failed and Canceled count the watches that ended with their job; GaveUp those that ended without, by
	// a limit, an error, or because nobody waits any longer.
	Completed, Failed, Canceled, GaveUp uint64
	// Requests counts the polls that were begun, a batch as one, and Errors those of them that failed as a whole. A poll that was stopped
	// because nobody waits any longer counts as failed only if they left because their time ran out.
	Requests, Errors uint64
	// Rate is requests a second, over the last ten seconds.
	Rate float64
	// Lag is how late the poll is that is overdue for longest.
	Lag time.Duration
	// Delay says how long after their end jobs were seen to have ended, at most: since the poll before, or since the time
	// that the service gave.
	Delay Quantiles
}

// Quantiles are times that a half, nine tenths and ninety-nine hundredths of all do not exceed, to within an eighth.
type Quantiles struct{ P50, P90, P99 time.Duration }
