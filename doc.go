// Package jobstatus waits for jobs that run on someone else's service. It learns of a job's end as
// early as possible, with as few requests as possible, and without ever losing it.
//
//	w, err := jobstatus.NewHTTP("https://jobs.example.com")
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	id, err := w.CreateJob(ctx)
//	if err != nil {
//		return err
//	}
//	status, err := w.WaitForJob(ctx, id)
//
// A [Watcher] is built from a [Backoff], which says when to ask next, and a [Transport], which says
// how to ask. Both are small interfaces that a program can implement itself. Packages backoff and
// transport hold them and what comes with this library.
//
// # How a wait ends
//
// A wait ends in one of three ways.
//
//   - The job ended. Its terminal [Status] comes with a nil error if it completed, and with a [JobError]
//     if it failed or was canceled.
//   - The wait gave up, because of a limit, its context or [Watcher.Close], while the job goes on. The
//     newest status seen comes with a [WaitError].
//   - No further poll would help. The newest status seen comes with any other error, such as
//     [ErrNotFound] or a [PanicError]. A wait that never began has [ErrInvalidID] or [ErrMaxWatches].
//
// # Limits
//
// As long as nothing is said, a wait makes at most [DefaultMaxAttempts] polls and lasts at most
// [DefaultTimeout]. The limit that is set is the limit that holds: with a timeout or a Backoff of
// its own, and no number of attempts, a wait makes as many polls as it takes. With an [Unlimited]
// timeout the context alone ends it. An option holds for all watches of a Watcher, and a
// [WatchOption] for one.
//
// # Tests
//
// All waiting is done on the clock given to [WithClock]. Package mock has one that a test moves,
// and a service to watch. On the real clock everything runs in a testing/synctest bubble too.
package jobstatus
