package quiet

import (
	"fmt"
	"slices"
	"strings"
)

// Stillness is what a snapshot shows about the work in progress.
type Stillness struct {
	Quiet   bool        // all goroutines of the test wait for time
	Own     bool        // if not Quiet: the work in progress certainly belongs to the test
	Stopped []Goroutine // goroutines that wait in code of the user
	Moving  []Goroutine // running goroutines that belong to the test or run code of this library
}

// Judge decides whether any goroutine runs that may belong to the test whose goroutines have the
// given ids. The first goroutine of a snapshot took it, and does not count. The argument known is
// the number of requests in flight that are known to wait for time to pass.
//
// A goroutine counts as the test's own unless it belongs to another test.
func Judge(all []Goroutine, known int, test ...int64) Stillness {
	f := newFamily(all, test)
	s := Stillness{Quiet: true}
	requests := -known // requests that may wait for something other than time
	for i := 1; i < len(all); i++ {
		g := &all[i]
		kin := f.relation(g)
		if kin == stranger || g.idle() {
			continue
		}
		asking, serving := g.asking(), g.serving()
		if !asking && !g.blocked() {
			s.Quiet = false
			s.Own = s.Own || kin == relative
			if kin == relative || g.of(library) {
				s.Moving = append(s.Moving, *g)
			}
			continue
		}
		if asking {
			requests++
		}
		if serving && !g.in(sleepOfService) {
			requests-- // one request waits for the answer of g
		}
		if !asking && (serving || g.of(library)) && (!g.atLibrary() || g.in(receiptOfFeed)) {
			s.Stopped = append(s.Stopped, *g)
		}
	}
	if requests > 0 {
		s.Quiet, s.Own = false, true
	}
	return s
}

const (
	library        = "github.com/iamber12/job-status-monitoring"
	sleepOfService = library + "/mock.(*pause).sleep"
	receiptOfFeed  = library + ".receive" // waits for the user's channel
)

// of reports whether g is inside a function of a module.
func (g *Goroutine) of(module string) bool {
	return slices.ContainsFunc(g.frames, func(f string) bool { return isOf(f, module) })
}

// atLibrary reports whether g waits in code of this library.
func (g *Goroutine) atLibrary() bool {
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
func (g *Goroutine) mark() string {
	return strings.Join(g.frames, "\n") + "\n" + strings.Join(g.lines, "\n")
}

// String returns the place where g is.
func (g Goroutine) String() string {
	function, line := g.top()
	return fmt.Sprintf("goroutine %d [%s] in %s (%s)", g.id, g.state, function, line)
}

// WaitsForLibrary reports whether the goroutine of the test waits in this library. If own is false,
// a wait for anything but other tests counts too.
func WaitsForLibrary(all []Goroutine, owner int64, own bool) bool {
	for i := range all {
		g := &all[i]
		if g.id != owner {
			continue
		}
		f, _ := g.top()
		return g.blocked() && !strings.HasPrefix(f, "testing.") && (!own || g.of(library))
	}
	return false
}

// mostDescribed is the maximum number of lines of each kind in a description.
const mostDescribed = 10

// Describe lists the goroutines that have stopped, and those that run.
func (s *Stillness) Describe() string {
	var b strings.Builder
	for _, g := range s.Stopped[:min(len(s.Stopped), mostDescribed)] {
		fmt.Fprintf(&b, "\n\twaits: %v", g)
	}
	for _, g := range s.Moving[:min(len(s.Moving), mostDescribed)] {
		fmt.Fprintf(&b, "\n\tgoes on: %v", g)
	}
	return b.String()
}
