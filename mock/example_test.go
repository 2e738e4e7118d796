package mock_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// program is a TB for a program that is not a test.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (p *program) end() {
	for i := range p.cleanups {
		p.cleanups[len(p.cleanups)-1-i]()
	}
}

func Example() {
	t := &program{} // in a test, its *testing.T
	defer t.end()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk),
		mock.Job("report-1", mock.Pending(time.Minute), mock.Running(time.Minute), mock.Completed(nil)),
		mock.Fault(fault.Nth(2), fault.Code(503), fault.RetryAfter("45")))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithBackoff(backoff.Constant(30*time.Second)),
		jobstatus.WithTimeout(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	clk.Run(func() {
		status, err := w.WaitForJob(context.Background(), "report-1")
		fmt.Println(status.State, err, "after", clk.Elapsed())
	})
	fmt.Print(srv.Timeline("report-1"))
	// Output:
	// completed <nil> after 2m15s
	//             0s  GET /status/report-1  200 pending
	//            30s  GET /status/report-1  503
	//          1m15s  GET /status/report-1  200 running
	//          1m45s  GET /status/report-1  200 running
	//          2m15s  GET /status/report-1  200 completed
}

func ExampleNewService() {
	service, err := mock.NewService(mock.Created(mock.Pending(mock.Polls(2)), mock.Completed(nil)))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	w, err := jobstatus.NewHTTP(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	id, err := w.CreateJob(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	status, err := w.WaitForJob(context.Background(), id)
	fmt.Println(status.State, err, "after", service.Polls(id), "polls")
	// Output:
	// completed <nil> after 3 polls
}

func ExampleClock() {
	t := &program{} // in a test, its *testing.T
	defer t.end()
	clk := mock.NewClock(t)
	clk.AfterFunc(time.Hour, func() { fmt.Println("an hour has passed") })
	fmt.Println("moved by", clk.Next())
	clk.Advance(30 * time.Minute)
	fmt.Println("it is", clk.Elapsed(), "after the start")
	// Output:
	// an hour has passed
	// moved by 1h0m0s
	// it is 1h30m0s after the start
}

// A service whose dialect has a {hold} keeps a request until the job changes.
func ExampleWithDialect_hold() {
	t := &program{} // in a test, its *testing.T
	defer t.end()
	d := rest.Dialect{Status: rest.Call{Path: "/builds/{id}?index={rev}&wait={hold}s"}, Revision: "@header.X-Index"}
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d),
		mock.Job("7", mock.Pending(45*time.Second), mock.Running(45*time.Second), mock.Completed(nil)))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithREST(rest.WithDialect(d)),
		jobstatus.WithBackoff(backoff.Constant(10*time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	clk.Run(func() {
		status, err := w.WaitForJob(context.Background(), "7")
		fmt.Println(status.State, err, "after", clk.Elapsed())
	})
	fmt.Print(srv.Timeline("7"))
	// Output:
	// completed <nil> after 1m30s
	//             0s  GET /builds/7  200 pending
	//            10s  GET /builds/7?index=0&wait=60s  200 running
	//            55s  GET /builds/7?index=1&wait=60s  200 completed
}

// A proxy that cuts a held request is a fault of that request: a delay, and then the answer of the
// proxy. The Watcher makes the next holds shorter.
func ExampleFault_hold() {
	t := &program{} // in a test, its *testing.T
	defer t.end()
	d := rest.Dialect{Status: rest.Call{Path: "/builds/{id}", Header: map[string]string{"Prefer": "wait={hold}"}}}
	tooLong := fault.Without("Prefer", "").And(fault.Without("Prefer", "wait=22")) // held, and not for 22 s
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithDialect(d),
		mock.Fault(tooLong, fault.Latency(30*time.Second), fault.Code(504)),
		mock.Job("7", mock.Pending(90*time.Second), mock.Completed(nil)))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithREST(rest.WithDialect(d)),
		jobstatus.WithBackoff(backoff.Constant(10*time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	clk.Run(func() {
		status, err := w.WaitForJob(context.Background(), "7")
		fmt.Println(status.State, err, "after", clk.Elapsed())
	})
	fmt.Print(srv.Timeline("7"))
	// Output:
	// completed <nil> after 1m30s
	//             0s  GET /builds/7  200 pending
	//            10s  GET /builds/7  504
	//            40s  GET /builds/7  200 pending
	//           1m2s  GET /builds/7  200 pending
	//          1m24s  GET /builds/7  200 completed
}
