// Command progress waits for many jobs and shows their progress. It shows a bar for some of the
// jobs, a line for each job that has ended, and totals. If standard output is not a terminal, it
// prints lines.
//
//	go run ./examples/progress
//	go run ./examples/progress --url http://127.0.0.1:8080 --jobs 200
//	go run ./examples/progress --url http://127.0.0.1:8080 job-7 job-8
//
// Without a URL it starts a service, whose jobs take two to twenty seconds; one in eight fails.
// Package progress draws the bars and prints the lines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/progress"
)

func main() {
	url := flag.String("url", "", "base `URL` of the service; empty starts one")
	jobs := flag.Int("jobs", 40, "how many jobs to create, if no ids are given")
	rows := flag.Int("rows", progress.DefaultRows, "how many bars to show at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *url, *jobs, *rows, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "progress:", err)
		os.Exit(1)
	}
}

// run shows the jobs with the given ids on out. Without ids it creates the given number of jobs.
func run(ctx context.Context, out io.Writer, url string, jobs, rows int, ids []string) error {
	if jobs < 1 || rows < 1 {
		return errors.New("--jobs and --rows must be above zero")
	}
	if len(ids) > 0 {
		jobs = len(ids)
	}
	if url == "" {
		var stop func()
		var err error
		if url, stop, err = serve(); err != nil {
			return err
		}
		defer stop()
	}

	board := progress.New(out, progress.Rows(rows), progress.Total(jobs))
	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(board), jobstatus.WithMaxDelay(4*time.Second),
		jobstatus.WithTimeout(jobstatus.Unlimited))
	if err != nil {
		return err
	}
	defer w.Close()
	watched, failed := slices.Values(ids), error(nil)
	if len(ids) == 0 {
		watched = created(ctx, w, jobs, &failed)
	}
	for range board.WaitForJobs(ctx, w, watched) {
		// The board shows it.
	}
	return failed
}

// created creates jobs and yields their ids. It creates each job when the one before it is watched.
// It stores an error in failed and ends.
func created(ctx context.Context, w *jobstatus.Watcher, jobs int, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for range jobs {
			id, err := w.CreateJob(ctx)
			if err != nil {
				*failed = err
				return
			}
			if !yield(id) {
				return
			}
		}
	}
}

// serve starts a service on a free port of this machine. Two jobs in three report their progress.
func serve() (url string, stop func(), err error) {
	named := 0
	service, err := mock.NewService(
		mock.WithIDs(func() string { named++; return fmt.Sprintf("render-%03d", named) }),
		mock.CreatedBy(script),
		mock.Fault(fault.Always(), fault.Latency(50*time.Millisecond)),
		mock.Fault(fault.Share(0.02), fault.Code(http.StatusServiceUnavailable), fault.RetryAfter("2")))
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until stop closes the server
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

func script(c mock.Creation) []mock.Step {
	between := func(from, to time.Duration) time.Duration { return from + rand.N(to-from) }
	running := mock.Running(between(1500*time.Millisecond, 17*time.Second))
	if c.N%3 != 0 {
		running = running.Rising(0.01, 1)
	}
	end := mock.Completed(map[string]string{"file": c.ID + ".mp4"})
	if c.N%8 == 5 {
		end = mock.Failed("the disk is full")
	}
	return []mock.Step{mock.Pending(between(500*time.Millisecond, 3*time.Second)), running, end}
}
