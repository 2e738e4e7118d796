package mock

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

const (
	keptEvents = 1024
	keepAlive  = 15 * time.Second
)

// stream has the newest events, and wakes the connections that wait for the next one.
type stream struct {
	path string

	mu      sync.Mutex
	events  []sent        // the newest events; the id of the last one is count
	count   int           // the number of events so far
	cuts    int           // how many times all connections were broken
	changed chan struct{} // closed by the next event or cut
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
	s.events = s.events[max(len(s.events)-keptEvents, 0):]
	s.wakeLocked()
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

// position is how much of the stream a connection has sent.
type position struct {
	id   int // the id of the newest event that was sent
	nth  int // how many events with that id were sent
	cuts int
}

// start returns where a connection begins: after the id that a returning client names, or at the
// end.
func (s *stream) start(lastID string) position {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := position{s.count, keptEvents, s.cuts}
	if id, err := strconv.Atoi(lastID); err == nil && id < s.count {
		at.id = id
	}
	return at
}

// since returns the events after at, whether the connection must be broken, and a channel that is
// closed at the next change.
func (s *stream) since(at *position) (events []sent, broken bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	nth := 0
	for _, e := range s.events {
		if e.id == at.id {
			nth++
		}
		if e.id < at.id || e.id == at.id && nth <= at.nth {
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
	at := p.stream.start(r.Header.Get("Last-Event-ID"))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if !write(w, comment) {
		return
	}
	for {
		events, broken, changed := p.stream.since(&at)
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
