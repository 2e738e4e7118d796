package main

import (
	"errors"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// drawFrontier draws the requests per job against the delay, for jobs of 5 to 15 s and for jobs of
// any duration.
func drawFrontier(repetitions, keys int) ([][]*plot.Plot, error) {
	var panels [][]*plot.Plot
	for _, l := range []law{laws[1], laws[4]} {
		var line []*plot.Plot
		for _, part := range []struct {
			name string
			of   func(score) float64
		}{{"mean delay, s", func(s score) float64 { return s.d }}, {"99th percentile of delay, s", func(s score) float64 { return s.p99 }}} {
			p, err := frontier(l, part.name, part.of, min(repetitions, 5), keys)
			if err != nil {
				return nil, err
			}
			line = append(line, p)
		}
		panels = append(panels, line)
	}
	return panels, nil
}

// frontier draws one panel of drawFrontier.
func frontier(l law, name string, of func(score) float64, repetitions, keys int) (*plot.Plot, error) {
	x := l.points(points)
	p := newPlot("jobs: "+l.name, "requests a job", name)
	logarithmic(&p.X)
	logarithmic(&p.Y)
	best, learned := frontierLines(l, x, of, repetitions, keys)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0.9, 25, 0.2, 110
	taken := []box{{0.45, 0.75, 1, 1}} // the legend
	for _, lines := range []plotter.XYs{best, learned[exact], learned[between]} {
		for _, xy := range lines {
			taken = append(taken, around(p, xy, 0.012, 0.012))
		}
	}
	at, names, others, otherNames := frontierDots(p, x, of, keys, &taken)
	trim := func(line plotter.XYs) (out plotter.XYs) {
		for _, xy := range line {
			if within(p, xy) {
				out = append(out, xy)
			}
		}
		return out
	}
	return p, errors.Join(
		addLine(p, "the best that is possible", dark, nil, trim(best)),
		addLine(p, "Adaptive, 20 jobs seen: their exact ends", blue, nil, trim(learned[exact])),
		addLine(p, "Adaptive, 20 jobs seen: its own polls alone", orange, dashed, trim(learned[between])),
		addDots(p, "other libraries", gray, draw.RingGlyph{}, others, otherNames, &taken),
		addDots(p, "ours that learn nothing", blue, draw.TriangleGlyph{}, at, names, &taken),
	)
}

// frontierLines returns the best possible scores and the learner's scores, for many worths.
func frontierLines(l law, x []float64, of func(score) float64, repetitions, keys int) (best plotter.XYs, learned map[seeing]plotter.XYs) {
	learned = map[seeing]plotter.XYs{}
	for k := 0.02; k < 60; k *= 1.3 {
		c := cell{law: l, kappa: k, x: x}
		s := judgeTimes(oracle(x, k), x)
		best = append(best, plotter.XY{X: s.n, Y: of(s)})
		for _, see := range []seeing{exact, between} {
			var n, d average
			for _, s := range c.course(see, []int{20}, repetitions, keys)[0] {
				n.add(s.n)
				d.add(of(s))
			}
			learned[see] = append(learned[see], plotter.XY{X: n.arithmetic(), Y: d.arithmetic()})
		}
	}
	return best, learned
}

// frontierDots returns the scores and names of schedules that learn nothing, both ours and those of
// other libraries.
func frontierDots(p *plot.Plot, x []float64, of func(score) float64, keys int, taken *[]box) (at plotter.XYs, names []string, others plotter.XYs, otherNames []string) {
	crowd := []string{"linear", "fibonacci", "decorrelated", "adaptive"}
	for _, other := range peers {
		s := judge(other.begin, x, keys)
		xy := plotter.XY{X: max(s.n, 1), Y: of(s)}
		if !within(p, xy) || slices.ContainsFunc(crowd, func(name string) bool { return strings.HasPrefix(other.name, "ours: "+name) }) {
			continue
		}
		*taken = append(*taken, around(p, xy, 0.012, 0.014))
		short, _, _ := strings.Cut(other.name, ", ")
		if mine, ok := strings.CutPrefix(short, "ours: "); ok {
			at, names = append(at, xy), append(names, mine)
		} else {
			others, otherNames = append(others, xy), append(otherNames, short)
		}
	}
	return at, names, others, otherNames
}

// within reports whether a point is in the plot.
func within(p *plot.Plot, xy plotter.XY) bool {
	return xy.X >= p.X.Min && xy.X <= p.X.Max && xy.Y >= p.Y.Min && xy.Y <= p.Y.Max
}

// around is the area around a point of a plot with logarithmic axes.
func around(p *plot.Plot, xy plotter.XY, wide, high float64) box {
	u, v := math.Log(xy.X/p.X.Min)/math.Log(p.X.Max/p.X.Min), math.Log(xy.Y/p.Y.Min)/math.Log(p.Y.Max/p.Y.Min)
	return box{u - wide, v - high, u + wide, v + high}
}
