package fleet_test

import (
	"context"
	"fmt"
	"os"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/fleet"
	"github.com/iamber12/job-status-monitoring/fleet/embedded"
	"github.com/iamber12/job-status-monitoring/transport"
)

// done is a service all of whose jobs are completed.
type done struct{}

func (done) Status(_ context.Context, id string) (transport.Status, error) {
	return transport.Status{ID: id, State: transport.Completed}, nil
}

func Example() {
	dir, err := os.MkdirTemp("", "fleet-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	w, err := jobstatus.New(done{})
	if err != nil {
		panic(err)
	}
	defer w.Close()
	if err := wait(dir, w, "render-7"); err != nil {
		panic(err)
	}
	// Output: render-7: completed
}

func wait(dir string, w *jobstatus.Watcher, id string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	js, stop, err := embedded.Start(dir) // or jetstream.New of a connection to your cluster
	if err != nil {
		return err
	}
	defer stop()
	f, err := fleet.Open(ctx, js, fleet.RateLimit(200))
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- f.Run(ctx, w) }()                                        // on every worker
	if err := f.Submit(ctx, fleet.Job{ID: id, Kind: "transcode"}); err != nil { // nil: stored
		return err
	}
	for end, err := range f.Ends(ctx) { // at least once
		if err != nil {
			return err
		}
		fmt.Println(end.Status) // save it under end.Key
		end.Ack()
		break
	}
	cancel()
	return <-ran
}
