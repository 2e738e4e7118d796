package progress

import (
	"time"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// lingers is how long a job keeps its row after its end.
	lingers = 700 * time.Millisecond
	// maxEnds is the maximum number of events that are kept until they are shown. So a slow terminal
	// loses lines, and polls do not wait for it.
	maxEnds = 10_000
)

// rows are the jobs that are shown, one in each row. A job takes a free row at one of its events,
// and keeps the row until it ends. The zero value has no rows and keeps only the ends.
type rows struct {
	all    []row // a row with an empty id is free
	places map[string]int
	ends   []observe.Event // ends of jobs and begins of waits for a person, not taken yet
	lost   int             // how many of these were dropped because there were maxEnds already
}

// row is a job that is shown.
type row struct {
	id     string
	began  time.Time
	status transport.Status
	polls  int       // polls that were answered
	asked  bool      // a poll is in flight
	next   time.Time // when the next poll is due; zero if none is
	failed bool      // whether the newest poll failed
	ended  time.Time // zero while the job runs
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

// row returns the row of a job. A job without a row gets a free one, or nil if no row is free.
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

// tell keeps an event until it is shown.
func (rs *rows) tell(e *observe.Event) {
	if len(rs.ends) < maxEnds {
		kept := *e
		kept.Status.Result = nil // it may be large
		rs.ends = append(rs.ends, kept)
	} else {
		rs.lost++
	}
}

// take returns the events since the last call, and how many more there were that were not kept.
func (rs *rows) take() (ends []observe.Event, lost int) {
	ends, lost = rs.ends, rs.lost
	rs.ends, rs.lost = nil, 0
	return ends, lost
}

// show returns a copy of the rows in use. It frees the rows of jobs that ended more than lingers
// ago, and moves the rows below them up.
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
