package quiet

import "sync"

// places are the places at which code was seen to wait only for time. Later waits there are watched
// for a shorter time.
var places placeSet

type placeSet struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxPlaces is the maximum number of places that are kept.
const maxPlaces = 1000

// all reports whether all goroutines wait at places in the set.
func (p *placeSet) all(stopped []Goroutine) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range stopped {
		if !p.seen[stopped[i].mark()] {
			return false
		}
	}
	return len(stopped) > 0
}

func (p *placeSet) add(stopped []Goroutine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range stopped {
		if len(p.seen) < maxPlaces {
			if p.seen == nil {
				p.seen = map[string]bool{}
			}
			p.seen[stopped[i].mark()] = true
		}
	}
}
