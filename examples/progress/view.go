package main

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/iamber12/job-status-monitoring"
)

const (
	// refreshes is how often a terminal is drawn anew.
	refreshes = 100 * time.Millisecond
	// totals is how often they are printed where there is no terminal.
	totals = 5 * time.Second
)

// A view shows a board: on a screen, or by lines.
type view interface {
	draw(now time.Time) error
	close(now time.Time) error
}

// fit returns how many rows fit into a terminal, at most rows, and 0 if there is none.
func fit(out mpb.ConsoleWriter, rows int) int {
	if !out.IsTerminal() {
		return 0
	}
	_, height, err := out.GetTermSize()
	if err != nil {
		return 1
	}
	return max(1, min(rows, height-totalLines))
}

// show draws v until stop is called.
func show(v view) (stop func() error) {
	quit, failed := make(chan struct{}), make(chan error)
	go func() {
		ticker := time.NewTicker(refreshes)
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				if err := v.draw(now); err != nil {
					<-quit
					failed <- err
					return
				}
			case <-quit:
				failed <- v.close(time.Now())
				return
			}
		}
	}()
	return func() error { close(quit); return <-failed }
}

// lines shows a board where there is no terminal: a line for each job that ended, and the totals now and then.
type lines struct {
	out   io.Writer
	board *board
	stats func() jobstatus.Stats
	next  time.Time // when to print the totals
}

func (l *lines) draw(now time.Time) error {
	err := l.report()
	if l.next.IsZero() {
		l.next = now.Add(totals)
	}
	if err == nil && !now.Before(l.next) {
		l.next = now.Add(totals)
		err = l.total()
	}
	return err
}

func (l *lines) close(time.Time) error {
	if err := l.report(); err != nil {
		return err
	}
	return l.total()
}

func (l *lines) report() error {
	ends, lost := l.board.take()
	for i := range ends {
		if _, err := fmt.Fprintln(l.out, endLine(&ends[i])); err != nil {
			return err
		}
	}
	if lost > 0 {
		_, err := fmt.Fprintln(l.out, "… and", lost, "more")
		return err
	}
	return nil
}

func (l *lines) total() error {
	s := l.stats()
	_, err := fmt.Fprintln(l.out, jobsLine(s), "·", pollsLine(s))
	return err
}
