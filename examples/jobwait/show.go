package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring"
)

// The values of --show.
const (
	showAuto    = "auto"
	showUpdates = "updates"
	showLine    = "line"
	showNone    = "none"
)

// Control sequences of a terminal (ECMA-48, and DEC's private modes for the wrapping of lines).
const (
	startLine = "\r\x1b[?7l"
	endLine   = "\x1b[K\x1b[?7h"
)

// barWidth is how many columns the bar of a line has.
const barWidth = 24

// show prints the updates of a job, and how it ended.
type show struct {
	out    io.Writer
	way    string
	began  time.Time
	newest jobstatus.Status
}

func newShow(out io.Writer, way string) (*show, error) {
	switch way {
	case showUpdates, showLine, showNone:
	case showAuto:
		way = showUpdates
		if isTerminal(out) {
			way = showLine
		}
	default:
		return nil, misused("--show: want auto, updates, line or none, not %.100q", way)
	}
	return &show{out: out, way: way, began: time.Now()}, nil
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// ticks returns a channel that says when to draw the line again, and a function that stops it.
func (s *show) ticks() (<-chan time.Time, func()) {
	if s.way != showLine {
		return nil, func() {}
	}
	t := time.NewTicker(time.Second)
	return t.C, t.Stop
}

// update prints a status.
func (s *show) update(st jobstatus.Status) {
	s.newest = st
	switch s.way {
	case showUpdates:
		_, _ = fmt.Fprintln(s.out, st)
	case showLine:
		s.draw(time.Now())
	}
}

// draw draws the line again.
func (s *show) draw(now time.Time) {
	_, _ = fmt.Fprint(s.out, startLine+s.line(now.Sub(s.began))+endLine)
}

// line returns the newest status with a bar, and how long the wait has lasted.
func (s *show) line(age time.Duration) string {
	n := int(barWidth * min(max(s.newest.Progress, 0), 1))
	if s.newest.State == jobstatus.Completed {
		n = barWidth
	}
	text := "asking"
	if s.newest.ID != "" {
		text = s.newest.String()
	}
	return strings.Repeat("━", n) + strings.Repeat("─", barWidth-n) + " " + age.Round(time.Second).String() + "  " + text
}

// end ends the line, so that it stays on the screen.
func (s *show) end() {
	if s.way == showLine {
		s.draw(time.Now())
		_, _ = fmt.Fprintln(s.out)
	}
}
