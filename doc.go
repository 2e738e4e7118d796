// Package jobstatus waits for jobs that run on someone else's service. It makes few requests,
// reports the end of a job soon, and gives every wait exactly one result.
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
// [NewHTTP] uses the Transport of package transport/rest. By default, the service must answer as
// that package describes. For any other HTTP API, pass a rest.Dialect by [WithREST]. Package
// transport/rest/dialects has dialects of known services.
//
// # How a wait ends
//
// A wait ends in one of three ways.
//
//   - The job ended. Its terminal [Status] comes with a nil error if it completed, and with a
//     [JobError] if it failed or was canceled.
//   - The wait gave up: it reached a limit, its context ended, or [Watcher.Close] was called. The
//     job itself goes on. The newest status seen comes with a [WaitError].
//   - No further poll would help. The newest status seen comes with another error, such as
//     [ErrNotFound] or a [PanicError]. A wait that never began returns [ErrInvalidID] or
//     [ErrMaxWatches].
//
// # Limits
//
// Without options, a wait makes at most [DefaultMaxAttempts] polls and lasts at most
// [DefaultTimeout]. Setting a timeout or a Backoff removes the default limit of attempts, so that
// only the timeout limits the wait. If the timeout is [Unlimited] as well, the wait gives up only
// when its context ends or the Watcher is closed. An [Option] applies to all waits of a Watcher,
// and a [WatchOption] to the waits of one call.
//
// # Tests
//
// A Watcher measures all time on the clock given to [WithClock]. Package mock has a clock that a
// test advances, and a service to watch. A Watcher on the real clock also works inside a
// testing/synctest bubble.
package jobstatus
