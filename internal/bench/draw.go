package main

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
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
	width, height := 14*vg.Centimeter*vg.Length(len(panels[0])), 10*vg.Centimeter*vg.Length(len(panels))
	svg := vgsvg.New(width, height)
	img := vgimg.New(width, height)
	for _, canvas := range []vg.CanvasSizer{svg, img} {
		tiles := draw.Tiles{Rows: len(panels), Cols: len(panels[0]), PadX: vg.Centimeter, PadY: vg.Centimeter,
			PadTop: vg.Centimeter / 2, PadBottom: vg.Centimeter / 4, PadLeft: vg.Centimeter / 4, PadRight: vg.Centimeter / 2}
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
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font.Size, p.Title.Padding = font.Length(11), vg.Points(6)
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = font.Length(9), font.Length(9)
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = font.Length(8), font.Length(8)
	p.BackgroundColor = color.White
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, -vg.Points(4), -vg.Points(4)
	p.Legend.TextStyle.Font.Size, p.Legend.Padding = font.Length(8), vg.Points(3)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	return p
}

func logarithmic(a *plot.Axis) { a.Scale, a.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1} }

var (
	dark   = color.RGBA{0x22, 0x22, 0x22, 0xff}
	blue   = color.RGBA{0x1f, 0x6f, 0xb4, 0xff}
	orange = color.RGBA{0xd9, 0x6b, 0x0b, 0xff}
	gray   = color.RGBA{0x77, 0x77, 0x77, 0xff}
)

// addLine adds a line with a name.
func addLine(p *plot.Plot, name string, c color.Color, dashes []vg.Length, at plotter.XYs) error {
	line, err := plotter.NewLine(at)
	if err != nil {
		return err
	}
	line.Color, line.Width, line.Dashes = c, vg.Points(1.4), dashes
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}

// addDots adds points with a name for all, and one for each beside it.
func addDots(p *plot.Plot, name string, c color.Color, shape draw.GlyphDrawer, at plotter.XYs, names []string, taken *[]box) error {
	dots, err := plotter.NewScatter(at)
	if err != nil {
		return err
	}
	dots.Color, dots.Shape, dots.Radius = c, shape, vg.Points(2.6)
	p.Add(dots)
	p.Legend.Add(name, dots)
	for i, xy := range at {
		spot, left := free(p, xy, names[i], taken)
		label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{spot}, Labels: names[i : i+1]})
		if err != nil {
			return err
		}
		label.TextStyle[0].Font.Size, label.TextStyle[0].Color = font.Length(7), c
		label.TextStyle[0].YAlign = draw.YCenter
		if left {
			label.TextStyle[0].XAlign = draw.XRight
		}
		p.Add(label)
	}
	return nil
}

// box is an area of a plot, from 0 to 1 each way.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) overlaps(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// free finds where the name of a point can stand without covering what is taken, and whether it
// then ends there.
func free(p *plot.Plot, at plotter.XY, name string, taken *[]box) (spot plotter.XY, left bool) {
	norm := func(a *plot.Axis, v float64) float64 { return math.Log(v/a.Min) / math.Log(a.Max/a.Min) }
	back := func(a *plot.Axis, u float64) float64 { return a.Min * math.Pow(a.Max/a.Min, u) }
	x, y := norm(&p.X, at.X), norm(&p.Y, at.Y)
	const gap, high, wide = 0.018, 0.042, 0.0152 // of a name, and of each of its letters
	width := wide * float64(len(name))
	for _, dy := range []float64{0, high, -high, 2 * high, -2 * high, 3 * high, -3 * high} {
		for _, left := range []bool{false, true} {
			b := box{x + gap, y + dy - high/2, x + gap + width, y + dy + high/2}
			if left {
				b.x0, b.x1 = x-gap-width, x-gap
			}
			blocked := b.x0 < 0 || b.x1 > 1 || b.y0 < 0 || b.y1 > 1
			for _, o := range *taken {
				blocked = blocked || b.overlaps(o)
			}
			if !blocked {
				*taken = append(*taken, b)
				spot = plotter.XY{X: back(&p.X, x+gap), Y: back(&p.Y, y+dy)}
				if left {
					spot.X = back(&p.X, x-gap)
				}
				return spot, left
			}
		}
	}
	return plotter.XY{X: back(&p.X, x+gap), Y: at.Y}, false
}

// drawFrontier draws requests a job against delay, for jobs of 5 to 15 s and for jobs of any
// duration.
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

func frontier(l law, name string, of func(score) float64, repetitions, keys int) (*plot.Plot, error) {
	x := l.points(points)
	p := newPlot("jobs: "+l.name, "requests a job", name)
	logarithmic(&p.X)
	logarithmic(&p.Y)
	var best plotter.XYs
	learned := map[seeing]plotter.XYs{}
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
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0.9, 25, 0.2, 110
	var at, others plotter.XYs
	var names, otherNames []string
	taken := []box{{0.45, 0.75, 1, 1}} // the legend
	keep := func(xy plotter.XY) bool {
		return xy.X >= p.X.Min && xy.X <= p.X.Max && xy.Y >= p.Y.Min && xy.Y <= p.Y.Max
	}
	for _, lines := range []plotter.XYs{best, learned[exact], learned[between]} {
		for _, xy := range lines {
			u, v := math.Log(xy.X/p.X.Min)/math.Log(p.X.Max/p.X.Min), math.Log(xy.Y/p.Y.Min)/math.Log(p.Y.Max/p.Y.Min)
			taken = append(taken, box{u - 0.012, v - 0.012, u + 0.012, v + 0.012})
		}
	}
	for _, other := range peers {
		s := judge(other.begin, x, keys)
		xy := plotter.XY{X: max(s.n, 1), Y: of(s)}
		if crowd := []string{"linear", "fibonacci", "decorrelated", "adaptive"}; !keep(xy) ||
			slices.ContainsFunc(crowd, func(name string) bool { return strings.HasPrefix(other.name, "ours: "+name) }) {
			continue
		}
		u, v := math.Log(xy.X/p.X.Min)/math.Log(p.X.Max/p.X.Min), math.Log(xy.Y/p.Y.Min)/math.Log(p.Y.Max/p.Y.Min)
		taken = append(taken, box{u - 0.012, v - 0.014, u + 0.012, v + 0.014})
		short, _, _ := strings.Cut(other.name, ", ")
		if mine, ok := strings.CutPrefix(short, "ours: "); ok {
			at, names = append(at, xy), append(names, mine)
		} else {
			others, otherNames = append(others, xy), append(otherNames, short)
		}
	}
	trim := func(line plotter.XYs) (out plotter.XYs) {
		for _, xy := range line {
			if keep(xy) {
				out = append(out, xy)
			}
		}
		return out
	}
	return p, errors.Join(
		addLine(p, "the best that is possible", dark, nil, trim(best)),
		addLine(p, "Adaptive, 20 jobs seen: their exact ends", blue, nil, trim(learned[exact])),
		addLine(p, "Adaptive, 20 jobs seen: its own polls alone", orange, []vg.Length{vg.Points(5), vg.Points(3)}, trim(learned[between])),
		addDots(p, "other libraries", gray, draw.RingGlyph{}, others, otherNames, &taken),
		addDots(p, "ours that learn nothing", blue, draw.TriangleGlyph{}, at, names, &taken),
	)
}

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
			c, dashes = orange, []vg.Length{vg.Points(5), vg.Points(3)}
		}
		if err := addLine(p, name, c, dashes, line); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.Y.Max = 1, 2
	return [][]*plot.Plot{{p}}, nil
}

// drawSchedules draws elapsed time by attempt, with the band over many keys, one strategy a panel.
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
		line, dots, err := plotter.NewLinePoints(mid)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color, dots.Radius = blue, blue, vg.Points(2)
		p.Add(line, dots)
		p.Y.Min = 0
		if i%2 == 0 {
			panels = append(panels, nil)
		}
		panels[len(panels)-1] = append(panels[len(panels)-1], p)
	}
	return panels, nil
}
