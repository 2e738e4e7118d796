// Command adaptive shows how a Backoff that learns gets better. It watches fifty jobs of one kind,
// one after another, in virtual time. Each job takes five to fifteen seconds, which the Backoff
// must learn. The command repeats this for forty kinds and prints the mean.
//
//	go run ./examples/adaptive
//
// With -bulk it watches that many jobs of one kind, first all at once and then one after another.
// When they run at once, the first jobs that end, and the jobs that still run, show the Backoff
// when to poll the others.
//
//	go run ./examples/adaptive -bulk 1000
package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/mock"
)

func main() {
	bulk := flag.Int("bulk", 0, "watch so many jobs of one kind, all at once and one after another")
	flag.Parse()
	if *bulk > 0 {
		fmt.Println("about five requests a job       requests a job    half of the ends detected within")
		watchBulk(*bulk, true)
		watchBulk(*bulk, false)
		return
	}
	watchKinds()
}

// jobs returns a service in virtual time whose jobs take five to fifteen seconds. The function ends
// returns when the newest job ends.
func jobs(clk *mock.Clock) (service *mock.Service, ends func() time.Time) {
	random := rand.New(rand.NewPCG(1, 2))
	var newest time.Time
	service, err := mock.NewService(mock.WithClock(clk), mock.KeepCalls(0), mock.CreatedBy(func(mock.Creation) []mock.Step {
		takes := 5*time.Second + time.Duration(random.Float64()*float64(10*time.Second))
		newest = clk.Now().Add(takes)
		return []mock.Step{mock.Running(takes), mock.Completed(nil)}
	}))
	if err != nil {
		log.Fatal(err)
	}
	return service, func() time.Time { return newest }
}

// watchBulk watches n jobs of a kind about which the Backoff knows nothing yet. It prints one line.
func watchBulk(n int, together bool) {
	clk := mock.NewClock(program{})
	service, _ := jobs(clk)
	w, err := jobstatus.New(&mock.Transport{Service: service}, jobstatus.WithClock(clk),
		jobstatus.WithBackoff(adaptive.New(adaptive.About(5))))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	create := func() string {
		id, err := w.CreateJob(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		return id
	}
	wait := func(ids iter.Seq[string]) {
		for _, err := range w.WaitForJobs(context.Background(), ids, jobstatus.Kind("render")) {
			if err != nil {
				log.Fatal(err)
			}
		}
	}
	clk.Run(func() {
		if together {
			var ids []string
			for range n {
				ids = append(ids, create())
			}
			wait(slices.Values(ids))
			return
		}
		for range n {
			wait(slices.Values([]string{create()}))
		}
	})
	how := "one after another"
	if together {
		how = "all at once"
	}
	stats := w.Stats()
	fmt.Printf("%5d jobs, %-17s  %.1f               %v\n", n, how, float64(stats.Requests)/float64(n), stats.Delay.P50)
}

// watchKinds watches the jobs of many kinds, one after another. It prints the requests and the
// delay of a job, by how many jobs of its kind came before it.
func watchKinds() {
	clk := mock.NewClock(program{})
	service, ends := jobs(clk)
	const kinds, each = 40, 50
	var polls [each]int
	var late [each]time.Duration
	for range kinds {
		// Each kind gets a Learner of its own. A Learner that knew other kinds would begin with what they
		// have in common.
		w, err := jobstatus.New(&mock.Transport{Service: service}, jobstatus.WithClock(clk),
			jobstatus.WithBackoff(adaptive.New(adaptive.Worth(time.Second))))
		if err != nil {
			log.Fatal(err)
		}
		for n := range each {
			clk.Run(func() {
				id, err := w.CreateJob(context.Background())
				if err != nil {
					log.Fatal(err)
				}
				if _, err := w.WaitForJob(context.Background(), id, jobstatus.Kind("render")); err != nil {
					log.Fatal(err)
				}
				polls[n] += service.Polls(id)
				late[n] += clk.Since(ends())
			})
		}
		_ = w.Close()
	}

	fmt.Println("jobs of a kind    requests a job    detection delay            both, at a second a request")
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

// program is the mock.TB of a Clock that no test uses. Its Fatalf ends the program.
type program struct{}

func (program) Helper()                           {}
func (program) Cleanup(func())                    {}
func (program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
