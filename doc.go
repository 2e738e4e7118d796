// Package jobstatus waits for jobs that run on someone else's service. It hears of a job's end
// early, with few requests, and never loses it.
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
// A [Watcher] is built from a [Backoff], which decides when to poll, and a [Transport], which
// polls. Both are small interfaces that a program can implement. Packages backoff and transport
// define them.
//
// # How a wait ends
//
// A wait ends in one of three ways.
//
//   - The job ended. Its terminal [Status] comes with a nil error if it completed, and with a
//     [JobError] if it failed or was canceled.
//   - The wait gave up because of a limit, its context or [Watcher.Close]. The job goes on. The
//     newest status seen comes with a [WaitError].
//   - No further poll would help. The newest status seen comes with another error, such as
//     [ErrNotFound] or a [PanicError]. A wait that never began has [ErrInvalidID] or
//     [ErrMaxWatches].
//
// # Limits
//
// Without options, a wait makes at most [DefaultMaxAttempts] polls and lasts at most
// [DefaultTimeout]. A timeout or a Backoff that is set lifts the default limit of attempts: the
// wait then makes as many polls as it takes. With an [Unlimited] timeout only the context ends it.
// An [Option] applies to all waits of a Watcher, and a [WatchOption] to one.
//
// # Tests
//
// A Watcher waits on the clock given to [WithClock] only. Package mock has a clock that a test
// moves, and a service to watch. On the real clock everything also runs in a testing/synctest
// bubble.
package jobstatus
