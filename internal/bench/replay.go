package main

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"

	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// replayed are the jobs of one kind of a trace, as they overlapped.
type replayed struct {
	kind string
	jobs []traced
}

// replays sorts the jobs of a trace by kind. If burst is above 1, groups of that many jobs of a
// kind begin together, at the begin of their first job.
func replays(jobs []traced, burst int) []replayed {
	kinds := map[string][]traced{}
	for _, j := range jobs {
		kinds[j.kind] = append(kinds[j.kind], j)
	}
	var all []replayed
	for kind, of := range kinds {
		if burst > 1 {
			for i := range of {
				of[i].t = of[i-i%burst].t
			}
		}
		all = append(all, replayed{kind, of})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].kind < all[j].kind })
	return all
}

// atOnce returns the maximum number of jobs that ran at once.
func (r replayed) atOnce() int {
	type edge struct {
		t  float64
		by int
	}
	var edges []edge
	for _, j := range r.jobs {
		edges = append(edges, edge{j.t, 1}, edge{j.t + j.duration, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		switch {
		case a.t < b.t:
			return -1
		case a.t > b.t:
			return 1
		}
		return a.by - b.by // at the same time, ends come before begins
	})
	now, most := 0, 0
	for _, e := range edges {
		now += e.by
		most = max(most, now)
	}
	return most
}

// durations returns the durations of the jobs, in order.
func (r replayed) durations() []float64 {
	x := make([]float64, len(r.jobs))
	for i, j := range r.jobs {
		x[i] = j.duration
	}
	slices.Sort(x)
	return x
}

// watch replays the jobs with a Learner that knows nothing yet.
func (r replayed) watch(opt adaptive.Option) score {
	jobs := make([]*running, len(r.jobs))
	for i, j := range r.jobs {
		jobs[i] = begun(i, r.kind, j.t, j.duration)
		jobs[i].Key = r.kind + "-" + strconv.Itoa(i)
	}
	w := world{Strategy: adaptive.New(opt)}
	w.run(slices.Clone(jobs))
	return scoreOf(jobs)
}

// replayTable prints, for each kind, the cost of a trace with the overlap of its jobs, divided by
// the cost of the best static schedule in hindsight.
func replayTable(w io.Writer, all []replayed, worth float64) {
	fmt.Fprintf(w, "\nThe same as the jobs overlapped: requests a job, and cost over that of the best static schedule in hindsight, with its own polls:\n\n")
	row(w, "kind", "jobs", "at once", "About(5): requests", "cost", "Worth: requests", "cost", "best: requests")
	rule(w, 8)
	var requests, cost [2]average
	for _, r := range all {
		x := r.durations()
		mean := mean(x)
		kappa := worth / mean
		best := judgeTimes(oracle(x, kappa), x)
		values := []any{r.kind, len(x), r.atOnce()}
		for i, opt := range []adaptive.Option{adaptive.About(5), adaptive.Worth(seconds(1 / kappa))} {
			s := r.watch(opt)
			requests[i].add(s.n)
			cost[i].add(s.cost(kappa) / best.cost(kappa))
			values = append(values, f2(s.n), f2(s.cost(kappa)/best.cost(kappa)))
		}
		row(w, append(values, f2(best.n))...)
	}
	row(w, "geometric mean", "", "", f2(requests[0].geometric()), f2(cost[0].geometric()), f2(requests[1].geometric()), f2(cost[1].geometric()), "")
}
