package main

import (
	"errors"
	"fmt"
	"image/color"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// bulkSizes are the numbers of jobs that begin together.
var bulkSizes = []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}

// bulkJobs is the minimum number of jobs that are watched for each size. So there are more bulks of
// a small size.
const bulkJobs = 1000

// drawBulk draws the requests per job and the delay against the size of a bulk, for the learner and
// for schedules that learn nothing.
func drawBulk(int, int) ([][]*plot.Plot, error) {
	var panels [][]*plot.Plot
	for _, l := range []law{laws[1], laws[4]} {
		requests := newPlot("jobs that begin together: "+l.name, "jobs", "requests a job")
		delay := newPlot("jobs that begin together: "+l.name, "jobs", "mean delay, s")
		for _, p := range []*plot.Plot{requests, delay} {
			logarithmic(&p.X)
			p.Y.Min = 0
		}
		if err := errors.Join(addLearned(requests, delay, l), addFixed(requests, delay, l)); err != nil {
			return nil, err
		}
		requests.Y.Max *= 1.5 // room for the legend
		delay.Y.Max *= 1.5
		panels = append(panels, []*plot.Plot{requests, delay})
	}
	return panels, nil
}

// addLearned adds two learners: one that knows nothing, and one that has seen twenty jobs.
func addLearned(requests, delay *plot.Plot, l law) error {
	scores := make([][2]score, len(bulkSizes))
	together(len(bulkSizes), func(i int) {
		for n, taught := range []int{0, 20} {
			scores[i][n] = bulkOf(bulkSizes[i], taught, l)
		}
	})
	var errs []error
	for n, name := range []string{"Adaptive, About(5), untaught", "Adaptive, About(5), after 20 jobs"} {
		var x, y plotter.XYs
		for i, size := range bulkSizes {
			x = append(x, plotter.XY{X: float64(size), Y: scores[i][n].n})
			y = append(y, plotter.XY{X: float64(size), Y: scores[i][n].d})
		}
		dashes := dashed
		if n == 1 {
			dashes = nil
		}
		errs = append(errs, addLine(requests, name, blue, dashes, x), addLine(delay, name, blue, dashes, y))
	}
	return errors.Join(errs...)
}

// bulkOf returns the score of bulks of a size with a learner that was taught a number of jobs
// before.
func bulkOf(size, taught int, l law) score {
	var total score
	repetitions := max(1, bulkJobs/size)
	for rep := range repetitions {
		s := adaptive.New(adaptive.About(5))
		r := rand.New(rand.NewPCG(61, uint64(rep)))
		for i := range taught {
			w := world{Strategy: s}
			w.run([]*running{begun(-1-i, kindName, 0, l.quantile(r.Float64()))})
		}
		jobs := make([]*running, size)
		for i := range jobs {
			jobs[i] = begun(i, kindName, 0, l.quantile(r.Float64()))
			jobs[i].Key = fmt.Sprint("bulk-", rep, "-", i)
		}
		w := world{Strategy: s}
		w.run(slices.Clone(jobs))
		here := scoreOf(jobs)
		total.n += here.n / float64(repetitions)
		total.d += here.d / float64(repetitions)
	}
	return total
}

// addFixed adds schedules that learn nothing. Their score does not depend on the size of a bulk.
func addFixed(requests, delay *plot.Plot, l law) error {
	x := l.points(points)
	var errs []error
	for _, s := range []struct {
		peer
		color  color.Color
		dashes []vg.Length
	}{
		{peer{"Constant(2s)", ours(backoff.Constant(2 * time.Second))}, gray, nil},
		{peer{"Exponential(100ms, 2), at most 10s", ours(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second))}, orange, nil},
		{peer{"Quadratic(2s)", ours(backoff.Quadratic(2 * time.Second))}, orange, dashed},
	} {
		score := judge(s.begin, x, 1)
		across := func(y float64) plotter.XYs {
			return plotter.XYs{{X: float64(bulkSizes[0]), Y: y}, {X: float64(bulkSizes[len(bulkSizes)-1]), Y: y}}
		}
		errs = append(errs, addLine(requests, s.name, s.color, s.dashes, across(score.n)),
			addLine(delay, s.name, s.color, s.dashes, across(score.d)))
	}
	return errors.Join(errs...)
}
