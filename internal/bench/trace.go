package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// traced is one job of a trace.
type traced struct {
	t        float64
	kind     string
	duration float64
}

// readTrace reads lines of t,kind,duration_s, in seconds, and returns the jobs in order of t. It
// skips a first line that begins with "t,". The error names the line.
func readTrace(r io.Reader) ([]traced, error) {
	var jobs []traced
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || n == 1 && strings.HasPrefix(line, "t,") {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d: want t,kind,duration_s, got %q", n, line)
		}
		t, err := strconv.ParseFloat(strings.TrimSpace(fields[0]), 64)
		if err != nil || math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, fmt.Errorf("line %d: t is no number: %q", n, fields[0])
		}
		d, err := strconv.ParseFloat(strings.TrimSpace(fields[2]), 64)
		if err != nil || !(d > 0 && d < 1e8) {
			return nil, fmt.Errorf("line %d: duration_s is no number of seconds: %q", n, fields[2])
		}
		jobs = append(jobs, traced{t, strings.TrimSpace(fields[1]), d})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(jobs, func(a, b traced) int {
		switch {
		case a.t < b.t:
			return -1
		case a.t > b.t:
			return 1
		}
		return 0
	})
	return jobs, nil
}

// traceTable prints the cost of the jobs of each kind, divided by the cost of the best static
// schedule in hindsight. Each job is watched before the learner learns from it. The price of a
// request is the delay at which κ·E[T] = worth.
func traceTable(w io.Writer, jobs []traced, worth float64) {
	kinds := map[string][]float64{}
	for _, j := range jobs {
		kinds[j.kind] = append(kinds[j.kind], j.duration)
	}
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(w, "\nTrace of %d jobs, κ·E[T] = %v; cost over that of the best static schedule in hindsight:\n\n", len(jobs), worth)
	row(w, "kind", "jobs", "mean, s", "told exact ends", "its own polls only", "best fixed interval", "n²/κ", "polls (own)", "mean delay (own), s")
	rule(w, 9)
	var totals [4]average
	for _, name := range names {
		x := kinds[name]
		kappa := worth / mean(x)
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		best := judgeTimes(oracle(sorted, kappa), sorted).cost(kappa)
		own := prequential(between, name, x, kappa)
		ratios := []float64{
			prequential(exact, name, x, kappa).cost(kappa) / best,
			own.cost(kappa) / best,
			bestFixed(sorted, kappa).cost(kappa) / best,
			judge(ours(backoff.Quadratic(time.Duration(1e9/kappa))), sorted, 1).cost(kappa) / best,
		}
		values := []any{name, len(x), f2(mean(x))}
		for i, r := range ratios {
			totals[i].add(r)
			values = append(values, f3(r))
		}
		row(w, append(values, f2(own.n), f2(own.d))...)
	}
	row(w, "geometric mean", len(jobs), "", f3(totals[0].geometric()), f3(totals[1].geometric()), f3(totals[2].geometric()), f3(totals[3].geometric()), "", "")
}

// prequential scores a learner that watches each duration before it learns from it.
func prequential(see seeing, kind string, x []float64, kappa float64) (total score) {
	s := adaptive.New(adaptive.Worth(time.Duration(float64(time.Second) / kappa)))
	for i, d := range x {
		key := kind + "-" + strconv.Itoa(i)
		polls, after, before := watch(s, key, d)
		total.n += float64(polls) / float64(len(x))
		total.d += (before.Seconds() - d) / float64(len(x))
		o := backoff.Outcome{Key: key, Kind: kindName, After: after, Before: before, Ended: true}
		if see == exact {
			o.After = seconds(d)
			o.Before = o.After
		}
		s.Observe(o)
	}
	return total
}
