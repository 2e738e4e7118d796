// Bench measures schedules of polls in virtual time: those of package backoff, the learner among
// them, and those of other libraries, against the best that is possible for someone who knows the
// distribution of durations.
//
//	go run ./internal/bench                      prints the tables
//	go run ./internal/bench -draw docs           draws the pictures there; -only X draws one
//	go run ./internal/bench -overlap             prints the tables of jobs that overlap
//	go run ./internal/bench -holds               prints who is best given a held request
//	go run ./internal/bench -trace durations.csv reads lines of t,kind,duration_s
//	go run ./internal/bench -push                measures notifications beside polls
//
// With -push it measures on the real clock and over real connections. So do commands libraries and
// soak, in the folders of those names.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	repetitions := flag.Int("repetitions", 20, "of each training")
	keys := flag.Int("keys", 200, "watches over which a schedule is averaged")
	detail := flag.Bool("detail", false, "print the learner's cost by law")
	drawTo := flag.String("draw", "", "draw the pictures in this `folder`, print nothing")
	trace := flag.String("trace", "", "read this `file` of t,kind,duration_s")
	burst := flag.Int("burst", 0, "with -trace: so many jobs of a kind begin together; 0 is as they began")
	worth := flag.Float64("worth", 50, "with -trace: what the mean duration is worth, in requests")
	overlap := flag.Bool("overlap", false, "print the tables of jobs that overlap")
	holds := flag.Bool("holds", false, "print who is best given one of the requests that the service holds; this takes many minutes")
	only := flag.String("only", "", "with -holds: this mix only; with -overlap: this `scenario` only, where sisters is the table of kinds beside others; with -draw: this picture only")
	push := flag.Bool("push", false, "measure notifications beside polls, over loopback")
	flag.Parse()
	if *holds {
		holdTables(os.Stdout, *only)
		return
	}
	if *push {
		if err := pushTable(os.Stdout, pushes{jobs: 500, within: 5 * time.Second, pause: time.Second, watches: 10_000}); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *overlap {
		overlapTable(os.Stdout, *only, *repetitions, *detail)
		if *only == "" || *only == "sisters" {
			kinTable(os.Stdout, *repetitions, *detail)
		}
		return
	}
	if err := run(*repetitions, *keys, *detail, *drawTo, *only, *trace, *burst, *worth); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(repetitions, keys int, detail bool, drawTo, only, trace string, burst int, worth float64) error {
	switch {
	case trace != "":
		f, err := os.Open(trace)
		if err != nil {
			return err
		}
		defer f.Close()
		jobs, err := readTrace(f)
		if err != nil {
			return fmt.Errorf("%s: %w", trace, err)
		}
		traceTable(os.Stdout, jobs, worth)
		replayTable(os.Stdout, replays(jobs, burst), worth)
		return nil
	case drawTo != "":
		return drawAll(drawTo, only, repetitions, keys)
	}
	all := cells()
	peerTable(os.Stdout, keys)
	learnerTables(os.Stdout, all, repetitions, keys, detail)
	coldTable(os.Stdout, all, keys)
	driftTable(os.Stdout, all, max(repetitions/4, 1), max(keys/4, 1))
	uniformTable(os.Stdout, repetitions, keys)
	progressTable(os.Stdout, max(repetitions/2, 1))
	limitTable(os.Stdout, max(repetitions/20, 1))
	return nil
}
