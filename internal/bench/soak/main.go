// Soak waits for a great many jobs through one Watcher, over loopback HTTP from a service with
// faults, and checks that each ends just once, as its script says, and that nothing is left behind.
//
//	go run ./internal/bench/soak    a million jobs, a fault in one of a hundred requests
//	go run ./internal/bench/soak -jobs 100000 -duration 8h     rounds of as many, for eight hours
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/iamber12/job-status-monitoring/internal/bench/bar"
	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// parts are run by children, so that what the service holds is not counted.
var parts = map[string]child.Part{"serve": serve}

func main() {
	child.Main(parts)
	var s soak
	flag.IntVar(&s.jobs, "jobs", 1_000_000, "of a round")
	flag.Float64Var(&s.faults, "faults", 0.01, "share of the requests that meet a fault")
	flag.Uint64Var(&s.seed, "seed", 1, "of the first round's faults; the next has the next")
	flag.DurationVar(&s.duration, "duration", 0, "rounds begin for so long; 0 is a single round")
	flag.Parse()
	s.out, s.bar = os.Stdout, bar.New()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	fmt.Println("all good")
}
