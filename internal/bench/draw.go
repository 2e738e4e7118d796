package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// drawAll draws the pictures in folder, each as SVG and PNG.
func drawAll(folder string, repetitions, keys int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, picture := range map[string]func(int, int) ([][]*plot.Plot, error){
		"frontier": drawFrontier, "learning": drawLearning, "schedules": drawSchedules,
	} {
		panels, err := picture(repetitions, keys)
		if err != nil {
			return err
		}
		if err := save(filepath.Join(folder, name), panels); err != nil {
			return err
		}
	}
	return nil
}

// save writes rows of panels as one picture.
func save(path string, panels [][]*plot.Plot) (err error) {
	width, height := 12*vg.Centimeter*vg.Length(len(panels[0])), 10*vg.Centimeter*vg.Length(len(panels))
	svg := vgsvg.New(width, height)
	img := vgimg.New(width, height)
	for _, canvas := range []vg.CanvasSizer{svg, img} {
		tiles := draw.Tiles{Rows: len(panels), Cols: len(panels[0]), PadX: vg.Centimeter / 2, PadY: vg.Centimeter / 2}
		for i, line := range plot.Align(panels, tiles, draw.New(canvas)) {
			for j, c := range line {
				panels[i][j].Draw(c)
			}
		}
	}
	for ext, write := range map[string]func(*os.File) error{
		".svg": func(f *os.File) error { _, err := svg.WriteTo(f); return err },
		".png": func(f *os.File) error { _, err := vgimg.PngCanvas{Canvas: img}.WriteTo(f); return err },
	} {
		f, err := os.Create(path + ext)
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.BackgroundColor = color.White
	p.Legend.Top = true
	p.Legend.TextStyle.Font.Size = font.Length(8)
	p.Add(plotter.NewGrid())
	return p
}

func logarithmic(a *plot.Axis) { a.Scale, a.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1} }

// drawFrontier draws requests a job against delay, for jobs of 5 to 15 s and for jobs of any duration.
func drawFrontier(repetitions, keys int) ([][]*plot.Plot, error) {
	var panels [][]*plot.Plot
	for _, l := range []law{laws[1], laws[4]} {
		x := l.points(points)
		var line []*plot.Plot
		for _, part := range []struct {
			name string
			of   func(score) float64
		}{{"mean delay, s", func(s score) float64 { return s.d }}, {"99th percentile of delay, s", func(s score) float64 { return s.p99 }}} {
			p := newPlot(l.name+", after 20 jobs", "requests a job", part.name)
			logarithmic(&p.X)
			logarithmic(&p.Y)
			var best, learned plotter.XYs
			for k := 0.02; k < 60; k *= 1.3 {
				c := cell{law: l, kappa: k, x: x}
				s := judgeTimes(oracle(x, k), x)
				best = append(best, plotter.XY{X: s.n, Y: max(part.of(s), 1e-3)})
				var n, d average
				for _, s := range c.course(exact, []int{20}, min(repetitions, 5), keys)[0] {
					n.add(s.n)
					d.add(part.of(s))
				}
				learned = append(learned, plotter.XY{X: n.arithmetic(), Y: d.arithmetic()})
			}
			if err := plotutil.AddLines(p, "the best that is possible", best, "adaptive", learned); err != nil {
				return nil, err
			}
			var at plotter.XYs
			var names []string
			for _, other := range peers {
				if strings.HasPrefix(other.name, "ours") {
					continue // they have a picture of their own
				}
				s := judge(other.begin, x, keys)
				at = append(at, plotter.XY{X: max(s.n, 1), Y: max(part.of(s), 1e-3)})
				names = append(names, " "+other.name)
			}
			dots, err := plotter.NewScatter(at)
			if err != nil {
				return nil, err
			}
			labels, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: names})
			if err != nil {
				return nil, err
			}
			for i := range labels.TextStyle {
				labels.TextStyle[i].Font.Size = font.Length(6)
			}
			p.Add(dots, labels)
			line = append(line, p)
		}
		panels = append(panels, line)
	}
	return panels, nil
}

// drawLearning draws the learner's cost against jobs seen.
func drawLearning(repetitions, keys int) ([][]*plot.Plot, error) {
	at := []int{0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200, 500, 1000}
	p := newPlot("cost over the best that is possible (geometric mean over laws)", "jobs seen + 1", "cost / oracle")
	logarithmic(&p.X)
	all := cells()
	var lines []any
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
		lines = append(lines, "told "+see.String(), line)
	}
	p.Y.Min = 1
	return [][]*plot.Plot{{p}}, plotutil.AddLinePoints(p, lines...)
}

// drawSchedules draws elapsed time by attempt, with the band over many keys, one strategy a panel.
func drawSchedules(int, int) ([][]*plot.Plot, error) {
	taught := backoff.NewAdaptive(backoff.Worth(time.Second))
	draw := source(laws[1], 1)
	for i := range 20 {
		train(taught, exact, fmt.Sprint(i), draw())
	}
	strategies := []peer{
		{"Constant(2s)", ours(backoff.Constant(2 * time.Second))},
		{"Jitter(Cap(Exponential(100ms, 2), 10s), 0.1)", ours(backoff.Jitter(backoff.Cap(backoff.Exponential(100*time.Millisecond, 2), 10*time.Second), 0.1))},
		{"Quadratic(1s)", ours(backoff.Quadratic(time.Second))},
		{"DecorrelatedJitter(500ms, 10s)", ours(backoff.DecorrelatedJitter(500*time.Millisecond, 10*time.Second))},
		{"Adaptive, Worth(1s), untaught", ours(backoff.NewAdaptive(backoff.Worth(time.Second)))},
		{"Adaptive, Worth(1s), after 20 jobs of 5-15 s", ours(taught)},
	}
	const attempts, watches = 12, 200
	var panels [][]*plot.Plot
	for i, s := range strategies {
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
		if err := plotutil.AddLinePoints(p, mid); err != nil {
			return nil, err
		}
		if i%2 == 0 {
			panels = append(panels, nil)
		}
		panels[len(panels)-1] = append(panels[len(panels)-1], p)
	}
	return panels, nil
}
