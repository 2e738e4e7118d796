package progress_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/progress"
)

// service has a few jobs, in memory.
func service() *mock.Transport {
	s, err := mock.NewService(
		mock.Job("render-1", mock.Pending(mock.Polls(1)), mock.Running(mock.Polls(2)), mock.Completed(nil)),
		mock.Job("render-2", mock.Running(mock.Polls(1)), mock.Failed("the disk is full")),
		mock.Job("render-3", mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	return &mock.Transport{Service: s}
}

func Example() {
	board := progress.New(os.Stderr) // bars in a terminal, else lines
	w, err := jobstatus.New(service(), jobstatus.WithObserver(board))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ids := []string{"render-1", "render-2", "render-3"}
	for status, err := range board.WaitForJobs(context.Background(), w, slices.Values(ids)) {
		if err != nil {
			fmt.Println(status.ID, status.Message)
		}
	}
	fmt.Println(board.Totals())
	// Output:
	// render-2 the disk is full
	// 3 of 3 jobs · completed 2 · failed 1
}

// The totals of a call, without showing anything.
func ExampleBoard_Totals() {
	w, err := jobstatus.New(service(), jobstatus.WithBaseDelay(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	board := progress.New(nil)
	for range board.WaitForJobs(context.Background(), w, slices.Values([]string{"render-1", "render-9"}), jobstatus.Timeout(50*time.Millisecond)) {
	}
	t := board.Totals()
	fmt.Println(t.Completed, "completed,", t.GaveUp, "gave up")
	// Output: 1 completed, 1 gave up
}
