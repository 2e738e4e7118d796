package lro

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// maxKnown is the maximum number of operations about which more is remembered than their ids hold.
	// If there are more, one is forgotten, and its polls continue with the content of its id.
	maxKnown = 1 << 16
	// maxKept is the maximum size, in bytes, of the headers of a first request that polls carry.
	maxKept = 4 << 10
)

// Job is what is known about an operation, in addition to the content of its id. Of an operation
// that has completed, it is the URL that was polled last if that is not the one in the id.
type Job struct {
	Poll   string    // the reference of the newest URL to poll
	Final  string    // the reference of the result, or ""
	Over   bool      // whether only the result is missing
	Word   string    // the service's word for the state, if Over
	Header []string  // the headers of the first request, names and values in turn
	Missed time.Time // when the result of the completed operation was first missing, or zero
}

// Known remembers operations by their ids. It is safe for concurrent use.
type Known struct {
	mu   sync.Mutex
	jobs map[string]Job
}

// Get returns what is known about the operation with the given id, whose content is t.
func (n *Known) Get(id string, t Ticket) Job {
	n.mu.Lock()
	defer n.mu.Unlock()
	j, ok := n.jobs[id]
	if !ok || j.Poll == "" {
		j.Poll, j.Final, j.Over, j.Word = t.Poll, t.Final, t.Word == Succeeded, t.Word
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

// Remember keeps the headers of the request that started an operation, for its polls.
func (n *Known) Remember(first transport.Status, h http.Header) {
	if header := kept(h); len(header) > 0 && !first.State.Terminal() {
		n.Put(first.ID, Job{Header: header})
	}
}

// kept returns the headers of a first request that polls carry, names and values in turn. It leaves
// out headers about the method, the body, the time, the connection and repetition, and headers that
// may be credentials.
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

// isKept reports whether polls carry a header, whose name is in lower case.
func isKept(name string) bool {
	for _, part := range []string{"auth", "cookie", "token", "key", "secret", "signature", "password", "credential"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	for _, start := range []string{"content-", "if-", "accept", "repeatability-", "proxy-", "sec-", "x-http-method", "x-method-"} {
		if strings.HasPrefix(name, start) {
			return false
		}
	}
	switch name {
	case "host", "connection", "keep-alive", "upgrade", "te", "trailer", "transfer-encoding", "user-agent", "expect", "range", "prefer", "referer", "origin",
		"date", "x-ms-date", "x-amz-date", "x-amz-content-sha256", "digest":
		return false
	}
	return true
}
