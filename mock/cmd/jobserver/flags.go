package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
)

// defaultAddr is reached from this machine alone.
const defaultAddr = "127.0.0.1:8080"

// config is what the flags say.
type config struct {
	addr     string
	hosts    []string
	duration duration.Distribution
	kinds    kinds
	pending  float64
	running  bool
	blocked  float64
	fail     float64
	seed     uint64
	speed    float64
	verbose  bool
	faults   []mock.Option
	pushes
}

// runningAfter is the share of its time after which a job runs, if --running asks for it and
// --pending says nothing.
const runningAfter = 0.3

// newFlags returns the flags of serve, which write to c.
func newFlags(c *config) *flag.FlagSet {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", defaultAddr, "`address` to listen on; port 0 picks a free one")
	flags.Func("allow-host", "another `name` that requests may know the server by; may be repeated", func(s string) error {
		if bareHost(s) == "" {
			return errors.New("want a name")
		}
		c.hosts = append(c.hosts, s)
		return nil
	})
	c.duration, c.kinds = duration.Uniform(5*time.Second, 15*time.Second), kinds{}
	flags.Func("duration", "how long a job takes: a duration or a `distribution` (default uniform:5s,15s)", func(s string) (err error) {
		c.duration, err = duration.Parse(s)
		return plain(err)
	})
	flags.Func("kind", "how long jobs of a kind take, as `name=distribution`; may be repeated", c.kinds.set)
	flags.Float64Var(&c.pending, "pending", 1, "`share` of its time after which a job is running, from 0 to 1; with 1 it is pending until it ends")
	flags.BoolVar(&c.running, "running", false, fmt.Sprintf("have jobs run, as --pending %v does", runningAfter))
	flags.Float64Var(&c.blocked, "blocked", 0, "`share` of the time that a job runs in which it waits for a person, from 0 to 1; jobs then run")
	flags.Float64Var(&c.fail, "fail", 0.5, "`share` of the jobs that fail, from 0 to 1")
	flags.Uint64Var(&c.seed, "seed", 0, "`number` that decides what becomes of the jobs; 0 picks one")
	flags.Float64Var(&c.speed, "speed", 1, "how many `times` as fast the service's clock runs")
	flags.BoolVar(&c.verbose, "verbose", false, "log each poll, too")
	flags.Func("fault", "`what` goes wrong, such as \"share 0.1: code 503; retry-after 2\"; may be repeated", func(s string) error {
		fault, err := parseFault(s)
		c.faults = append(c.faults, fault)
		return err
	})
	flags.Func("faults", "a `file` of such faults, one a line", func(name string) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		faults, err := readFaults(f, name)
		c.faults = append(c.faults, faults...)
		return err
	})
	c.pushes.flags(flags)
	return flags
}

// settle puts together what the flags say, or reports what can't be.
func (c *config) settle(flags *flag.FlagSet) error {
	c.addr = cmp.Or(c.addr, defaultAddr)
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if (c.running || c.blocked > 0) && !given["pending"] {
		c.pending = runningAfter
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("serve takes flags only, not %q", flags.Arg(0))
	case !(c.pending >= 0 && c.pending <= 1):
		return fmt.Errorf("--pending %v: must be from 0 to 1", c.pending)
	case c.running && c.pending == 1:
		return fmt.Errorf("--running with --pending %v: a job that is pending until it ends does not run", c.pending)
	case !(c.blocked >= 0 && c.blocked <= 1):
		return fmt.Errorf("--blocked %v: must be from 0 to 1", c.blocked)
	case c.blocked > 0 && c.pending == 1:
		return fmt.Errorf("--blocked with --pending %v: a job that is pending until it ends waits for nobody", c.pending)
	case !(c.speed >= 0.001 && c.speed <= 1e6):
		return fmt.Errorf("--speed %v: must be from 0.001 to 1000000", c.speed)
	case !(c.fail >= 0 && c.fail <= 1):
		return fmt.Errorf("--fail %v: must be from 0 to 1", c.fail)
	}
	if err := c.pushes.settle(); err != nil {
		return err
	}
	if _, err := mock.NewService(slices.Concat(c.faults, c.options)...); err != nil { // parseFault has checked all but this
		return errors.New("--fault with push: the service pushes nothing without --webhook or --stream")
	}
	return nil
}

// plain returns an error without the name of the package that it comes from.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "mock: "))
}

// kinds is a flag of durations by kind of job, such as transcode=lognormal:1m,0.5.
type kinds map[string]duration.Distribution

func (k kinds) set(s string) error {
	name, text, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("want NAME=DISTRIBUTION")
	}
	d, err := duration.Parse(text)
	k[name] = d
	return plain(err)
}
