package main

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// addDots adds points with one name for all of them, and a name beside each.
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

// free finds a place for the name of a point that covers no taken area. It reports whether the name
// ends at the point.
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
