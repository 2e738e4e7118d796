// Command adaptive watches fifty jobs of a kind, one after the other, and gets better at it: backoff.Adaptive learns how long they
// take. The jobs take five to fifteen seconds each, in virtual time. Forty kinds begin anew, so that luck evens out.
//
//	go run ./examples/adaptive
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/mock"
)

func main() {
	clk := mock.NewClock(program{})
	random := rand.New(rand.NewPCG(1, 2))
	var ends time.Time // of the newest job
	service, err := mock.NewService(mock.WithClock(clk), mock.CreatedBy(func(mock.Creation) []mock.Step {
		takes := 5*time.Second + time.Duration(random.Float64()*float64(10*time.Second))
		ends = clk.Now().Add(takes)
		return []mock.Step{mock.Running(takes), mock.Completed(nil)}
	}))
	if err != nil {
		log.Fatal(err)
	}
	w, err := jobstatus.New(&mock.Transport{Service: service}, jobstatus.WithClock(clk),
		jobstatus.WithBackoff(adaptive.New(adaptive.Worth(time.Second))))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	const kinds, jobs = 40, 50
	var polls [jobs]int
	var late [jobs]time.Duration
	for kind := range kinds {
		for n := range jobs {
			clk.Run(func() {
				id, err := w.CreateJob(context.Background())
				if err != nil {
					log.Fatal(err)
				}
				if _, err := w.WaitForJob(context.Background(), id, jobstatus.Kind(fmt.Sprint("render-", kind))); err != nil {
					log.Fatal(err)
				}
				polls[n] += service.Polls(id)
				late[n] += clk.Since(ends)
			})
		}
	}

	fmt.Println("jobs of a kind    requests a job    heard of the end late by    both, at a second a request")
	for _, group := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {6, 10}, {11, 20}, {21, 50}} {
		var requests, seconds float64
		for n := group[0] - 1; n < group[1]; n++ {
			requests += float64(polls[n])
			seconds += late[n].Seconds()
		}
		count := float64(kinds * (group[1] - group[0] + 1))
		fmt.Printf("%2d to %2d               %.1f                   %.1f s                    %.1f\n", group[0], group[1],
			requests/count, seconds/count, (requests+seconds)/count)
	}
}

// program is what a mock.Clock fails, as there is no test.
type program struct{}

func (program) Helper()                           {}
func (program) Cleanup(func())                    {}
func (program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
