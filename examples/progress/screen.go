package main

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/iamber12/job-status-monitoring"
)

// totalLines is how many there are below the bars, and the one that the cursor stands in.
const totalLines = 5

// A screen shows a board in a terminal. Its methods are for one goroutine; the bars draw on goroutines of their own, from the frame.
type screen struct {
	board *board
	stats func() jobstatus.Stats
	jobs  int
	frame atomic.Pointer[frame]

	progress *mpb.Progress
	refresh  chan any
	bars     []*mpb.Bar // one a row
	gap      *mpb.Bar   // an empty line
	totals   *mpb.Bar
}

// A frame is all that is shown at one moment.
type frame struct {
	now, began time.Time
	rows       []row
	stats      jobstatus.Stats
}

// done returns the share of the jobs that have ended.
func (f *frame) done(jobs int) float64 { return float64(ended(f.stats)) / float64(jobs) }

func newScreen(out mpb.ConsoleWriter, b *board, stats func() jobstatus.Stats, jobs int, now time.Time) (*screen, error) {
	s := &screen{board: b, stats: stats, jobs: jobs, refresh: make(chan any, 1)}
	s.frame.Store(&frame{now: now, began: now})
	s.progress = mpb.New(mpb.WithConsoleWriter(out), mpb.WithManualRefresh(s.refresh), mpb.WithWidth(barWidth))
	var err error
	if s.gap, err = s.progress.Add(0, nil, mpb.BarPriority(below)); err != nil {
		return nil, err
	}
	s.totals, err = s.progress.Add(int64(jobs), s.sum(), mpb.BarPriority(below+1),
		mpb.PrependDecorators(
			text(left|even, 0, func() string { return fmt.Sprintf("%d of %d", ended(s.frame.Load().stats), jobs) }),
			text(left, stateWidth, func() string { return "  jobs" })),
		mpb.AppendDecorators(
			text(right, shareWidth, func() string { return percent(s.frame.Load().done(jobs)) }),
			text(right, 0, func() string { f := s.frame.Load(); return seconds(f.now.Sub(f.began)) })),
		mpb.BarBtmExtender(s.line(jobsLine), s.line(pollsLine)))
	return s, err
}

// draw shows the board of now.
func (s *screen) draw(now time.Time) error {
	if err := s.report(); err != nil {
		return err
	}
	f := &frame{now: now, began: s.frame.Load().began, stats: s.stats()}
	f.rows = s.board.show(now, f.stats.Watches)
	s.frame.Store(f)
	for len(s.bars) < len(f.rows) {
		bar, err := s.bar(len(s.bars))
		if err != nil {
			return err
		}
		s.bars = append(s.bars, bar)
	}
	for len(s.bars) > len(f.rows) {
		s.bars[len(s.bars)-1].Abort(true)
		s.bars = s.bars[:len(s.bars)-1]
	}
	select {
	case s.refresh <- now:
	default: // it is still at the one before
	}
	return nil
}

// close leaves the totals of now standing, and the terminal to others.
func (s *screen) close(now time.Time) error {
	err := s.report()
	s.frame.Store(&frame{now: now, began: s.frame.Load().began, stats: s.stats()})
	for _, bar := range append(s.bars, s.gap) {
		bar.Abort(true)
	}
	s.totals.SetTotal(int64(s.jobs), true)
	s.progress.Wait()
	return err
}

// report writes a line above the bars for each job that ended.
func (s *screen) report() error {
	ends, lost := s.board.take()
	var lines strings.Builder
	for i := range ends {
		lines.WriteString(mark(&ends[i]) + " " + endLine(&ends[i]) + "\n")
	}
	if lost > 0 {
		fmt.Fprintln(&lines, "… and", lost, "more")
	}
	_, err := io.WriteString(s.progress, lines.String())
	return err
}

// line is one of the totals.
func (s *screen) line(of func(jobstatus.Stats) string) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
		_, err := fmt.Fprintln(w, dim(runewidth.Truncate(of(s.frame.Load().stats), st.AvailableWidth, "…")))
		return err
	})
}
