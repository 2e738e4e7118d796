package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const (
	// killedAfter is how long the first worker runs, counted from its first line of output.
	killedAfter = 3 * time.Second
	// away is the time for which no worker runs.
	away = time.Second
)

// restart runs two workers, one after the other, and prints on out how the jobs ended.
func restart(ctx context.Context, file string, out io.Writer) error {
	var m meter
	url, stop, err := serve(&m)
	if err != nil {
		return err
	}
	defer stop()
	c := &count{ended: map[string]int{}}

	began := time.Now()
	if err := c.run(ctx, killedAfter, url, file); err != nil {
		return err
	}
	killed := time.Now()
	fmt.Fprintf(out, "the first worker is killed after %v, when %d jobs have ended\n", killedAfter, len(c.ended))
	select {
	case <-time.After(away):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	again := time.Now()
	if err := c.run(ctx, 0, url, file); err != nil {
		return err
	}
	fmt.Fprintf(out, "the second worker goes on with %d jobs %v later; its Backoff knows %d jobs\n", c.jobs, away, c.known)
	twice := 0
	for _, n := range c.ended {
		if n > 1 {
			twice++
		}
	}
	fmt.Fprintf(out, "%d jobs have ended, %d of them were reported twice\n", len(c.ended), twice)
	fmt.Fprintf(out, "the wait for %s gave up %s after it began\n", c.gaveUp, c.after)
	fmt.Fprintf(out, "polls in the busiest second: %d before, %d after\n", m.busiest(began, killed), m.busiest(again, time.Now()))
	return nil
}

// count holds what the workers have reported.
type count struct {
	jobs, known   int            // when the newest worker began
	ended         map[string]int // how often, by id
	gaveUp, after string         // the id of the job whose wait gave up, and its age then
}

// run runs a worker. If kill is not 0, the worker is killed that long after its first line of
// output.
func (c *count) run(ctx context.Context, kill time.Duration, url, file string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, workerOf, url, file)
	cmd.Stderr = os.Stderr
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for text := bufio.NewScanner(lines); text.Scan(); {
		if c.take(text.Text()) && kill > 0 {
			defer time.AfterFunc(kill, func() { _ = cmd.Process.Kill() }).Stop()
		}
	}
	if err := cmd.Wait(); err != nil && kill == 0 {
		return err
	}
	return nil
}

// take reads one line of a worker's output. It returns true for the first line of a worker.
func (c *count) take(line string) (begins bool) {
	var id, what string
	if n, _ := fmt.Sscanf(line, "begins %d %d", &c.jobs, &c.known); n == 2 {
		return true
	}
	if n, _ := fmt.Sscanf(line, "ended %s %s", &id, &what); n == 2 {
		c.ended[id]++
	}
	if n, _ := fmt.Sscanf(line, "gave-up %s %s", &id, &what); n == 2 {
		c.gaveUp, c.after = id, what
	}
	return false
}
