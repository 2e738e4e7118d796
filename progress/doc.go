// Package progress shows the progress of many jobs: how many have ended and how, which ones run,
// and when all are likely to have ended. In a terminal it draws bars; elsewhere it prints lines.
//
//	board := progress.New(os.Stderr)
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(board))
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	for status, err := range board.WaitForJobs(ctx, w, slices.Values(ids)) {
//		fmt.Println(status, err) // as w.WaitForJobs yields them
//	}
//	fmt.Println(board.Totals())
//
// If the Board is not the Watcher's Observer, it still counts the jobs, but shows only the totals.
package progress
