package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pictures are the functions that draw the pictures, by name.
var pictures = map[string]func(repetitions, keys int) ([][]*plot.Plot, error){
	"frontier": drawFrontier, "learning": drawLearning, "schedules": drawSchedules, "bulk": drawBulk,
}

// drawAll draws the pictures in folder, each as SVG and PNG. If only is set, it draws just that
// one.
func drawAll(folder, only string, repetitions, keys int) error {
	if _, known := pictures[only]; only != "" && !known {
		return fmt.Errorf("there is no picture %q", only)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, picture := range pictures {
		if only != "" && name != only {
			continue
		}
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

var dashed = []vg.Length{vg.Points(5), vg.Points(3)}
