package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

const (
	// freeSends is how many sends of a request are free: the first one, and one more because an idle
	// connection may be closed at the moment when it is used.
	freeSends = 2
	// maxFreeSends is how many sends are free while other requests are answered.
	maxFreeSends = 12
)

// Answers counts the answers to all requests to a service. It is safe for concurrent use.
type Answers struct{ n atomic.Uint64 }

// Sends limits how often net/http sends one request by itself. On HTTP/2, net/http does so
// endlessly if each connection is closed by a GOAWAY before the answer. A Sends is safe for
// concurrent use, because a RoundTripper may use several connections at once.
//
// A service may close each connection by a GOAWAY after a few requests. If many requests share a
// connection, the last ones are then sent again and again. That is no fault while other requests
// are answered. So each answer to another request makes one send free, up to maxFreeSends. If
// nothing is answered, only freeSends are free.
type Sends struct {
	answers *Answers
	began   uint64 // answers when the request was made

	mu     sync.Mutex
	sent   int
	free   int         // free sends after the first freeSends
	left   int         // sends that may still count
	used   int         // sends that counted
	may    func() bool // asks the retry budget
	over   bool
	cancel context.CancelCauseFunc
	err    error // why no further send was allowed
}

// BoundSends returns the request to send in place of r. After the free sends, the request may be
// sent again as often as the argument again says, if may returns true each time. Any further send
// cancels its context. The caller must call Over once the answer has been read.
func BoundSends(r *http.Request, a *Answers, again int, may func() bool) (*http.Request, *Sends) {
	ctx, cancel := context.WithCancelCause(r.Context())
	s := &Sends{answers: a, began: a.n.Load(), left: again, may: may, cancel: cancel}
	return r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { s.count() },
		GotFirstResponseByte: func() { a.n.Add(1) },
	})), s
}

func (s *Sends) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	switch {
	case s.over || s.sent <= freeSends:
	case s.free < maxFreeSends-freeSends && s.answers.n.Load()-s.began > uint64(s.free):
		s.free++
	case s.left > 0 && s.may():
		s.left--
		s.used++
	default:
		s.over = true
		s.err = fmt.Errorf("the service closed %d connections in a row before it answered", s.sent-1)
		s.cancel(s.err)
	}
}

// Err returns why a further send was not allowed, or nil if none was refused.
func (s *Sends) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Over notes that the request has ended, and returns how many of its sends counted.
func (s *Sends) Over() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.cancel(nil)
	return s.used
}
