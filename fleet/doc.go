// Package fleet lets many processes share the waits for jobs, so that no wait is lost when a
// process dies. It stores the waits in NATS JetStream.
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
// The jobs are divided into partitions. A worker is a process that calls [Fleet.Run]. Each worker
// owns some of the partitions, and polls their jobs with its own Watcher. JetStream stores two
// messages for each job, and none for a poll.
//
// A worker that no longer responds loses its partitions after a lease: see [Lease]. The end of a
// job is stored once, even if two workers see it. The page docs/fleet.md says which failures a
// fleet survives, and how large a server must be.
package fleet
