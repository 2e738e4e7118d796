// Package jobstatus waits for jobs that run on someone else's service: it learns of a job's end as early as possible, with as
// few requests as possible, and without ever losing it.
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
// A Watcher is built from a Backoff, which says when to ask next, and a Transport, which says how to ask. Both are small
// interfaces that a program can implement itself; packages backoff and transport hold them and what comes with this library.
//
// # How a wait ends
//
// With the job's end: the terminal Status, together with a *JobError if the job failed or was canceled. Or without it: with
// a *WaitError if a limit, the context or Close ended the wait, and with any other error if no further poll would help. A
// limit of a Watcher is an option, WithTimeout and WithMaxAttempts among them, and that of one watch a WatchOption, such as
// Timeout and MaxAttempts.
//
// # Tests
//
// All waiting is done on the clock given to WithClock. Package mock has one that a test moves, and a service to watch; on the
// real clock everything runs inside a testing/synctest bubble too.
package jobstatus
