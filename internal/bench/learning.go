package main

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// drawLearning draws the learner's cost against jobs seen.
func drawLearning(repetitions, keys int) ([][]*plot.Plot, error) {
	at := []int{0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200, 500, 1000}
	p := newPlot("What learning is worth", "jobs seen, and one", "cost over the least possible")
	logarithmic(&p.X)
	all := cells()
	for _, see := range []seeing{exact, between} {
		courses := make([][][]score, len(all))
		each(all, func(i int, c cell) { courses[i] = c.course(see, at, min(repetitions, 5), min(keys, 50)) })
		var line plotter.XYs
		for n, jobs := range at {
			var a average
			for i, c := range all {
				for _, s := range courses[i][n] {
					a.add(c.ratio(s))
				}
			}
			line = append(line, plotter.XY{X: float64(jobs + 1), Y: a.geometric()})
		}
		name, c, dashes := "told "+see.String(), color.Color(blue), []vg.Length(nil)
		if see == between {
			c, dashes = orange, dashed
		}
		if err := addLine(p, name, c, dashes, line); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.Y.Max = 1, 2
	return [][]*plot.Plot{{p}}, nil
}
