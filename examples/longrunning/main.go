// Command longrunning waits for three kinds of operations: of Azure, of Google (AIP-151), and of
// any service that answers 202 with a Location. The command runs the services itself, on the
// loopback address.
//
//	go run ./examples/longrunning
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func main() {
	if err := run(context.Background(), log.Writer()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	for _, kind := range []struct {
		name string
		wait func(context.Context) (jobstatus.Status, error)
	}{
		{"Azure", azure}, {"AIP-151", aip151}, {"202 and a Location", accepted},
	} {
		status, err := kind.wait(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		fmt.Fprintf(out, "%-20s%s: %s\n", kind.name, status.State, status.Result)
	}
	return nil
}

// patient returns a Watcher of a transport. Its waits are short, because the services of this
// program are fast.
func patient(t transport.Transport) (*jobstatus.Watcher, error) {
	return jobstatus.New(t, jobstatus.WithTimeout(time.Minute), jobstatus.WithBackoff(backoff.Constant(20*time.Millisecond)))
}

// azure makes a resource. The caller's own client sends the request, as an SDK does.
func azure(ctx context.Context) (jobstatus.Status, error) {
	service := newAzure()
	defer service.Close()
	ops, err := longrunning.New(service.URL, longrunning.Query("api-version", "2024-07-01"))
	if err != nil {
		return jobstatus.Status{}, err
	}
	defer ops.Close()
	w, err := patient(ops)
	if err != nil {
		return jobstatus.Status{}, err
	}
	defer w.Close()

	put, err := http.NewRequestWithContext(ctx, http.MethodPut, service.URL+"/machines/7?api-version=2024-07-01", strings.NewReader(`{"size":"small"}`))
	if err != nil {
		return jobstatus.Status{}, err
	}
	answer, err := http.DefaultClient.Do(put) // 201, with Azure-AsyncOperation
	if err != nil {
		return jobstatus.Status{}, err
	}
	first, err := ops.Accept(answer, "")
	if err != nil {
		return jobstatus.Status{}, err
	}
	return w.WaitForJob(ctx, first.ID, jobstatus.From(first)) // first.ID is all that another process needs
}

// aip151 starts an operation that has a name. A dialect of package rest describes it.
func aip151(ctx context.Context) (jobstatus.Status, error) {
	service := newGoogle()
	defer service.Close()
	t, err := rest.New(service.URL, rest.WithDialect(rest.Dialect{
		Create: rest.Call{Path: "/v1/speech:longrunningrecognize"},
		Status: rest.Call{Path: "/v1/{+id}"},
		Cancel: rest.Call{Method: http.MethodPost, Path: "/v1/{+id}:cancel", Body: struct{}{}},
		ID:     "name",
		State:  "done, error.code",
		States: map[string]transport.State{
			"-, -": transport.Running, "false, -": transport.Running, "true, -": transport.Completed,
			"*, 1": transport.Canceled, "*, +": transport.Failed,
		},
		Error: "error.message", Result: "response",
	}))
	if err != nil {
		return jobstatus.Status{}, err
	}
	return start(ctx, t, map[string]string{"uri": "gs://bucket/talk.flac"})
}

// accepted starts an export. The answer is 202, with a Location to poll until it is 200.
func accepted(ctx context.Context) (jobstatus.Status, error) {
	service := newExports()
	defer service.Close()
	t, err := rest.New(service.URL, rest.WithDialect(rest.Dialect{
		Create: rest.Call{Path: "/exports"},
		Status: rest.Call{Path: "{+id}"},
		ID:     "@header.Location",
		State:  "@code",
		States: map[string]transport.State{"202": transport.Running, "200": transport.Completed},
		Result: ".",
	}))
	if err != nil {
		return jobstatus.Status{}, err
	}
	return start(ctx, t, map[string]string{"table": "orders"})
}

// start starts a job by a transport of package rest, and waits for it.
func start(ctx context.Context, t *rest.Client, input any) (status jobstatus.Status, err error) {
	defer func() { err = errors.Join(err, t.Close()) }()
	w, err := patient(t)
	if err != nil {
		return status, err
	}
	defer w.Close()
	first, err := w.StartJob(ctx, jobstatus.Input(input))
	if err != nil {
		return status, err
	}
	return w.WaitForJob(ctx, first.ID, jobstatus.From(first))
}
