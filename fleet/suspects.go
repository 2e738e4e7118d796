package fleet

import "time"

// suspects are the workers that seem to be dead. It uses no clock.
//
// A worker is suspected when no heartbeat of it was read for a lease. This worker then sends a
// heartbeat. If that comes back and no heartbeat of the suspect came before it, the suspect is
// dead. Messages come in the order in which they were stored. So the server has stored no heartbeat
// of the suspect for a lease, however late the messages are.
type suspects struct {
	since     map[string]time.Time // when each suspect was first suspected
	returned  time.Time            // when this worker's newest heartbeat that came back was sent
	confirmed time.Time            // the same, of a heartbeat before which no message can be missing
}

// suspect sets the workers that seem to be dead at now. It reports whether one of them is new.
func (s *suspects) suspect(names []string, now time.Time) (fresh bool) {
	since := make(map[string]time.Time, len(names))
	for _, name := range names {
		at, known := s.since[name]
		if !known {
			at, fresh = now, true
		}
		since[name] = at
	}
	s.since = since
	return fresh
}

// cameBack records that a heartbeat of this worker came back. It was sent at began.
func (s *suspects) cameBack(began time.Time) {
	if began.After(s.returned) {
		s.returned = began
	}
}

// passed records that a heartbeat of any worker was handled. more means that later heartbeats were
// already stored.
//
// A heartbeat replaces the earlier one of its worker. So a heartbeat that was stored before this
// worker's own can be missing, but then its replacement comes later.
func (s *suspects) passed(more bool) {
	if !more {
		s.confirmed = s.returned
	}
}

// dead reports whether a suspect is dead.
func (s *suspects) dead(name string) bool {
	since, suspected := s.since[name]
	return suspected && !s.confirmed.Before(since)
}
