// Libraries measures what it takes to wait for jobs: with this library, with others that people
// wait with, and in a loop written by hand. All ask the same service.
//
//	go run ./internal/bench/libraries                prints the tables
//	go run ./internal/bench/libraries -draw pictures draws them there, too
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/bench/bar"
	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// What is measured is measured for so many waits and jobs.
var (
	waitSizes = []int{1_000, 10_000, 100_000, 1_000_000}
	jobSizes  = []int{100, 1_000, 10_000}
)

// parts are run by children, so that nothing is measured in a process that has measured before.
var parts = map[string]child.Part{"waits": waits, "polls": polls, "serve": serve, "loopback": loopback, "answers": answers, "steady": steady}

func main() {
	log.SetOutput(io.Discard) // terraform's logs each poll
	child.Main(parts)
	var p plan
	flag.DurationVar(&p.every, "every", time.Second, "between two polls of a job, over loopback; azcore takes no less than a second")
	flag.DurationVar(&p.from, "from", 2*time.Second, "jobs take so long at least, over loopback")
	flag.DurationVar(&p.to, "to", 4*time.Second, "and at most")
	flag.DurationVar(&p.lasting, "lasting", 2*time.Second, "how long polls over loopback are measured at a time")
	flag.IntVar(&p.turns, "turns", 7, "over which the cost of a poll is taken")
	flag.StringVar(&p.folder, "draw", "", "draw pictures in this `folder`, too")
	flag.Parse()
	if err := p.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "libraries:", err)
		os.Exit(1)
	}
}

// plan is what to measure.
type plan struct {
	every, from, to time.Duration
	lasting         time.Duration
	turns           int
	folder          string
}

// rhythms are those in which jobs are polled steadily: two where a machine is idle between polls,
// and one where it is not.
func (p plan) rhythms() []rhythm {
	return []rhythm{{100, p.every}, {1_000, p.every}, {jobstatus.DefaultConcurrency, time.Millisecond}}
}

// steps is how many steps run takes.
func (p plan) steps() int {
	all := 1 + len(pollers)*p.turns*len(p.rhythms()) + len(libraries)*len(jobSizes)
	for _, n := range waitSizes {
		for _, l := range libraries {
			if l.waits(n) {
				all++
			}
		}
	}
	return all
}

// run measures and prints, one table after another.
func (p plan) run(out io.Writer) error {
	b := bar.New()
	steps, all := 0, p.steps()
	next := func(format string, args ...any) {
		b.Show(time.Now(), steps, all, fmt.Sprintf(format, args...))
		steps++
	}
	var m measured
	if err := m.measureWaits(next); err != nil {
		return err
	}
	b.Clear()
	m.printWaits(out)

	next("polls")
	if err := child.Run("polls", pollsConfig{Turns: p.turns, Waits: 1000, Polls: 40}, &m.polls); err != nil {
		return err
	}
	b.Clear()
	m.printPolls(out, p)

	if err := m.measureSteady(p, next); err != nil {
		return err
	}
	b.Clear()
	m.printSteady(out, p)

	for size, n := range jobSizes {
		line := make([]end, len(libraries))
		for i, l := range libraries {
			next("%d jobs, %s", n, l.name)
			var err error
			if line[i], err = bring(l.name, serveConfig{n, p.from, p.to}, p.every); err != nil {
				return err
			}
		}
		m.ends = append(m.ends, line)
		b.Clear()
		m.printEnds(out, p, size)
	}
	if p.folder == "" {
		return nil
	}
	return m.draw(p.folder)
}

// measureWaits measures what each library needs for waits that wait.
func (m *measured) measureWaits(next func(format string, args ...any)) error {
	for _, n := range waitSizes {
		line := make([]*held, len(libraries))
		for i, l := range libraries {
			if !l.waits(n) {
				continue
			}
			next("%d waits, %s", n, l.name)
			line[i] = &held{}
			if err := child.Run("waits", waitsConfig{l.name, n}, line[i]); err != nil {
				return err
			}
		}
		m.waits = append(m.waits, line)
	}
	return nil
}

// measureSteady measures what polling costs in each rhythm.
func (m *measured) measureSteady(p plan, next func(format string, args ...any)) error {
	for _, r := range p.rhythms() {
		costs, err := pollSteadily(steadyConfig{rhythm: r, For: p.lasting}, p.turns, func(word string) {
			next("%d polled every %v, %s", r.Jobs, r.Every, word)
		})
		if err != nil {
			return err
		}
		m.steady = append(m.steady, costs)
	}
	return nil
}
