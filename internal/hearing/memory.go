package hearing

import (
	"bytes"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/transport"
)

const (
	// Remembered is how long a notification about a job that nobody waits for is kept.
	Remembered = time.Minute
	// maxKept is the maximum number of kept notifications. The oldest is dropped first.
	maxKept = 4096
	// maxBytes is the maximum size of the texts and the result of a kept notification.
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
	order   []entry // oldest first; an entry has no effect if its job has a newer notice
	number  int     // the number of the newest notice
}

type kept struct {
	Notice
	number int
}

type entry struct {
	id     string
	at     time.Duration
	number int
}

// Keep keeps n, which is about a job that nobody waits for. A notice that the job goes on does not
// replace a notice of its end. A notice that is larger than 4 KiB is kept without its texts and its
// result, and then needs confirmation.
func (m *Memory) Keep(now time.Duration, n Notice) {
	m.forget(now)
	id := n.Status.ID
	if old, ok := m.notices[id]; ok && old.Status.State.Terminal() && !n.Status.State.Terminal() {
		return
	}
	if st := &n.Status; len(st.Result)+len(st.Message)+len(st.Raw)+len(st.Revision) > maxBytes {
		st.Result, st.Message, st.Raw, st.Revision, n.Final = nil, "", "", "", false
	}
	n.Status.Result = bytes.Clone(n.Status.Result)
	if m.notices == nil {
		m.notices = make(map[string]kept)
	}
	m.number++
	m.notices[id] = kept{n, m.number}
	m.order = append(m.order, entry{id, now, m.number})
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

// drop removes the oldest entry, and its notice if there is no newer one.
func (m *Memory) drop() {
	e := m.order[0]
	m.order[0] = entry{}
	m.order = m.order[1:]
	if k, ok := m.notices[e.id]; ok && k.number == e.number {
		delete(m.notices, e.id)
	}
	if len(m.order) == 0 {
		m.order, m.notices = nil, nil
	}
}
