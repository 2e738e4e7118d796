// Package quiet decides from the states of goroutines whether any work of a test is in progress. It
// does not use the clock that the test advances. Its instants are of real time, and are arguments.
package quiet

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A Goroutine is one goroutine in the output of [runtime.Stack].
type Goroutine struct {
	id, parent int64    // the parent is the goroutine that created it, or 0 if unknown
	state      string   // such as "running" or "chan receive"
	bubble     string   // the name of its testing/synctest bubble, or ""
	frames     []string // functions, the innermost first
	lines      []string // the file and line of each frame
}

// maxSnapshot is the largest size of a snapshot, in bytes. If the goroutines do not fit, there is
// no snapshot.
const maxSnapshot = 64 << 20

// Snapshot returns the goroutines of the caller's testing/synctest bubble, or those outside of all
// bubbles if the caller is in none. The goroutine of the caller comes first. Other bubbles are left
// out, because they have clocks of their own. The result ok is false if there are too many
// goroutines.
//
// The runtime stops the world for a snapshot, so all states are of the same instant.
func Snapshot() (all []Goroutine, ok bool) {
	for size := 256 << 10; size <= maxSnapshot; size *= 4 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size {
			all = parseGoroutines(string(text[:n]))
			own := all[0].bubble
			return slices.DeleteFunc(all, func(g Goroutine) bool { return g.bubble != own }), true
		}
	}
	return nil, false
}

// CurrentID returns the id of the caller's goroutine.
func CurrentID() int64 {
	var text [64]byte
	_, rest, _ := bytes.Cut(text[:runtime.Stack(text[:], false)], []byte(" "))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	id, _ := strconv.ParseInt(string(digits), 10, 64)
	return id
}

// InBubble reports whether the caller runs in a bubble of testing/synctest.
func InBubble() bool {
	var text [256]byte
	head, _, _ := bytes.Cut(text[:runtime.Stack(text[:], false)], []byte("\n"))
	return bytes.Contains(head, []byte("synctest bubble"))
}

// parseGoroutines parses the output of runtime.Stack. It skips what it cannot parse.
func parseGoroutines(text string) (all []Goroutine) {
	for block := range strings.SplitSeq(text, "\n\n") {
		if g, ok := parseGoroutine(block); ok {
			all = append(all, g)
		}
	}
	return all
}

func parseGoroutine(block string) (g Goroutine, ok bool) {
	head, body, _ := strings.Cut(strings.TrimLeft(block, "\n"), "\n")
	number, state, ok := strings.Cut(strings.TrimPrefix(head, "goroutine "), " [")
	if !ok || !strings.HasPrefix(head, "goroutine ") {
		return g, false
	}
	number, _, _ = strings.Cut(number, " ") // a debug build adds more
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return g, false
	}
	g.id = id
	if _, bubble, ok := strings.Cut(state, "synctest bubble "); ok {
		g.bubble = strings.TrimRight(bubble, "]:")
	}
	g.state, _, _ = strings.Cut(strings.TrimSuffix(state, "]:"), ",")
	g.state = strings.TrimSuffix(g.state, " (durable)")
	for line := range strings.SplitSeq(body, "\n") {
		switch creator, created := strings.CutPrefix(line, "created by "); {
		case created:
			if i := strings.LastIndex(creator, " in goroutine "); i >= 0 {
				g.parent, _ = strconv.ParseInt(creator[i+len(" in goroutine "):], 10, 64)
			}
			return g, true
		case strings.HasPrefix(line, "\t"):
			if len(g.lines) < len(g.frames) {
				at, _, _ := strings.Cut(line[1:], " +0x")
				g.lines = append(g.lines, at)
			}
		default:
			if i := strings.LastIndexByte(line, '('); i > 0 {
				g.frames = append(g.frames, line[:i])
			}
		}
	}
	return g, true
}

// blocked reports whether g waits only for another goroutine of this process. It cannot tell
// whether a timer of the runtime will wake g.
func (g *Goroutine) blocked() bool {
	switch g.state {
	case "select", "select (no cases)", "chan receive", "chan receive (nil chan)", "chan send", "chan send (nil chan)",
		"sync.Cond.Wait", "sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "semacquire",
		"coroutine", "finalizer wait", "cleanup wait", "synctest.Run", "synctest.Wait":
		return true
	default:
		return false
	}
}

// in reports whether g is inside a function whose name has the prefix.
func (g *Goroutine) in(prefix string) bool {
	return slices.ContainsFunc(g.frames, func(f string) bool { return strings.HasPrefix(f, prefix) })
}

// plumbing has the prefixes of functions in which a goroutine blocks on behalf of its caller.
var plumbing = []string{"runtime.", "runtime/", "sync.", "internal/", "io.", "bufio.", "net.", "context.", "crypto/tls.", "compress/", "os."}

// top returns the innermost function of g that is not plumbing, and its line.
func (g *Goroutine) top() (function, line string) {
	for i, f := range g.frames {
		if slices.ContainsFunc(plumbing, func(p string) bool { return strings.HasPrefix(f, p) }) {
			continue
		}
		if i < len(g.lines) {
			line = g.lines[i]
		}
		return f, line
	}
	return "", ""
}

// test reports whether g runs a test.
func (g *Goroutine) test() bool { return g.in("testing.tRunner") || g.in("testing.(*B).") }

// serving reports whether g is inside a handler of a server of net/http.
func (g *Goroutine) serving() bool {
	return g.in("net/http.(*conn).serve") && g.in("net/http.serverHandler.ServeHTTP")
}

// idle reports whether g is a goroutine of net/http or of the runtime that waits for a request, a
// connection, an answer or a signal. Such a goroutine has no caller of its own.
func (g *Goroutine) idle() bool {
	switch {
	case g.serving():
		return false
	case g.in("net/http.(*conn).serve"), g.in("net/http.(*connReader).backgroundRead"), g.in("net/http.(*persistConn).readLoop"),
		g.in("net/http.(*persistConn).writeLoop"), g.in("net/http.(*http2clientConnReadLoop).run"),
		g.in("net/http.(*http2serverConn)"), g.in("internal/poll.(*FD).Accept"):
		return g.state == "IO wait" || g.blocked()
	default:
		return g.in("os/signal.signal_recv") || g.in("runtime/pprof.profileWriter") || g.in("internal/fuzz.")
	}
}

// asking reports whether g waits for an answer over HTTP.
func (g *Goroutine) asking() bool {
	f, _ := g.top()
	return strings.HasPrefix(f, "net/http.") && (g.blocked() || g.state == "IO wait") && !g.idle() &&
		(g.in("net/http.(*Transport).") || g.in("net/http.(*bodyEOFSignal).") || g.in("net/http.(*http2ClientConn)") ||
			g.in("net/http.http2transportResponseBody"))
}
