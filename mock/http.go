package mock

import (
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
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
	call := s.journal.record(rep.call)
	now := rep.call.Time
	if rep.held != nil {
		if !s.handler.hold(r, rep) {
			panic(http.ErrAbortHandler) // the client has left
		}
		now = s.epoch.Add(s.now())
	}
	a := s.answer(req, rep)
	if tag := a.header.Get("ETag"); s.tags(rep, a) && r.Header.Get("If-None-Match") == tag {
		a.code, a.body = http.StatusNotModified, ""
		a.header.Del("Content-Type")
	}
	t := &rep.trouble
	stream := spoil(t, a, now)
	s.deliver(w, r, a, t, stream, func() { s.journal.answered(call, a.code, rep) })
}

// answer returns the answer of a reply, with its ETag.
func (d *world) answer(req *request, rep *reply) *answer {
	a := &answer{}
	if rep.answer != nil {
		*a = *rep.answer
	} else {
		a = d.dialect.write(req, rep)
	}
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = http.Header{}
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "application/json")
	}
	if d.tags(rep, a) {
		h := fnv.New64a()
		_, _ = io.WriteString(h, a.body)
		a.header.Set("ETag", fmt.Sprintf(`"%x"`, h.Sum64()))
	}
	return a
}

// tags reports whether an answer has an ETag.
func (d *world) tags(rep *reply, a *answer) bool {
	return d.etags && rep.view != nil && a.code == http.StatusOK
}

// deliver sends an answer. It calls answered before the client can have all of it.
func (s *Service) deliver(w http.ResponseWriter, r *http.Request, a *answer, t *trouble.Trouble, stream func(io.Writer), answered func()) {
	pause := t.Latency + a.took
	if t.Silent {
		pause = Forever
	}
	if pause > 0 && !s.pause(r, pause).sleep(r) {
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
		if flush() != nil || !s.pause(r, t.Drip).sleep(r) {
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

// A pause is a wait of a request in the service.
type pause struct {
	over  chan struct{} // closed at its end
	soon  func()        // ends it early; nothing waits for that
	there func() bool   // called once after it; reports whether the client is still there
}

// pause begins a wait on the service's clock. Until its end, the call that waits for the
// answer does not count as work. The caller then calls sleep.
func (d *world) pause(r *http.Request, length time.Duration) *pause {
	p := &pause{over: make(chan struct{})}
	end := sync.OnceFunc(func() { close(p.over) })
	if clk, ok := d.clock.(*Clock); ok {
		p.soon, p.there = clk.tally.serve(r.RemoteAddr, length, end)
		return p
	}
	stop := func() bool { return true }
	if length != Forever {
		stop = wait.AfterFunc(d.clock, length, end)
	}
	p.soon, p.there = end, func() bool { stop(); return true }
	return p
}

// sleep waits for the end of p and reports whether the client is still there.
func (p *pause) sleep(r *http.Request) bool {
	select {
	case <-p.over:
	case <-r.Context().Done():
	}
	return p.there() && r.Context().Err() == nil
}
