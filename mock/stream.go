package mock

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

const (
	// keptEvents is how many of the newest events are kept for clients that reconnect.
	keptEvents = 1024
	// mostEvents is how many are kept for a connection that is slow. A connection that falls further
	// behind is broken.
	mostEvents = 1 << 16
	keepAlive  = 15 * time.Second
)

// stream has the newest events, and wakes the connections that wait for the next one.
type stream struct {
	path string

	mu      sync.Mutex
	events  []sent        // the newest events, by their ids; the id of the last one is count
	count   int           // the number of events so far
	cuts    int           // how many times all connections were broken
	changed chan struct{} // closed by the next event or cut
	open    map[*position]struct{}
}

// sent is an event as it is sent.
type sent struct {
	id   int
	text []byte
	ends string // the job whose end it reports, or empty
}

// add adds an event to a stream, once or twice under the same id. The stream may be nil.
func (s *stream) add(e *pushed, doubled bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	event := sent{s.count, fmt.Appendf(nil, "id: %d\ndata: %s\n\n", s.count, e.body), e.ends}
	s.events = append(s.events, event)
	if doubled {
		s.events = append(s.events, event)
	}
	s.trimLocked()
	s.wakeLocked()
}

// trimLocked forgets old events, but for those that a connection has not sent yet.
func (s *stream) trimLocked() {
	first := len(s.events) - keptEvents
	for at := range s.open {
		first = min(first, s.findLocked(at.id))
	}
	s.events = s.events[max(first, len(s.events)-mostEvents, 0):]
}

// findLocked returns the index of the first event with an id, or of the next one.
func (s *stream) findLocked(id int) int {
	return sort.Search(len(s.events), func(i int) bool { return s.events[i].id >= id })
}

// cut breaks all connections.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts++
	s.wakeLocked()
}

func (s *stream) wakeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// position is how much of the stream a connection has sent. The stream's mu guards it.
type position struct {
	id   int // the id of the newest event that was sent
	nth  int // how many events with that id were sent
	cuts int
}

// begin returns where a connection begins: after the id that a returning client names, or at the
// end. The caller calls end when the connection has ended.
func (s *stream) begin(lastID string) *position {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := &position{s.count, mostEvents, s.cuts}
	if id, err := strconv.Atoi(lastID); err == nil && id < s.count {
		at.id = max(id, s.events[0].id-1)
	}
	if s.open == nil {
		s.open = map[*position]struct{}{}
	}
	s.open[at] = struct{}{}
	return at
}

// end ends a connection.
func (s *stream) end(at *position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, at)
	s.trimLocked()
}

// since returns the events after at, whether the connection must be broken, and a channel that is
// closed at the next change.
func (s *stream) since(at *position) (events []sent, broken bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) > 0 && s.events[0].id > at.id+1 { // it is too slow
		return nil, true, s.changed
	}
	nth := 0
	for _, e := range s.events[s.findLocked(at.id):] {
		if e.id == at.id {
			nth++
		}
		if e.id == at.id && nth <= at.nth {
			continue
		}
		if e.id > at.id {
			at.id, nth = e.id, 1
		}
		at.nth = nth
		events = append(events, e)
	}
	return events, s.cuts != at.cuts, s.changed
}

// serves reports whether a request is for the stream. The pusher may be nil.
func (p *pusher) serves(r *http.Request) bool {
	return p != nil && p.stream != nil && r.Method == http.MethodGet && r.URL.Path == p.stream.path
}

// serve sends events until the client leaves.
func (p *pusher) serve(w http.ResponseWriter, r *http.Request) {
	at := p.stream.begin(r.Header.Get("Last-Event-ID"))
	defer p.stream.end(at)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if !write(w, comment) {
		return
	}
	for {
		events, broken, changed := p.stream.since(at)
		if broken {
			panic(http.ErrAbortHandler)
		}
		if len(events) == 0 {
			events = idle(r, p.service.clock, changed)
		}
		if r.Context().Err() != nil || !write(w, events...) {
			return
		}
		for _, e := range events {
			p.arrive(e.ends, "stream")
		}
	}
}

// comment keeps a connection without events alive.
var comment = sent{text: []byte(":\n\n")}

// write writes events, and reports whether that succeeded.
func write(w http.ResponseWriter, events ...sent) bool {
	if len(events) == 0 {
		return true
	}
	var text []byte
	for _, e := range events {
		text = append(text, e.text...)
	}
	_, err := w.Write(text)
	return err == nil && http.NewResponseController(w).Flush() == nil
}

// idle waits for a change. After a long time without one, it returns a comment.
func idle(r *http.Request, clk clock.Clock, changed <-chan struct{}) []sent {
	late := make(chan struct{})
	defer wait.AfterFunc(clk, keepAlive, func() { close(late) })()
	select {
	case <-changed:
	case <-r.Context().Done():
	case <-late:
		return []sent{comment}
	}
	return nil
}
