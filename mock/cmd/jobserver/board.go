package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	shownJobs  = 100
	mostJobs   = 1000 // of one page
	maxID      = 256  // bytes of an id that the board follows
	shownAsked = 200  // of one job
	shownRate  = 60   // seconds
	keptJobs   = 10_000
	keptDelays = 1000
)

// board is what the service and those who ask it are doing.
type board struct {
	service *mock.Service
	clock   clock.Clock
	began   time.Time
	speed   float64

	mu      sync.Mutex
	version int                  // rises with each call
	asked   map[string][]float64 // when somebody asked about each job
	order   []string             // the jobs of asked, the one that was met first at the front
	total   int
	rate    [shownRate]int // by second, modulo
	last    int            // second that was counted last
}

func newBoard(clk clock.Clock, speed float64) *board {
	return &board{clock: clk, began: clk.Now(), speed: speed, asked: map[string][]float64{}}
}

// seconds returns an instant as the seconds since the board began.
func (b *board) seconds(t time.Time) float64 { return t.Sub(b.began).Seconds() }

// note takes in a call. The service calls it, one call at a time.
func (b *board) note(c mock.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.seconds(c.Time)
	b.version++
	b.total++
	b.turn(b.seconds(b.clock.Now()))
	b.rate[b.last%shownRate]++
	if c.ID == "" || len(c.ID) > maxID {
		return
	}
	times, known := b.asked[c.ID]
	if !known {
		if len(b.order) == keptJobs {
			delete(b.asked, b.order[0])
			b.order = b.order[1:] // append moves to a new array from time to time
		}
		b.order = append(b.order, c.ID)
	}
	if c.Method == http.MethodGet {
		if times = append(times, at); len(times) > shownAsked {
			times = slices.Delete(times, 0, 1)
		}
	}
	b.asked[c.ID] = times
}

// turn empties the seconds that have passed since the last.
func (b *board) turn(now float64) {
	for ; b.last < int(now); b.last++ {
		if int(now)-b.last > shownRate {
			b.last = int(now) - shownRate
		}
		b.rate[(b.last+1)%shownRate] = 0
	}
}

// snapshot is what GET /debug/jobs answers. All times are seconds on the service's clock since it
// began, -1 for never.
type snapshot struct {
	Began  time.Time      `json:"began"`
	Now    float64        `json:"now"`
	Speed  float64        `json:"speed"`  // of the service's clock
	Counts map[string]int `json:"counts"` // of the newest 10,000 jobs, by state
	// Requests is how many there were; Rate is how many in each of the last seconds, the present
	// one last.
	Requests int   `json:"requests"`
	Rate     []int `json:"rate"`
	// Delay is how long after the end of a job somebody was told of it, over the last 1,000 jobs.
	Delay struct {
		Count int     `json:"count"`
		P50   float64 `json:"p50"`
		P99   float64 `json:"p99"`
	} `json:"delay"`
	// Ways is how many of these were told of by a poll, a webhook and the stream.
	Ways map[string]int `json:"ways"`
	// All is the number of jobs that the service has.
	All  int        `json:"all"`
	Jobs []jobState `json:"jobs"` // a page of them, the newest first
	// Next is the after of the next page, empty for none.
	Next string `json:"next,omitempty"`
}

// A page is which jobs a snapshot tells of: so many, from the one after a job on.
type page struct {
	limit int
	after string // the id of a job, empty for the newest
}

// firstPage is what a browser is shown.
var firstPage = page{limit: shownJobs}

// readPage returns the page that a query asks for.
func readPage(query url.Values) (p page, err error) {
	p = page{limit: shownJobs, after: query.Get("after")}
	if text := query.Get("limit"); text != "" {
		if p.limit, err = strconv.Atoi(text); err != nil || p.limit < 1 || p.limit > mostJobs {
			return p, fmt.Errorf("limit %.32q: must be from 1 to %d", text, mostJobs)
		}
	}
	return p, nil
}

type jobState struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	State    string    `json:"state"`
	Progress float64   `json:"progress"`
	Message  string    `json:"message"`
	Polls    int       `json:"polls"`
	Created  float64   `json:"created"`
	Ended    float64   `json:"ended"`
	Told     float64   `json:"told"`
	Way      string    `json:"way,omitempty"` // how its end was told first: poll, webhook or stream
	Asked    []float64 `json:"asked"`         // when somebody asked, the last 200 times
}

// look returns where all stands, and whether anything of it moves without a call.
func (b *board) look(p page) (s snapshot, moves bool) {
	s = snapshot{Began: b.began, Speed: b.speed, Counts: map[string]int{}, Ways: map[string]int{}, Jobs: []jobState{}}
	for _, state := range []transport.State{transport.Unknown, transport.Pending, transport.Running, transport.Blocked, transport.Completed, transport.Failed, transport.Canceled} {
		s.Counts[state.String()] = 0
	}
	var delays []float64
	begun := p.after == ""
	for j := range b.service.Jobs() {
		s.Counts[j.State.String()]++
		s.All++
		ended := -1.
		if j.State.Terminal() {
			ended = b.seconds(j.Updated)
		}
		told, way := b.told(j)
		if told >= 0 && len(delays) < keptDelays {
			delays = append(delays, max(told-ended, 0))
			s.Ways[way]++
		}
		moves = moves || told < 0
		switch {
		case !begun:
			begun = j.ID == p.after
		case len(s.Jobs) == p.limit:
			s.Next = s.Jobs[p.limit-1].ID
		default:
			s.Jobs = append(s.Jobs, jobState{ID: j.ID, Kind: j.Kind, State: j.State.String(), Progress: j.Progress, Message: j.Message,
				Polls: j.Polls, Created: b.seconds(j.Created), Ended: ended, Told: told, Way: way})
		}
	}
	slices.Sort(delays)
	if s.Delay.Count = len(delays); len(delays) > 0 {
		s.Delay.P50, s.Delay.P99 = delays[len(delays)/2], delays[len(delays)*99/100]
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Now = b.seconds(b.clock.Now())
	s.Requests = b.total
	b.turn(s.Now)
	for i := max(b.last-shownRate+1, 0); i <= b.last; i++ {
		s.Rate = append(s.Rate, b.rate[i%shownRate])
	}
	moves = moves || slices.Max(s.Rate) > 0
	for i := range s.Jobs {
		s.Jobs[i].Asked = append([]float64{}, b.asked[s.Jobs[i].ID]...)
	}
	return s, moves
}

// told returns when and how somebody was first told of the end of a job, and -1 if nobody was.
func (b *board) told(j mock.JobState) (at float64, way string) {
	switch {
	case !j.Pushed.IsZero() && (j.Told.IsZero() || !j.Pushed.After(j.Told)):
		return b.seconds(j.Pushed), j.PushedBy
	case !j.Told.IsZero():
		return b.seconds(j.Told), "poll"
	default:
		return -1, ""
	}
}

// changed returns a number that rises with each call.
func (b *board) changed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.version
}

func (b *board) serveState(w http.ResponseWriter, r *http.Request) {
	p, err := readPage(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s, _ := b.look(p)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(s)
}

// Of the stream of events.
const (
	eventsEvery   = 200 * time.Millisecond
	heartbeat     = 15 * time.Second
	mostListeners = 32
	writeTimeout  = 10 * time.Second // for a browser to take one event
)

// events serves the snapshots that differ as server-sent events, until the client leaves or the
// server ends.
func (b *board) events(ending <-chan struct{}, real clock.Clock) http.HandlerFunc {
	free := make(chan struct{}, mostListeners)
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case free <- struct{}{}:
			defer func() { <-free }()
		default:
			http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		control := http.NewResponseController(w)
		flush := control.Flush
		seen, moved, sent := -1, true, real.Now()
		for {
			text := ""
			if version := b.changed(); version != seen || moved {
				var s snapshot
				s, moved = b.look(firstPage)
				data, err := json.Marshal(s)
				if err != nil {
					return
				}
				seen, text = version, "data: "+string(data)+"\n\n"
			} else if real.Since(sent) > heartbeat {
				text = ": still here\n\n"
			}
			if text != "" {
				_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // a connection without one is a test's
				if _, err := w.Write([]byte(text)); err != nil || flush() != nil {
					return
				}
				sent = real.Now()
			}
			select {
			case <-real.After(eventsEvery):
			case <-r.Context().Done():
				return
			case <-ending:
				return
			}
		}
	}
}
