package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	barWidth   = 32
	stateWidth = 9
	// minName is the minimum width of the column of ids.
	minName = 9
)

// Control sequences for a terminal, by ECMA-48. DEC's private modes control the wrapping of lines.
const (
	up       = "\x1b[%dA"
	clearEnd = "\x1b[K" // clears the rest of the line
	clearAll = "\x1b[J" // clears all below the cursor
	noWrap   = "\x1b[?7l"
	wrap     = "\x1b[?7h"
)

// screen shows frames in a terminal. Each frame is one write, which turns the wrapping of lines off
// and on again. So the terminal cuts long lines, and the screen need not know its width.
type screen struct {
	out   io.Writer
	paint paint
	drawn int // the number of lines that the next frame replaces
}

func (s *screen) draw(f frame) error { return s.write(endLines(f, s.paint), s.body(f)) }

// close draws the last frame, which leaves only the totals below the lines of ended jobs.
func (s *screen) close(f frame) error {
	f.rows = nil
	err := s.write(endLines(f, s.paint), s.body(f))
	s.drawn = 0
	return err
}

// write replaces the last frame. The text above scrolls away later. The next frame replaces the
// text below.
func (s *screen) write(above, below string) error {
	var b strings.Builder
	b.WriteString(noWrap)
	if s.drawn > 0 {
		fmt.Fprintf(&b, up, s.drawn)
	}
	b.WriteString("\r")
	b.WriteString(strings.ReplaceAll(above+below, "\n", clearEnd+"\n"))
	b.WriteString(clearAll + wrap)
	s.drawn = strings.Count(below, "\n")
	_, err := io.WriteString(s.out, b.String())
	return err
}

// body returns the rows and the totals.
func (s *screen) body(f frame) string {
	var b strings.Builder
	width := minName
	for _, r := range f.rows {
		width = max(width, utf8.RuneCountInString(name(r.id)))
	}
	for _, r := range f.rows {
		fmt.Fprintf(&b, "%s  %s  %s %5s %7s  %s\n", pad(name(r.id), width), s.paint.state(r)(pad(stateOf(r), stateWidth)),
			s.bar(r, f.now), percent(r.status.Progress), short(r.age(f.now)), s.paint.dim(nextPoll(r, f.now)))
	}
	if len(f.rows) > 0 {
		b.WriteString("\n")
	}
	count := fmt.Sprintf("%d of %d", f.totals.Ended(), f.totals.Total)
	fmt.Fprintf(&b, "%s  %s  %s %5s %7s\n", pad(count, width), pad("jobs", stateWidth), s.filled(f.totals.share(), s.paint.bold),
		percent(f.totals.share()), short(f.totals.Elapsed))
	for line := range strings.Lines(totalsLines(f)) {
		b.WriteString(s.paint.dim(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return b.String()
}

// bar returns the bar of a row. A running job that does not report its progress has a moving bar.
func (s *screen) bar(r row, now time.Time) string {
	switch {
	case r.status.State == transport.Running && r.status.Progress == 0 && r.ended.IsZero():
		return s.pulse(r.age(now))
	case r.status.State == transport.Completed:
		return s.filled(1, s.paint.state(r))
	default:
		return s.filled(r.status.Progress, s.paint.state(r))
	}
}

// filled returns a bar that is filled to a share in [0, 1]. For any other number it is empty or
// full.
func (s *screen) filled(share float64, color func(string) string) string {
	n := 0
	if share > 0 {
		n = int(barWidth * min(share, 1))
	}
	return color(strings.Repeat("━", n)) + s.paint.dim(strings.Repeat("─", barWidth-n))
}

// pulse returns a bar in which a piece moves to and fro in three seconds.
func (s *screen) pulse(age time.Duration) string {
	const piece, room = 5, barWidth - 5
	at := int(max(age, 0)%(3*time.Second)*(2*room)/(3*time.Second)) % (2 * room)
	at = min(at, 2*room-at)
	return s.paint.dim(strings.Repeat("─", at)) + s.paint.running(strings.Repeat("━", piece)) +
		s.paint.dim(strings.Repeat("─", room-at))
}
