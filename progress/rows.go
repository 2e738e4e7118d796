package progress

import (
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// lingers is how long a job that ended keeps its row.
	lingers = 700 * time.Millisecond
	// maxEnds bounds the events that are kept until they are shown. A slow terminal then loses
	// lines, and polls do not wait for it.
	maxEnds = 10_000
)

// rows are the jobs on show, one a row. A job takes a free row when something is heard of it and
// keeps the row until it ends. The zero value has no rows and keeps the ends alone.
type rows struct {
	all    []row // an empty id is a free row
	places map[string]int
	ends   []observe.Event // not yet taken, jobs that wait for a person among them
	lost   int             // of these, beyond maxEnds
}

// row is a job on show.
type row struct {
	id     string
	began  time.Time
	status transport.Status
	polls  int       // answered
	asked  bool      // a poll is in flight
	next   time.Time // when the next poll is due, zero if none is
	failed bool      // the newest poll
	ended  time.Time // zero while the job goes on
	gaveUp bool
}

func newRows(n int) rows { return rows{all: make([]row, n), places: make(map[string]int)} }

// age returns how long the job has been watched.
func (r row) age(now time.Time) time.Duration {
	if !r.ended.IsZero() {
		now = r.ended
	}
	return now.Sub(r.began)
}

func (rs *rows) observe(e *observe.Event) {
	switch e.Kind {
	case observe.PollStarted:
		for _, id := range e.IDs {
			if r := rs.row(id, e.Time); r != nil {
				r.asked = true
			}
		}
	case observe.Answered:
		began := e.Time.Add(-e.Elapsed)
		if r := rs.row(e.ID, began); r != nil {
			*r = row{id: e.ID, began: began, status: e.Status, polls: e.Attempt, failed: e.Err != nil}
			if e.Wait >= 0 {
				r.next = e.Time.Add(e.Wait)
			}
		}
	case observe.Notified:
		if r := rs.row(e.ID, e.Time.Add(-e.Elapsed)); r != nil {
			r.status = e.Status
		}
	case observe.WatchEnded:
		rs.end(e)
	}
}

// row returns the row of a job, or a free one if it has none, or nil if no row is free.
func (rs *rows) row(id string, began time.Time) *row {
	if at, ok := rs.places[id]; ok {
		return &rs.all[at]
	}
	if len(rs.places) == len(rs.all) {
		return nil
	}
	for at := range rs.all {
		if rs.all[at].id == "" {
			rs.all[at] = row{id: id, began: began}
			rs.places[id] = at
			return &rs.all[at]
		}
	}
	return nil
}

func (rs *rows) end(e *observe.Event) {
	if at, ok := rs.places[e.ID]; ok {
		r := &rs.all[at]
		r.status, r.ended, r.gaveUp, r.asked, r.next = e.Status, e.Time, e.Err != nil, false, time.Time{}
	}
	rs.tell(e)
}

// tell keeps an event of a job until it is shown.
func (rs *rows) tell(e *observe.Event) {
	if len(rs.ends) < maxEnds {
		rs.ends = append(rs.ends, *e)
	} else {
		rs.lost++
	}
}

// take returns the events that are kept since the last call, and how many more there were.
func (rs *rows) take() (ends []observe.Event, lost int) {
	ends, lost = rs.ends, rs.lost
	rs.ends, rs.lost = nil, 0
	return ends, lost
}

// show returns a copy of the rows in use. It frees those of jobs that have lingered, and moves the
// rows below them up.
func (rs *rows) show(now time.Time) []row {
	var shown []row
	for at := range rs.all {
		r := rs.all[at]
		rs.all[at] = row{}
		switch {
		case r.id == "":
		case !r.ended.IsZero() && now.Sub(r.ended) >= lingers:
			delete(rs.places, r.id)
		default:
			rs.places[r.id] = len(shown)
			shown = append(shown, r)
		}
	}
	copy(rs.all, shown)
	return shown
}
