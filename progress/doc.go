// Package progress shows the progress of the jobs of one call: how many have ended and how, which
// ones run, and when all are likely to be done. In a terminal it draws bars; elsewhere it prints
// lines.
//
//	board := progress.New(os.Stderr)
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(board))
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	for status, err := range board.WaitForJobs(ctx, w, slices.Values(ids)) {
//		// what w.WaitForJobs yields
//	}
//	fmt.Println(board.Totals())
//
// A [Board] needs no Observer to count: without one it shows the totals alone.
package progress
