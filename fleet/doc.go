// Package fleet lets many processes share the waits of a Watcher, so that none is lost when a
// process dies. It keeps them in NATS JetStream.
//
//	f, err := fleet.Open(ctx, js)
//	if err != nil {
//		return err
//	}
//	go f.Run(ctx, w) // on every worker
//	if err := f.Submit(ctx, fleet.Job{ID: id, Kind: "transcode"}); err != nil {
//		return err // nil means that it is stored
//	}
//	for end, err := range f.Ends(ctx) {
//		if err != nil {
//			return err
//		}
//		save(end.Key, end.Status) // at least once
//		end.Ack()
//	}
//
// The jobs are divided into partitions, and each worker owns some of them. It polls their jobs with
// its own Watcher. JetStream sees two messages for each job, and none for a poll.
//
// A worker that is heard of no more loses its partitions after a lease. A job's end is stored once,
// whoever sees it. The page docs/fleet.md says what survives what, and how large a server must be.
package fleet
