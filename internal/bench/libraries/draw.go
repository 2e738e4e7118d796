package main

import (
	"cmp"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// draw draws what grows, as PNG files in a folder.
func (m measured) draw(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	waits := func(of func(h held, n float64) float64) func(l, size int) (float64, bool) {
		return func(l, size int) (float64, bool) {
			h := m.waits[size][l]
			if h == nil {
				return 0, false
			}
			return of(*h, float64(waitSizes[size])), true
		}
	}
	ends := func(of func(e end, n float64) float64) func(l, size int) (float64, bool) {
		return func(l, size int) (float64, bool) { return of(m.ends[size][l], float64(jobSizes[size])), true }
	}
	for name, panels := range map[string][][]panel{
		"waits": {{
			{"Memory of a wait", "waits", "bytes each", true, waitSizes, waits(func(h held, _ float64) float64 { return h.Bytes })},
			{"Goroutines", "waits", "goroutines", true, waitSizes, waits(func(h held, n float64) float64 { return h.Goroutines * n })},
		}},
		"loopback": {{
			{"CPU time", "jobs", "ms a job", false, jobSizes, ends(func(e end, n float64) float64 { return e.CPU.Seconds() * 1000 / n })},
			{"How late the end is heard of", "jobs", "mean, s", false, jobSizes, ends(func(e end, _ float64) float64 { return e.Late.Seconds() })},
		}, {
			{"Connections opened", "jobs", "connections", true, jobSizes, ends(func(e end, _ float64) float64 { return float64(e.Opened) })},
			{"Connections at once", "jobs", "connections", true, jobSizes, ends(func(e end, _ float64) float64 { return float64(e.Peak) })},
		}},
	} {
		if err := save(filepath.Join(folder, name+".png"), panels); err != nil {
			return err
		}
	}
	return nil
}

// panel is one figure of all libraries, by size.
type panel struct {
	title, x, y string
	log         bool // y too, as x always is
	sizes       []int
	value       func(library, size int) (v float64, ok bool)
}

func save(path string, panels [][]panel) error {
	plots := make([][]*plot.Plot, len(panels))
	for i, line := range panels {
		for _, p := range line {
			drawn, err := p.plot()
			if err != nil {
				return err
			}
			plots[i] = append(plots[i], drawn)
		}
	}
	rows, cols := len(plots), len(plots[0])
	canvas := vgimg.New(vg.Length(cols)*14*vg.Centimeter, vg.Length(rows)*10*vg.Centimeter)
	tiles := draw.Tiles{Rows: rows, Cols: cols, PadX: vg.Centimeter, PadY: vg.Centimeter,
		PadTop: vg.Centimeter / 2, PadBottom: vg.Centimeter / 4, PadLeft: vg.Centimeter / 4, PadRight: vg.Centimeter / 2}
	for i, line := range plot.Align(plots, tiles, draw.New(canvas)) {
		for j, c := range line {
			plots[i][j].Draw(c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// colors are those of the libraries that are not ours.
var colors = []color.Color{
	color.RGBA{0x22, 0x22, 0x22, 0xff}, color.RGBA{0x2a, 0x8a, 0x3c, 0xff}, color.RGBA{0xd9, 0x6b, 0x0b, 0xff},
	color.RGBA{0x9a, 0x4f, 0xb3, 0xff}, color.RGBA{0xb5, 0x8a, 0x00, 0xff}, color.RGBA{0xc2, 0x3b, 0x50, 0xff},
	color.RGBA{0x7a, 0x5c, 0x45, 0xff},
}

var blue = color.RGBA{0x1f, 0x6f, 0xb4, 0xff}

// plot draws a line for each library, with its name at the end.
func (p panel) plot() (*plot.Plot, error) {
	d := p.frame()
	var names []name
	other := 0
	for l, lib := range libraries {
		var at plotter.XYs
		for i, n := range p.sizes {
			if v, ok := p.value(l, i); ok && v > 0 {
				at = append(at, plotter.XY{X: float64(n), Y: v})
			}
		}
		if len(at) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(at)
		if err != nil {
			return nil, err
		}
		lib.style(line, &other)
		dots.Color, dots.Radius, dots.Shape = line.Color, vg.Points(2), draw.CircleGlyph{}
		d.Add(line, dots)
		names = append(names, name{lib.name, line.Color, at[len(at)-1]})
	}
	first, last := float64(p.sizes[0]), float64(p.sizes[len(p.sizes)-1])
	d.X.Min, d.X.Max = first/1.1, last*math.Pow(last/first, 0.5) // the names stand on the right
	if len(names) == 0 {
		d.Y.Min, d.Y.Max = 1, 1
	}
	if p.log {
		d.Y.Scale, d.Y.Tick.Marker = plot.LogScale{}, decades{}
		d.Y.Min, d.Y.Max = down(d.Y.Min), max(up(d.Y.Max), 10*down(d.Y.Min))
	} else {
		d.Y.Min, d.Y.Max = 0, d.Y.Max*1.1
	}
	return d, addNames(d, names)
}

// frame is the plot without its lines.
func (p panel) frame() *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	plotter.DefaultFont = plot.DefaultFont
	d := plot.New()
	d.Title.Text, d.X.Label.Text, d.Y.Label.Text = p.title, p.x, p.y
	d.Title.TextStyle.Font.Size, d.Title.Padding = font.Length(11), vg.Points(6)
	for _, a := range []*plot.Axis{&d.X, &d.Y} {
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = font.Length(9), font.Length(8)
	}
	d.BackgroundColor = color.White
	d.X.Scale = plot.LogScale{}
	var marks plot.ConstantTicks
	for _, n := range p.sizes {
		marks = append(marks, plot.Tick{Value: float64(n), Label: thousands(n)})
	}
	d.X.Tick.Marker = marks
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	d.Add(grid)
	return d
}

// style sets how the line of l looks. other counts the lines that are not ours.
func (l library) style(line *plotter.Line, other *int) {
	line.Width = vg.Points(1.2)
	switch {
	case l.name == ourName:
		line.Color, line.Width = blue, vg.Points(2.4)
	case l.name == slackName:
		line.Color, line.Dashes = blue, []vg.Length{vg.Points(1.5), vg.Points(2)}
	case l.ours():
		line.Color, line.Dashes = blue, []vg.Length{vg.Points(5), vg.Points(3)}
	default:
		line.Color = colors[*other%len(colors)]
		*other++
	}
}

// down and up round v to a power of ten; one that is off by the last digits counts as such.
func down(v float64) float64 { return math.Pow(10, math.Floor(math.Log10(v)+1e-9)) }
func up(v float64) float64   { return math.Pow(10, math.Ceil(math.Log10(v)-1e-9)) }

// decades marks the powers of ten.
type decades struct{}

func (decades) Ticks(low, high float64) (marks []plot.Tick) {
	for v := up(low); v <= high*1.001; v *= 10 {
		marks = append(marks, plot.Tick{Value: v, Label: thousands(int(v + 0.5))})
	}
	return marks
}

// name is one that stands at the end of a line.
type name struct {
	text  string
	color color.Color
	at    plotter.XY
}

// addNames writes names beside the points where their lines end, as far above or below as it takes
// to read them.
func addNames(p *plot.Plot, names []name) error {
	const high = 0.043 // of a name, as a share of the axis
	byEnd := map[float64][]name{}
	for _, n := range names {
		byEnd[n.at.X] = append(byEnd[n.at.X], n)
	}
	for x, group := range byEnd {
		slices.SortStableFunc(group, func(a, b name) int { return cmp.Compare(a.at.Y, b.at.Y) })
		ys := make([]float64, len(group))
		for i, n := range group {
			ys[i] = p.Y.Norm(n.at.Y)
		}
		for i, y := range spread(ys, high, high/2, 1-high/2) {
			label, err := plotter.NewLabels(plotter.XYLabels{
				XYs:    plotter.XYs{{X: x * math.Pow(p.X.Max/p.X.Min, 0.015), Y: at(p.Y, y)}},
				Labels: []string{group[i].text},
			})
			if err != nil {
				return err
			}
			style := &label.TextStyle[0]
			style.Font.Size, style.Color, style.YAlign = font.Length(8), group[i].color, draw.YCenter
			p.Add(label)
		}
	}
	return nil
}

// at returns the value that stands at a share of an axis.
func at(a plot.Axis, share float64) float64 {
	if _, ok := a.Scale.(plot.LogScale); ok {
		return a.Min * math.Pow(a.Max/a.Min, share)
	}
	return a.Min + (a.Max-a.Min)*share
}

// spread moves ascending values apart, so that each is gap above the one before it, all within low
// and high if they fit.
func spread(ys []float64, gap, low, high float64) []float64 {
	type block struct {
		sum  float64 // of where its values would have its first
		n    int
		from float64
	}
	settle := func(b block) block {
		b.from = max(min(b.sum/float64(b.n), high-gap*float64(b.n-1)), low)
		return b
	}
	var blocks []block
	for _, y := range ys {
		b := settle(block{sum: y, n: 1})
		for len(blocks) > 0 && blocks[len(blocks)-1].from+gap*float64(blocks[len(blocks)-1].n) > b.from {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			b = settle(block{sum: last.sum + b.sum - gap*float64(last.n*b.n), n: last.n + b.n})
		}
		blocks = append(blocks, b)
	}
	var out []float64
	for _, b := range blocks {
		for i := range b.n {
			out = append(out, b.from+gap*float64(i))
		}
	}
	return out
}
