package main

import (
	"fmt"
	"io"
	"strings"
)

// measured is all that was, by size and then by library.
type measured struct {
	waits  [][]*held // nil where it was left out
	polls  []cost
	steady [][]cost // of pollers
	ends   [][]end
}

func (m measured) printWaits(out io.Writer) {
	fmt.Fprintf(out, "A wait that waits between two polls, its id of 36 characters included; heap and stacks:\n\n")
	head := []string{"library"}
	for _, n := range waitSizes {
		head = append(head, thousands(n)+" waits: bytes each")
	}
	for _, n := range waitSizes {
		head = append(head, thousands(n)+": goroutines")
	}
	header(out, head)
	for i, l := range libraries {
		if m.waits[0][i] == nil {
			continue
		}
		bytes, goroutines := []string{l.name}, []string(nil)
		for j, n := range waitSizes {
			if h := m.waits[j][i]; h == nil {
				bytes, goroutines = append(bytes, ""), append(goroutines, "")
			} else {
				bytes, goroutines = append(bytes, thousands(int(h.Bytes))), append(goroutines, thousands(int(h.Goroutines*float64(n)+0.5)))
			}
		}
		row(out, append(bytes, goroutines...))
	}
}

func (m measured) printPolls(out io.Writer, p plan) {
	fmt.Fprintf(out, "\nA poll over a canned round trip, of a thousand waits at once (medians of %d turns; CPU time in the kernel included):\n\n", p.turns)
	header(out, []string{"library", "allocations", "bytes", "CPU, µs", "CPU over the loop's"})
	for i, l := range libraries {
		row(out, append([]string{l.name}, m.polls[i].cells()...))
	}
}

func (m measured) printSteady(out io.Writer, p plan) {
	fmt.Fprintf(out, "\nA poll over loopback HTTP, of jobs polled at moments of their own, connections open (medians of %d turns of %v):\n\n",
		p.turns, p.lasting)
	header(out, []string{"jobs", "every", "library", "allocations", "bytes", "CPU, µs", "CPU over the loop's"})
	for i, costs := range m.steady {
		r := p.rhythms()[i]
		for j, c := range costs {
			row(out, append([]string{thousands(r.Jobs), r.Every.String(), pollers[j].name}, c.cells()...))
		}
	}
}

// cells are those of a row about c.
func (c cost) cells() []string {
	return []string{fmt.Sprintf("%.1f", c.Allocations), thousands(int(c.Bytes)), fmt.Sprintf("%.2f", float64(c.CPU.Nanoseconds())/1000),
		fmt.Sprintf("%.2f", c.Ratio)}
}

func (m measured) printEnds(out io.Writer, p plan, size int) {
	jobs := jobSizes[size]
	fmt.Fprintf(out, "\n%s jobs of %v to %v over loopback HTTP, all begun at once and polled every %v:\n\n", thousands(jobs), p.from, p.to, p.every)
	header(out, []string{"library", "requests a job", "connections", "at once", "CPU, µs a job", "CPU, µs a request", "late by, s", "errors"})
	var notes []string
	for i, l := range libraries {
		e := m.ends[size][i]
		row(out, []string{l.name, fmt.Sprintf("%.2f", float64(e.Requests)/float64(jobs)), thousands(e.Opened), thousands(e.Peak),
			thousands(int(e.CPU.Microseconds()) / jobs), thousands(int(e.CPU.Microseconds() / max(e.Requests, 1))),
			fmt.Sprintf("%.2f", e.Late.Seconds()), thousands(e.Errors)})
		if e.Errors > 0 {
			notes = append(notes, fmt.Sprintf("%s: the first error was %q.", l.name, e.Error))
		}
	}
	if limit := openFiles(); limit < uint64(jobs)+100 {
		notes = append(notes, fmt.Sprintf("A process may open %d files here: a connection for each job is more.", limit))
	}
	for _, note := range notes {
		fmt.Fprintf(out, "\n%s\n", note)
	}
}

func header(out io.Writer, names []string) {
	row(out, names)
	fmt.Fprintln(out, strings.Repeat("|---", len(names))+"|")
}

func row(out io.Writer, cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }

// thousands prints n with a comma between each three digits.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
