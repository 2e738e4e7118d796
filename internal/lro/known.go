package lro

import (
	"net/http"
	"strings"
	"sync"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxKnown bounds the operations of which more is remembered than their ids hold. Of more, one
	// is forgotten: it goes on as its id says.
	maxKnown = 1 << 16
	// maxKept bounds the headers of a first request that go along with polls, in bytes.
	maxKept = 4 << 10
)

// Job is what is known of an operation that is under way. It adds to what its id holds.
type Job struct {
	Poll   string   // the newest reference that is polled
	Final  string   // the reference of the result; "" for none
	Over   bool     // whether only the result is missing
	Header []string // of the first request, as names and values in turn
}

// Known remembers operations by their ids. It is safe for concurrent use.
type Known struct {
	mu   sync.Mutex
	jobs map[string]Job
}

// Get returns what is known of the operation with an id that holds t.
func (n *Known) Get(id string, t Ticket) Job {
	n.mu.Lock()
	defer n.mu.Unlock()
	j, ok := n.jobs[id]
	if !ok || j.Poll == "" {
		j.Poll, j.Final, j.Over = t.Poll, t.Final, t.Word == Succeeded
	}
	return j
}

// Put remembers an operation.
func (n *Known) Put(id string, j Job) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.jobs == nil {
		n.jobs = map[string]Job{}
	}
	if _, ok := n.jobs[id]; !ok && len(n.jobs) >= maxKnown {
		for other := range n.jobs {
			delete(n.jobs, other)
			break
		}
	}
	n.jobs[id] = j
}

// Forget forgets an operation that has ended.
func (n *Known) Forget(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.jobs, id)
}

// Remember keeps the headers of the request that has started an operation, for its polls.
func (n *Known) Remember(first transport.Status, h http.Header) {
	if header := kept(h); len(header) > 0 && !first.State.Terminal() {
		n.Put(first.ID, Job{Header: header})
	}
}

// kept returns the headers of a first request that go along with polls, as names and values in
// turn: all but those about its body, its connection and its repetition, and those that may be
// credentials.
func kept(h http.Header) (pairs []string) {
	size := 0
	for name, values := range h {
		value := strings.Join(values, ", ")
		if isKept(strings.ToLower(name)) && web.IsToken(name) && web.IsHeaderValue(value) && size+len(name)+len(value) <= maxKept {
			size += len(name) + len(value)
			pairs = append(pairs, http.CanonicalHeaderKey(name), value)
		}
	}
	return pairs
}

// isKept reports whether a header, in lower case, goes along with polls.
func isKept(name string) bool {
	for _, part := range []string{"auth", "cookie", "token", "key", "secret", "signature", "password", "credential"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	for _, start := range []string{"content-", "if-", "accept", "repeatability-", "proxy-", "sec-"} {
		if strings.HasPrefix(name, start) {
			return false
		}
	}
	switch name {
	case "host", "connection", "keep-alive", "upgrade", "te", "trailer", "transfer-encoding", "user-agent", "expect", "range", "prefer", "referer", "origin":
		return false
	}
	return true
}
