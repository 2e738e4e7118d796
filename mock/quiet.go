package mock

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A stillness is what a snapshot tells about the work that a Clock waits for.
type stillness struct {
	quiet   bool        // nothing but time can go on
	own     bool        // if not: what goes on belongs to the Clock's test for certain
	stopped []goroutine // that wait in code of the user's
	moving  []goroutine // that go on, and belong to the test or run code of this library
}

// judge finds out whether anything runs that may concern the test whose goroutines have the given
// ids. The first goroutine of a snapshot took it and does not count. The argument known is the
// number of requests in flight that are known to wait for time to pass.
//
// A goroutine that cannot be attributed to another test counts as the test's own.
func judge(all []goroutine, known int, test ...int64) stillness {
	f := newFamily(all, test)
	s := stillness{quiet: true}
	requests := -known // that wait for something else than time, as far as can be told
	for i := 1; i < len(all); i++ {
		g := &all[i]
		kin := f.relation(g)
		if kin == stranger || g.idle() {
			continue
		}
		asking, serving := g.asking(), g.serving()
		if !asking && !g.blocked() {
			s.quiet = false
			s.own = s.own || kin == relative
			if kin == relative || g.of(library) {
				s.moving = append(s.moving, *g)
			}
			continue
		}
		if asking {
			requests++
		}
		if serving && !g.in(sleepOfService) {
			requests-- // whoever waits for its answer
		}
		if !asking && (serving || g.of(library)) && (!g.atLibrary() || g.in(receiptOfFeed)) {
			s.stopped = append(s.stopped, *g)
		}
	}
	if requests > 0 {
		s.quiet, s.own = false, true
	}
	return s
}

const (
	library        = "github.com/iamber12/job-status-monitoring"
	sleepOfService = library + "/mock.(*Service).sleep"
	receiptOfFeed  = library + ".receive" // it waits for the user
)

// of reports whether g is inside a function of a module.
func (g *goroutine) of(module string) bool {
	return slices.ContainsFunc(g.frames, func(f string) bool { return isOf(f, module) })
}

// atLibrary reports whether g waits in code of this library.
func (g *goroutine) atLibrary() bool {
	f, _ := g.top()
	return f == "" || isOf(f, library)
}

// isOf reports whether a function belongs to a module, and not to a test of it.
func isOf(function, module string) bool {
	rest, ok := strings.CutPrefix(function, module)
	if !ok || rest != "" && rest[0] != '/' && rest[0] != '.' {
		return false
	}
	dir, name, _ := strings.Cut(rest[strings.LastIndexByte(rest, '/')+1:], ".")
	return !strings.HasSuffix(dir, "_test") && !strings.HasPrefix(name, "Test") && !strings.HasPrefix(rest, "/examples/")
}

// mark names the place where g waits. Goroutines that wait at the same place have the same mark.
func (g *goroutine) mark() string {
	return strings.Join(g.frames, "\n") + "\n" + strings.Join(g.lines, "\n")
}

// String returns the place where g is.
func (g goroutine) String() string {
	function, line := g.top()
	return fmt.Sprintf("goroutine %d [%s] in %s (%s)", g.id, g.state, function, line)
}

// kinship is the relation of a goroutine to a test.
type kinship uint8

const (
	unknown kinship = iota
	relative
	stranger // it belongs to another test
)

// A family relates goroutines to a test, by who created them.
type family struct {
	byID  map[int64]*goroutine
	ours  map[int64]bool // what these create belongs to the test, and so on
	above map[int64]bool // tests of which the test is a part: what these create outside of another part belongs to it, too
}

func newFamily(all []goroutine, test []int64) *family {
	f := &family{byID: make(map[int64]*goroutine, len(all)), ours: map[int64]bool{}, above: map[int64]bool{}}
	for i := range all {
		f.byID[all[i].id] = &all[i]
	}
	for _, id := range test {
		f.ours[id] = true
		for g, below := f.byID[id], true; g != nil; g = f.byID[g.parent] {
			switch {
			case !g.test():
			case below:
				f.ours[g.id], below = true, false
			default:
				f.above[g.id] = true
			}
		}
	}
	return f
}

func (f *family) relation(g *goroutine) kinship {
	nearest := int64(0) // test
	for ; g != nil; g = f.byID[g.parent] {
		switch {
		case f.ours[g.id]:
			return relative
		case nearest == 0 && g.test():
			nearest = g.id
			if f.above[nearest] {
				return relative
			}
		}
	}
	if nearest != 0 {
		return stranger
	}
	return unknown
}

// places are the places where code was seen to wait for time only. A wait there is watched for a
// shorter time from then on.
var places placeSet

type placeSet struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxPlaces bounds the number of places that are kept.
const maxPlaces = 1000

// all reports whether all goroutines wait at places in the set.
func (p *placeSet) all(stopped []goroutine) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range stopped {
		if !p.seen[stopped[i].mark()] {
			return false
		}
	}
	return len(stopped) > 0
}

func (p *placeSet) add(stopped []goroutine) {
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

// same returns the goroutines that are in both lists, and wait at the same place.
func same(before, now []goroutine) (both []goroutine) {
	for _, g := range now {
		if slices.ContainsFunc(before, func(b goroutine) bool { return b.id == g.id && b.mark() == g.mark() }) {
			both = append(both, g)
		}
	}
	return both
}
