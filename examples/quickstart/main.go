// Command quickstart starts a job, prints its updates, and prints how it ended.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart --url http://127.0.0.1:8080
//
// Without a URL it starts a service. Its jobs take two to five seconds, and every third job fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

func main() {
	url := flag.String("url", "", "base `URL` of the service; empty starts one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	if url == "" {
		var stop func()
		var err error
		if url, stop, err = serve(); err != nil {
			return err
		}
		defer stop()
	}

	// Without options a wait makes at most 10 polls, and the time between them grows to 10 s. This
	// program shows each change soon, so it polls at least once a second and without a limit.
	w, err := jobstatus.NewHTTP(url, jobstatus.WithMaxDelay(time.Second), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
	if err != nil {
		return err
	}
	defer w.Close()

	id, err := w.CreateJob(ctx)
	if err != nil {
		return err
	}
	fmt.Println("created job", id, "at", url)

	began := time.Now()
	for status, err := range w.Updates(ctx, id) {
		fmt.Printf("%5.1fs  %v\n", time.Since(began).Seconds(), status)
		switch {
		case errors.Is(err, jobstatus.ErrJobFailed):
			fmt.Println("the job ran, and failed")
		case err != nil:
			return err
		case status.State == jobstatus.Completed:
			fmt.Println("the job is done")
		}
	}
	return nil
}

// serve starts a service on a free port of this machine.
func serve() (url string, stop func(), err error) {
	service, err := mock.NewService(mock.CreatedBy(func(mock.Creation) []mock.Step {
		half := time.Second + time.Duration(rand.Int64N(int64(1500*time.Millisecond)))
		steps := []mock.Step{mock.Pending(half), mock.Running(half/2).With(0.3, "first pass"),
			mock.Running(half/2).With(0.7, "second pass")}
		if rand.IntN(3) == 0 {
			return append(steps, mock.Failed("the disk is full"))
		}
		return append(steps, mock.Completed(map[string]string{"file": "report.pdf"}))
	}))
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}
