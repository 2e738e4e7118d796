// Command customtransport waits for files that another program writes. There is no service to poll,
// so the Transport looks for the files.
//
//	go run ./examples/customtransport
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Files is a Transport whose jobs are the files of a folder. A job is completed when its file
// exists, and failed when a file of that name with the ending .err exists.
type Files struct {
	Dir string
}

// Status looks for the file once. Any error that is not a *transport.Error counts as transient, and
// the watch goes on.
func (f Files) Status(_ context.Context, id string) (jobstatus.Status, error) {
	root, err := os.OpenRoot(f.Dir) // an id can't lead out of the folder
	if errors.Is(err, fs.ErrNotExist) {
		return jobstatus.Status{}, &transport.Error{Class: transport.Permanent, Err: err}
	} else if err != nil {
		return jobstatus.Status{}, err
	}
	defer root.Close()
	if why, err := root.ReadFile(id + ".err"); err == nil {
		return jobstatus.Status{ID: id, State: jobstatus.Failed, Message: string(why)}, nil
	}
	switch info, err := root.Stat(id); {
	case errors.Is(err, fs.ErrNotExist):
		return jobstatus.Status{ID: id, State: jobstatus.Pending}, nil
	case err != nil:
		return jobstatus.Status{}, err
	default:
		return jobstatus.Status{ID: id, State: jobstatus.Completed, Finished: info.ModTime()}, nil
	}
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "customtransport")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := jobstatus.New(Files{Dir: dir}, jobstatus.WithMaxDelay(200*time.Millisecond), jobstatus.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer w.Close()

	write := func(name, text string) func() {
		return func() { _ = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	time.AfterFunc(time.Second, write("totals.csv", "1,2,3\n"))
	time.AfterFunc(500*time.Millisecond, write("details.csv.err", "no such table"))

	files := func(yield func(string) bool) { _ = yield("totals.csv") && yield("details.csv") }
	for status, err := range w.WaitForJobs(context.Background(), files) {
		if errors.Is(err, jobstatus.ErrJobFailed) || err == nil {
			fmt.Println(status)
			continue
		}
		return err
	}
	return nil
}
