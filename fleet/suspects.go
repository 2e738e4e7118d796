package fleet

import "time"

// suspects are the workers that seem to be dead. It knows no clock.
//
// A worker is suspected once it was not heard of for a lease. It is dead once a heartbeat of one's
// own that set out after that has come back, and nothing from the suspect came before it. Messages
// come in the order in which they were stored. So the server stored nothing from the suspect for a
// lease, however late the messages are.
type suspects struct {
	since     map[string]time.Time // when they were suspected
	returned  time.Time            // when the newest heartbeat of one's own that came back set out
	confirmed time.Time            // the same, for one before which nothing can be missing
}

// suspect says who seems to be dead at now. All others do no more. It reports whether somebody is
// new.
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

// cameBack says that a heartbeat of one's own came back that set out at began.
func (s *suspects) cameBack(began time.Time) {
	if began.After(s.returned) {
		s.returned = began
	}
}

// passed says that a heartbeat of anybody was taken in. more says that others were stored after it.
//
// A heartbeat replaces the one before it. One that was stored before one's own can thus be missing,
// but then its replacement is still to come.
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
