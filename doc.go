// Package jobstatus waits for jobs that run on someone else's service. It detects the end of a job
// soon after it happens, makes few requests, and never loses a job.
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
//     [ErrNotFound] or a [PanicError]. A wait that never began returns [ErrInvalidID] or
//     [ErrMaxWatches].
//
// # Limits
//
// Without options, a wait makes at most [DefaultMaxAttempts] polls and lasts at most
// [DefaultTimeout]. Setting a timeout or a Backoff lifts the default limit of attempts. The wait
// then makes as many polls as it needs. With an [Unlimited] timeout, the wait gives up only when
// its context ends or the Watcher is closed. An [Option] applies to all waits of a Watcher, and a
// [WatchOption] to one.
//
// # Tests
//
// A Watcher waits only on the clock given to [WithClock]. Package mock has a clock that a test
// advances, and a service to watch. With the real clock, everything also runs inside a
// testing/synctest bubble.
package jobstatus
