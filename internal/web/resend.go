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
	// freeSends is how often net/http may send a request without being counted: once, and once more
	// because an idle connection may be closed at the moment it is used.
	freeSends = 2
	// maxFreeSends is how often it may while other requests are answered.
	maxFreeSends = 12
)

// Answers counts the answers of a service, of all requests together. It is safe for concurrent use.
type Answers struct{ n atomic.Uint64 }

// Sends bounds how often net/http sends one request by itself. On HTTP/2 it does so without end
// where each connection is closed by a GOAWAY before the answer. It is safe for concurrent use, as
// a RoundTripper may use several connections at once.
//
// A service may close each connection by a GOAWAY after a few requests. Of many requests that share
// a connection, the last ones are then sent again and again. That is no fault as long as others are
// answered meanwhile: a send is free for each of their answers, up to maxFreeSends. A service that
// answers nothing gets no more than freeSends.
type Sends struct {
	answers *Answers
	began   uint64 // answers when the request was made

	mu     sync.Mutex
	sent   int
	free   int         // of those, beside the first freeSends
	left   int         // of those that count
	used   int         // likewise
	may    func() bool // asks the retry budget
	over   bool
	cancel context.CancelCauseFunc
	err    error // why no more were allowed
}

// BoundSends returns the request to send in place of r. It is sent as often as is free, and then up
// to again times more while may allows it; then its context is canceled. The caller calls Over once
// the answer has been read.
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

// Err returns why the request was sent no more, or nil if that is not what ended it.
func (s *Sends) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Over says that the request is over, and returns how many of its sends counted.
func (s *Sends) Over() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.cancel(nil)
	return s.used
}
