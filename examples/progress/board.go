package main

import (
	"context"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// lingers is how long a job that ended keeps its row.
	lingers = 700 * time.Millisecond
	// maxEnds bounds how many ended jobs are kept until they are shown. What is shown slowly does not hold up the polls.
	maxEnds = 10_000
)

// A board keeps what there is to show. As an observe.Observer it takes down what it is told and returns, so no poll waits for a
// terminal.
//
// Only the jobs on show are kept, one a row: the others are told by the totals. A job takes a free row when something is heard of
// it, and keeps it to its end.
type board struct {
	mu     sync.Mutex
	rows   []row // an empty id is a free row
	places map[string]int
	ends   []observe.Event // not yet taken
	lost   int             // ends that maxEnds left no place for
}

// A row is a job on show.
type row struct {
	id      string
	began   time.Time
	status  transport.Status
	attempt int       // polls answered
	asked   bool      // and not answered
	next    time.Time // when it is asked again, zero if it is not
	failed  bool      // the newest poll
	ended   time.Time // zero while it goes on
	gaveUp  bool
}

// age returns how long the job has been watched.
func (r row) age(now time.Time) time.Duration {
	if !r.ended.IsZero() {
		now = r.ended
	}
	return now.Sub(r.began)
}

var _ observe.Observer = (*board)(nil)

// newBoard returns a board of at most so many rows.
func newBoard(rows int) *board { return &board{rows: make([]row, rows), places: make(map[string]int)} }

// Observe takes down what happened.
func (b *board) Observe(ctx context.Context, e *observe.Event) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e.Kind {
	case observe.PollStarted:
		for _, id := range e.IDs {
			if r := b.row(id, e.Time); r != nil {
				r.asked = true
			}
		}
	case observe.Answered:
		if r := b.row(e.ID, e.Time.Add(-e.Elapsed)); r != nil {
			r.began, r.status, r.attempt, r.asked, r.failed = e.Time.Add(-e.Elapsed), e.Status, e.Attempt, false, e.Err != nil
			r.next = time.Time{}
			if e.Wait >= 0 {
				r.next = e.Time.Add(e.Wait)
			}
		}
	case observe.WatchEnded:
		b.end(e)
	}
	return ctx
}

// row returns the row of a job, a free one if it has none, or nil if none is free.
func (b *board) row(id string, began time.Time) *row {
	if at, ok := b.places[id]; ok {
		return &b.rows[at]
	}
	for at := range b.rows {
		if b.rows[at].id == "" {
			b.rows[at] = row{id: id, began: began}
			b.places[id] = at
			return &b.rows[at]
		}
	}
	return nil
}

func (b *board) end(e *observe.Event) {
	if at, ok := b.places[e.ID]; ok {
		r := &b.rows[at]
		r.status, r.ended, r.gaveUp, r.asked, r.next = e.Status, e.Time, e.Err != nil, false, time.Time{}
	}
	if len(b.ends) < maxEnds {
		b.ends = append(b.ends, *e)
	} else {
		b.lost++
	}
}

// take returns what has ended since it was called last, and how many more there were.
func (b *board) take() (ends []observe.Event, lost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ends, lost = b.ends, b.lost
	b.ends, b.lost = nil, 0
	return ends, lost
}

// show returns the rows of now, without those that are free at the end. Jobs that have lingered leave theirs, and if no other job is
// there to take it, the rows below move up.
func (b *board) show(now time.Time, watches int) []row {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := range b.rows {
		if r := &b.rows[at]; !r.ended.IsZero() && now.Sub(r.ended) >= lingers {
			delete(b.places, r.id)
			*r = row{}
		}
	}
	if watches <= len(b.places) {
		b.closeUp()
	}
	last := len(b.rows)
	for last > 0 && b.rows[last-1].id == "" {
		last--
	}
	return append([]row(nil), b.rows[:last]...)
}

// closeUp moves all rows that are taken to the top.
func (b *board) closeUp() {
	top := 0
	for at, r := range b.rows {
		if r.id != "" {
			b.rows[at] = row{}
			b.rows[top] = r
			b.places[r.id] = top
			top++
		}
	}
}
