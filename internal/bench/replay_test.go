package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// synthetic is a trace of two kinds whose jobs overlap: users submit them in bulks.
func synthetic(t *testing.T) []traced {
	t.Helper()
	var lines strings.Builder
	lines.WriteString("t,kind,duration_s\n")
	r := rand.New(rand.NewPCG(1, 2))
	for bulk := range 10 {
		for range 40 {
			fmt.Fprintf(&lines, "%d,render,%.3f\n", 100*bulk, laws[1].quantile(r.Float64()))
			fmt.Fprintf(&lines, "%.1f,index,%.3f\n", 100*(float64(bulk)+r.Float64()), laws[4].quantile(r.Float64()))
		}
	}
	jobs, err := readTrace(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestReplayKeepsTheOverlapOfATrace(t *testing.T) {
	t.Parallel()
	all := replays([]traced{{0, "a", 10}, {5, "a", 10}, {15, "a", 10}, {16, "a", 1}, {0, "b", 1}}, 0)
	if len(all) != 2 || all[0].kind != "a" || all[0].atOnce() != 2 || all[1].atOnce() != 1 {
		t.Errorf("%+v", all)
	}
	if x := all[0].durations(); !slices.IsSorted(x) || len(x) != 4 {
		t.Errorf("%v", x)
	}
}

func TestReplayOfBurstsBeginsSoManyTogether(t *testing.T) {
	t.Parallel()
	all := replays(synthetic(t), 100)
	for _, r := range all {
		if got := r.atOnce(); got < 100 {
			t.Errorf("%s: %d at once", r.kind, got)
		}
		for i, j := range r.jobs {
			if j.t != r.jobs[i-i%100].t {
				t.Fatalf("%s: job %d begins at %v", r.kind, i, j.t)
			}
		}
	}
}

// A bulk costs less than its jobs one by one.
func TestReplayOfATraceInBulkCostsLittle(t *testing.T) {
	t.Parallel()
	for _, burst := range []int{0, 200} {
		var out strings.Builder
		replayTable(&out, replays(synthetic(t), burst), 50)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		last := strings.Split(lines[len(lines)-1], "|")
		if len(lines) != 7 || len(last) != 10 {
			t.Fatalf("a table of %d lines: %s", len(lines), out.String())
		}
		for column, most := range map[int]float64{4: 5.5, 5: 1.6, 7: 1.6} {
			var got float64
			if _, err := fmt.Sscan(last[column], &got); err != nil || got > most || got < 0.5 {
				t.Errorf("bursts of %d: column %d is %q, want at most %v", burst, column, last[column], most)
			}
		}
	}
}
