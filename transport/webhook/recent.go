package webhook

import "time"

// fingerprint identifies a delivery. It is a part of a cryptographic hash, so nobody can make
// another delivery with the same fingerprint.
type fingerprint [16]byte

// maxRecent bounds the fingerprints in one generation.
const maxRecent = 1 << 15

// recent remembers deliveries in two generations. A fingerprint is known for at least
// [DuplicateWindow], or until maxRecent others have arrived. It is then forgotten with its
// generation. The zero value is ready to use.
type recent struct {
	since     time.Time // when the newer generation began
	newer     map[fingerprint]struct{}
	older     map[fingerprint]struct{}
	olderEnds time.Time // when all of older may be forgotten
}

// add remembers key, and reports whether it was not known.
func (m *recent) add(key fingerprint, now time.Time) bool {
	if m.newer == nil || len(m.newer) >= maxRecent || now.Sub(m.since) >= DuplicateWindow {
		m.olderEnds = now.Add(DuplicateWindow)
		if ends := m.since.Add(2 * DuplicateWindow); ends.Before(m.olderEnds) { // the last came before since+DuplicateWindow
			m.olderEnds = ends
		}
		m.older, m.newer, m.since = m.newer, map[fingerprint]struct{}{}, now
	}
	if m.older != nil && !now.Before(m.olderEnds) {
		m.older = nil
	}
	if _, known := m.newer[key]; known {
		return false
	}
	if _, known := m.older[key]; known {
		return false
	}
	m.newer[key] = struct{}{}
	return true
}

// remove forgets key.
func (m *recent) remove(key fingerprint) {
	delete(m.newer, key)
	delete(m.older, key)
}
