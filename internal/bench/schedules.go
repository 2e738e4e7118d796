package main

import (
	"fmt"
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// drawSchedules draws the elapsed time by attempt, with its range over many keys, one panel for
// each strategy.
func drawSchedules(int, int) ([][]*plot.Plot, error) {
	taught := adaptive.New(adaptive.Worth(time.Second))
	duration := source(laws[1], 1)
	for i := range 20 {
		train(taught, exact, fmt.Sprint(i), duration())
	}
	strategies := []peer{
		{"Constant(2s)", ours(backoff.Constant(2 * time.Second))},
		{"Jitter(Cap(Exponential(100ms, 2), 10s), 0.1)", ours(backoff.Jitter(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second), 0.1))},
		{"Quadratic(1s)", ours(backoff.Quadratic(time.Second))},
		{"DecorrelatedJitter(500ms, 10s)", ours(backoff.DecorrelatedJitter(500*time.Millisecond, 10*time.Second))},
		{"Adaptive, Worth(1s), untaught", ours(adaptive.New(adaptive.Worth(time.Second)))},
		{"Adaptive, Worth(1s), after 20 jobs of 5-15 s", ours(taught)},
	}
	var panels [][]*plot.Plot
	for i, s := range strategies {
		p, err := schedule(s)
		if err != nil {
			return nil, err
		}
		if i%2 == 0 {
			panels = append(panels, nil)
		}
		panels[len(panels)-1] = append(panels[len(panels)-1], p)
	}
	return panels, nil
}

// schedule draws one panel of drawSchedules.
func schedule(s peer) (*plot.Plot, error) {
	const attempts, watches = 12, 200
	p := newPlot(s.name, "attempt", "elapsed, s")
	low, mid, high := make(plotter.XYs, attempts), make(plotter.XYs, attempts), make(plotter.XYs, attempts)
	for a := range attempts {
		low[a] = plotter.XY{X: float64(a), Y: math.Inf(1)}
		mid[a].X, high[a].X = float64(a), float64(a)
	}
	for k := range watches {
		next := s.begin(fmt.Sprint(k))
		elapsed := 0.0
		for a := range attempts {
			elapsed += next().Seconds()
			low[a].Y = min(low[a].Y, elapsed)
			high[a].Y = max(high[a].Y, elapsed)
			mid[a].Y += elapsed / watches
		}
	}
	band := append(plotter.XYs(nil), low...)
	for a := attempts - 1; a >= 0; a-- {
		band = append(band, high[a])
	}
	area, err := plotter.NewPolygon(band)
	if err != nil {
		return nil, err
	}
	area.Color = color.RGBA{R: 0xc8, G: 0xd8, B: 0xf0, A: 0xff}
	area.LineStyle.Width = 0
	p.Add(area)
	line, dots, err := plotter.NewLinePoints(mid)
	if err != nil {
		return nil, err
	}
	line.Color, dots.Color, dots.Radius = blue, blue, vg.Points(2)
	p.Add(line, dots)
	p.Y.Min = 0
	return p, nil
}
