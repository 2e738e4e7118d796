// Command resume continues its waits after it was killed. It runs itself twice, as two workers. The
// first worker starts jobs, and is killed while it waits for them. The second worker continues with
// what the first has saved.
//
//	go run ./examples/resume
//
// A worker saves the jobs of Watcher.Pending, and what its Backoff has learned, in a JSON file. The
// next worker passes them to Watcher.WaitForFeed and adaptive.Learner.UnmarshalBinary. So each wait
// keeps its timeout, the polls continue as if nothing had happened, and the Backoff knows how long
// jobs take. See README.md.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// workerOf is the argument that makes the program a worker. The URL of the service and the file of
// the jobs follow it.
const workerOf = "worker"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == workerOf {
		client, err := rest.New(args[1])
		if err != nil {
			return err
		}
		defer client.Close()
		return work(ctx, client, args[2], os.Stdout)
	}
	folder, err := os.MkdirTemp("", "resume")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return restart(ctx, filepath.Join(folder, "jobs.json"), os.Stdout)
}
