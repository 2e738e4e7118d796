package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	barWidth   = 32 // where there is room
	stateWidth = 11
	shareWidth = 5
	below      = 1 << 20 // the place of what stands below all rows
)

// How a column is aligned.
const (
	left  = decor.DindentRight
	right = 0
	even  = decor.DSyncWidth // as wide as in all rows
)

func text(align, width int, f func() string) decor.Decorator {
	return decor.Any(func(decor.Statistics) string { return f() }, decor.WC{C: align, W: width})
}

// bar is the row at a place, whichever job is in it.
func (s *screen) bar(at int) (*mpb.Bar, error) {
	get := func() (row, time.Time) {
		f := s.frame.Load()
		if at < len(f.rows) {
			return f.rows[at], f.now
		}
		return row{}, f.now
	}
	column := func(align, width int, f func(row, time.Time) string) decor.Decorator {
		return text(align, width, func() string {
			r, now := get()
			if r.id == "" {
				return ""
			}
			return f(r, now)
		})
	}
	colored := func(d decor.Decorator) decor.Decorator {
		return decor.Meta(d, func(text string) string { r, _ := get(); return color(r)(text) })
	}
	dimmed := func(d decor.Decorator) decor.Decorator { return decor.Meta(d, dim) }
	return s.progress.Add(0, fill(get), mpb.BarPriority(at),
		mpb.PrependDecorators(
			column(left|even, 0, func(r row, _ time.Time) string { return r.id }),
			colored(column(left, stateWidth, func(r row, _ time.Time) string { return "  " + state(r) }))),
		mpb.AppendDecorators(
			column(right, shareWidth, func(r row, _ time.Time) string { return percent(r.status.Progress) }),
			column(right, 0, func(r row, now time.Time) string { return seconds(r.age(now)) }),
			dimmed(column(left, 0, func(r row, now time.Time) string { return "  " + next(r, now) }))))
}

// fill draws the bar of a row.
func fill(get func() (row, time.Time)) mpb.BarFiller {
	styles := map[transport.State]mpb.BarFiller{}
	for state := range colors {
		styles[state] = style(colors[state])
	}
	return mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		r, now := get()
		width := min(st.RequestedWidth, st.AvailableWidth)
		switch {
		case r.id == "":
			_, err := io.WriteString(w, strings.Repeat(" ", width))
			return err
		case r.status.State == transport.Running && r.status.Progress == 0:
			_, err := io.WriteString(w, pulse(width, r.age(now)))
			return err
		default:
			st.Total, st.Current = 1000, int64(1000*share(r))
			return styles[r.status.State].Fill(w, st)
		}
	})
}

// share returns how much of a bar is filled.
func share(r row) float64 {
	if r.status.State == transport.Completed {
		return 1
	}
	return min(r.status.Progress, 1)
}

// sum draws the bar of the totals.
func (s *screen) sum() mpb.BarFiller {
	all := style(bold)
	return mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		st.Total, st.Current = 1000, int64(1000*s.frame.Load().done(s.jobs))
		return all.Fill(w, st)
	})
}

func style(color func(string) string) mpb.BarFiller {
	return mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").TipOnComplete().Padding("─").
		FillerMeta(color).TipMeta(color).PaddingMeta(dim).Build()
}

// pulse is the bar of a job that runs and does not say how far it is: a piece of it goes to and fro, in three seconds.
func pulse(width int, age time.Duration) string {
	piece := min(5, width)
	room := width - piece
	at := 0
	if room > 0 {
		at = int(age*time.Duration(2*room)/(3*time.Second)) % (2 * room)
		at = min(at, 2*room-at)
	}
	return dim(strings.Repeat("─", at)) + colors[transport.Running](strings.Repeat("━", piece)) + dim(strings.Repeat("─", room-at))
}

// The colors of a terminal, unless the environment says NO_COLOR.
var (
	dim    = sgr("2")
	bold   = sgr("1")
	colors = map[transport.State]func(string) string{
		transport.Unknown: dim, transport.Pending: dim, transport.Running: sgr("36"), transport.Completed: sgr("32"),
		transport.Failed: sgr("31"), transport.Canceled: sgr("33"),
	}
)

func sgr(code string) func(string) string {
	plain := os.Getenv("NO_COLOR") != ""
	return func(text string) string {
		if plain || text == "" {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
}

func color(r row) func(string) string {
	if r.gaveUp {
		return colors[transport.Canceled]
	}
	return colors[r.status.State]
}

// mark stands before the line of a job that ended.
func mark(e *observe.Event) string {
	switch {
	case e.Err != nil:
		return colors[transport.Canceled]("?")
	case e.Status.State == transport.Completed:
		return colors[transport.Completed]("✓")
	default:
		return colors[e.Status.State]("✗")
	}
}
