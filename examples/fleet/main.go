// Command fleet shows workers that share the waits for jobs, and what happens when a worker is
// killed.
//
//	go run ./examples/fleet
//	go run ./examples/fleet --jobs 1000
//
// It starts a service of jobs, a NATS server, and three workers, each as a process. It submits
// jobs, and kills a worker while they run. Each second it prints how many jobs each worker polls.
// At the end it counts the jobs that were submitted, the jobs that ended exactly once, and the jobs
// that two workers polled at the same time. The exit code is 0 if every job ended exactly once and
// no job was polled by two workers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/fleet"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// lease is short, so that the take-over is soon to be seen.
const lease = 2 * time.Second

const workers = 3

func main() {
	jobs := flag.Int("jobs", 300, "how many `jobs` to submit")
	worker := flag.String("worker", "", "be the worker of this `name`; for the processes that the command starts")
	natsURL := flag.String("nats", "", "`URL` of the NATS server, for a worker")
	service := flag.String("service", "", "base `URL` of the service, for a worker")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *worker != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // until the process that started the worker ends
			stop()
		}()
		err = work(ctx, *worker, *natsURL, *service)
	} else {
		err = show(ctx, *jobs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		stop()
		os.Exit(1)
	}
}

// work runs a worker. A worker needs no more than these lines.
func work(ctx context.Context, name, natsURL, service string) error {
	f, closeConn, err := open(ctx, natsURL)
	if err != nil {
		return err
	}
	defer closeConn()
	w, err := jobstatus.NewHTTP(service, jobstatus.WithREST(rest.WithHeader(workerHeader, name)),
		jobstatus.WithBackoff(backoff.Constant(500*time.Millisecond)), jobstatus.WithTimeout(time.Minute))
	if err != nil {
		return err
	}
	defer w.Close()
	return f.Run(ctx, w)
}

func open(ctx context.Context, natsURL string) (f *fleet.Fleet, closeConn func(), err error) {
	closed := make(chan struct{})
	nc, err := nats.Connect(natsURL, nats.MaxReconnects(-1), nats.ReconnectWait(200*time.Millisecond),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		return nil, nil, err
	}
	closeConn = func() { nc.Close(); <-closed }
	js, err := jetstream.New(nc)
	if err == nil {
		f, err = fleet.Open(ctx, js, fleet.Lease(lease), fleet.RateLimit(2000))
	}
	if err != nil {
		closeConn()
		return nil, nil, err
	}
	return f, closeConn, nil
}

// show starts the service, the NATS server and the workers, submits the jobs, and counts their
// ends.
func show(ctx context.Context, jobs int) error {
	if jobs < 1 {
		return fmt.Errorf("-jobs %d: want at least 1", jobs)
	}
	b := newBoard()
	service, stopService, err := serve(b)
	if err != nil {
		return err
	}
	defer stopService()
	natsURL, stopNATS, err := serveNATS()
	if err != nil {
		return err
	}
	defer stopNATS()
	f, closeConn, err := open(ctx, natsURL)
	if err != nil {
		return err
	}
	defer closeConn()
	ids, err := create(ctx, service, jobs)
	if err != nil {
		return err
	}
	var all []fleet.Job
	for _, id := range ids {
		all = append(all, fleet.Job{ID: id})
	}
	if err := f.Submit(ctx, all...); err != nil {
		return err
	}
	stopWorkers, err := startWorkers(b, natsURL, service)
	if err != nil {
		return err
	}
	defer stopWorkers()
	return follow(ctx, f, b, ids)
}

// startWorkers starts the workers, and kills one of them after some seconds.
func startWorkers(b *board, natsURL, service string) (stop func(), err error) {
	var all []*exec.Cmd
	end := func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for i := range workers {
		name := "worker-" + strconv.Itoa(i+1)
		c := exec.Command(os.Args[0], "-worker", name, "-nats", natsURL, "-service", service)
		c.Stderr = os.Stderr
		_, err := c.StdinPipe() // it ends with this process, however that ends
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			end()
			return nil, err
		}
		all = append(all, c)
		b.joined(name, c.Process.Pid)
	}
	victim := all[1]
	timer := time.AfterFunc(killAfter, func() {
		_ = victim.Process.Kill() // SIGKILL: it can do nothing more
		b.killed("worker-2")
	})
	return func() { timer.Stop(); end() }, nil
}

// killAfter is the time after which a worker is killed. A job takes from shortest to longest.
const (
	killAfter = 5 * time.Second
	shortest  = 3 * time.Second
	longest   = 15 * time.Second
)

// patience is how long the command waits for all jobs to end.
const patience = 60 * time.Second

// follow receives the ends, prints the board every second, and counts.
func follow(ctx context.Context, f *fleet.Fleet, b *board, ids []string) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-tick.C:
				fmt.Println(b.line(len(ids)))
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	}()
	failed := error(nil)
	for end, err := range f.Ends(ctx) {
		if err != nil {
			failed = err
			break
		}
		b.ended(end.Status.ID, end.Key, end.Err)
		end.Ack()
		if b.ends() == len(ids) {
			break
		}
	}
	stop()
	<-done
	return errors.Join(failed, b.verdict(ids))
}
