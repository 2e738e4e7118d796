package hearing

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// Remembered is how long a notification about a job that nobody waits for is kept.
	Remembered = time.Minute
	// maxKept bounds the number of kept notifications. The oldest is dropped first.
	maxKept = 4096
	// maxBytes bounds the message and the result of each.
	maxBytes = 4 << 10
)

// Notice is a notification about a job.
type Notice struct {
	Status transport.Status
	// Final is whether a terminal Status needs no confirmation.
	Final bool
}

// Memory keeps the newest notice of each job that nobody waits for, for a minute. The zero Memory
// is empty.
type Memory struct {
	notices map[string]kept
	order   []entry // oldest first; those whose job has a newer notice stand for nothing
}

type kept struct {
	Notice
	at time.Duration
}

type entry struct {
	id string
	at time.Duration
}

// Keep keeps n, which is about a job that nobody waits for. A notice that the job goes on does not
// replace a notice of its end. A notice that is larger than 4 KiB is kept without its result, and
// then needs confirmation.
func (m *Memory) Keep(now time.Duration, n Notice) {
	m.forget(now)
	id := n.Status.ID
	if old, ok := m.notices[id]; ok && old.Status.State.Terminal() && !n.Status.State.Terminal() {
		return
	}
	if len(n.Status.Result)+len(n.Status.Message) > maxBytes {
		n.Status.Result, n.Status.Message, n.Final = nil, "", false
	}
	if m.notices == nil {
		m.notices = make(map[string]kept)
	}
	m.notices[id] = kept{n, now}
	m.order = append(m.order, entry{id, now})
	for len(m.notices) > maxKept || len(m.order) > 2*maxKept {
		m.drop()
	}
}

// Take removes and returns the notice of a job.
func (m *Memory) Take(now time.Duration, id string) (n Notice, ok bool) {
	m.forget(now)
	k, ok := m.notices[id]
	delete(m.notices, id)
	return k.Notice, ok
}

// forget drops what is older than a minute.
func (m *Memory) forget(now time.Duration) {
	for len(m.order) > 0 && instant.Later(m.order[0].at, Remembered) <= now {
		m.drop()
	}
}

// drop forgets the oldest.
func (m *Memory) drop() {
	e := m.order[0]
	m.order[0] = entry{}
	m.order = m.order[1:]
	if k, ok := m.notices[e.id]; ok && k.at == e.at {
		delete(m.notices, e.id)
	}
	if len(m.order) == 0 {
		m.order, m.notices = nil, nil
	}
}
