package mock

import (
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// ServeHTTP answers a request. It makes a Service an [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.made() {
		http.Error(w, "mock: "+errNotMade.Error(), http.StatusInternalServerError)
		return
	}
	if s.push.serves(r) {
		s.push.serve(w, r)
		return
	}
	req := s.dialect.read(r)
	req.header = r.Header.Clone()
	rep := s.handler.handle(req)
	a := &answer{}
	if rep.answer != nil {
		*a = *rep.answer
	} else {
		a = s.dialect.write(req, rep)
	}
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = http.Header{}
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "application/json")
	}
	if s.etags && rep.view != nil && a.code == http.StatusOK {
		tag(a, r.Header.Get("If-None-Match"))
	}
	t := &rep.trouble
	stream := spoil(t, a, rep.call.Time)
	call := s.journal.record(rep.call)
	s.deliver(w, r, a, t, stream, func() { s.journal.answered(call, a.code, rep) })
}

// tag adds an ETag to an answer, or turns the answer into 304 if the client has it.
func tag(a *answer, known string) {
	h := fnv.New64a()
	_, _ = io.WriteString(h, a.body)
	etag := fmt.Sprintf(`"%x"`, h.Sum64())
	a.header.Set("ETag", etag)
	if known == etag {
		a.code, a.body = http.StatusNotModified, ""
		a.header.Del("Content-Type")
	}
}

// deliver sends an answer. It calls answered before the client can have all of it.
func (s *Service) deliver(w http.ResponseWriter, r *http.Request, a *answer, t *trouble.Trouble, stream func(io.Writer), answered func()) {
	pause := t.Latency + a.took
	if t.Silent {
		pause = Forever
	}
	if pause > 0 && !s.sleep(r, pause) {
		panic(http.ErrAbortHandler) // the client has left
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if stream != nil {
		answered()
		w.WriteHeader(a.code)
		stream(w)
		return
	}
	if a.code != http.StatusNotModified && a.code != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.code)
	body := a.body
	if t.Reset {
		body = body[:len(body)/2]
	}
	flush := http.NewResponseController(w).Flush
	for t.Drip > 0 && len(body) > 1 {
		_, _ = io.WriteString(w, body[:1])
		body = body[1:]
		if flush() != nil || !s.sleep(r, t.Drip) {
			panic(http.ErrAbortHandler)
		}
	}
	answered()
	_, _ = io.WriteString(w, body)
	if t.Reset {
		_ = flush()
		reset(w)
	}
}

// reset breaks the connection.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// sleep waits for d on the service's clock and reports whether the client is still there. Meanwhile
// the call that waits for the answer does not count as work.
func (s *Service) sleep(r *http.Request, d time.Duration) bool {
	over := make(chan struct{})
	end := func() { close(over) }
	there := func() bool { return true }
	if clk, ok := s.clock.(*Clock); ok {
		there = clk.tally.serve(r.RemoteAddr, d, end)
	} else if d != Forever {
		defer wait.AfterFunc(s.clock, d, end)()
	}
	select {
	case <-over:
	case <-r.Context().Done():
	}
	return there() && r.Context().Err() == nil
}
