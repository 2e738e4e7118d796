package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// A feed plays what a Watcher would say.
type feed struct {
	*board
	now time.Time
}

func newFeed(rows int) *feed { return &feed{newBoard(rows), start} }

func (f *feed) tell(e observe.Event) {
	e.Time = f.now
	f.Observe(context.Background(), &e)
}

func (f *feed) asks(ids ...string) { f.tell(observe.Event{Kind: observe.PollStarted, IDs: ids}) }

func (f *feed) hears(st transport.Status, wait time.Duration) {
	f.tell(observe.Event{Kind: observe.Answered, ID: st.ID, Attempt: 1, Elapsed: f.now.Sub(start), Status: st, Wait: wait})
}

func (f *feed) ends(st transport.Status, err error) {
	f.tell(observe.Event{Kind: observe.WatchEnded, ID: st.ID, Attempt: 2, Elapsed: f.now.Sub(start), Status: st, Err: err,
		Delay: 400 * time.Millisecond})
}

func running(id string, progress float64) transport.Status {
	return transport.Status{ID: id, State: transport.Running, Progress: progress}
}

// ids returns those on show, by row.
func (f *feed) ids(watches int) []string {
	ids := []string{}
	for _, r := range f.show(f.now, watches) {
		ids = append(ids, r.id)
	}
	return ids
}

func TestJobKeepsItsRowUntilItHasLingered(t *testing.T) {
	t.Parallel()
	f := newFeed(2)
	f.asks("a", "b", "c")
	assert.Equal(t, []string{"a", "b"}, f.ids(3))
	f.ends(running("a", 0), errors.New("gave up"))
	f.hears(running("c", 0), 0)
	assert.Equal(t, []string{"a", "b"}, f.ids(2))

	f.now = f.now.Add(lingers)
	assert.Equal(t, []string{"", "b"}, f.ids(2)) // there is another job, of which nothing was heard since
	f.asks("b")
	f.hears(running("c", 0), 0)
	assert.Equal(t, []string{"c", "b"}, f.ids(2))

	f.ends(running("c", 0), nil)
	f.now = f.now.Add(lingers)
	assert.Equal(t, []string{"b"}, f.ids(1)) // there is none: the rows close up
	f.asks("b")
	assert.Equal(t, []string{"b"}, f.ids(1))
	f.ends(running("b", 0), nil)
	f.now = f.now.Add(lingers)
	assert.Empty(t, f.ids(0))
	assert.Empty(t, f.places)
}

func TestRowTellsOfTheNewestPoll(t *testing.T) {
	t.Parallel()
	f := newFeed(1)
	get := func() row { return f.show(f.now, 1)[0] }
	f.asks("a")
	assert.Equal(t, "new", state(get()))
	assert.Equal(t, "asking", next(get(), f.now))

	f.now = f.now.Add(time.Second)
	f.hears(running("a", 0.25), 4*time.Second)
	assert.Equal(t, "running", state(get()))
	assert.Equal(t, "25%", percent(get().status.Progress))
	assert.Equal(t, "next in 4.0s", next(get(), f.now))
	assert.Equal(t, time.Second, get().age(f.now))
	assert.Equal(t, "overdue", next(get(), f.now.Add(5*time.Second)))

	f.tell(observe.Event{Kind: observe.Answered, ID: "a", Attempt: 2, Status: running("a", 0.25), Err: errors.New("503"), Wait: time.Minute})
	assert.Equal(t, "again in 1m0s", next(get(), f.now))
	f.hears(running("a", 0.5), -1)
	assert.Empty(t, next(get(), f.now))

	f.now = f.now.Add(time.Second)
	f.ends(transport.Status{ID: "a", State: transport.Completed}, nil)
	assert.Equal(t, "completed", state(get()))
	assert.Equal(t, 2*time.Second, get().age(f.now.Add(time.Hour)))
	assert.Empty(t, next(get(), f.now))
	assert.Equal(t, 1.0, share(get()))
}

func TestBoardKeepsSoManyEndsAndCountsTheRest(t *testing.T) {
	t.Parallel()
	f := newFeed(0)
	for range maxEnds + 3 {
		f.ends(running("a", 0), nil)
	}
	ends, lost := f.take()
	assert.Len(t, ends, maxEnds)
	assert.Equal(t, 3, lost)
	ends, lost = f.take()
	assert.Empty(t, ends)
	assert.Zero(t, lost)
}

func TestBoardIsToldByManyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFeed(5)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			id := fmt.Sprint(i)
			f.asks(id)
			f.hears(running(id, 0), 0)
			f.show(f.now.Add(time.Hour), 1)
			f.ends(running(id, 0), nil)
		})
	}
	all.Wait()
	assert.Empty(t, f.show(f.now.Add(time.Hour), 0))
	ends, _ := f.take()
	assert.Len(t, ends, 50)
}
