// Package bar shows how far a program has come: as a bar where somebody watches, and as a line now
// and then where nobody does.
package bar

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Bar is drawn by Show. It is for one goroutine.
type Bar struct {
	out   io.Writer
	every time.Duration
	live  bool // drawn over itself
	began time.Time
	next  time.Time
	width int // of what stands there
}

// New returns a Bar on standard error.
func New() *Bar {
	live := term.IsTerminal(int(os.Stderr.Fd()))
	every := 10 * time.Second
	if live {
		every = 100 * time.Millisecond
	}
	return &Bar{out: os.Stderr, live: live, every: every, began: time.Now()}
}

// Due reports whether it is time to Show how things stand at now.
func (b *Bar) Due(now time.Time) bool { return !now.Before(b.next) }

// Show draws that so many of all are done, and a word about it.
func (b *Bar) Show(now time.Time, done, all int, word string) {
	b.next = now.Add(b.every)
	b.draw(line(done, all, now.Sub(b.began), word))
}

// Clear takes the bar away, so that something else can be printed.
func (b *Bar) Clear() {
	if b.live {
		b.draw("")
		fmt.Fprint(b.out, "\r")
	}
}

func (b *Bar) draw(text string) {
	if !b.live {
		fmt.Fprintln(b.out, text)
		return
	}
	fmt.Fprintf(b.out, "\r%-*s", b.width, text)
	b.width = len([]rune(text))
}

// line is a bar of 30 characters, with how much of all is done, the time that went, and a word.
func line(done, all int, elapsed time.Duration, word string) string {
	const width = 30
	full := width
	if all > 0 {
		full = width * min(done, all) / all
	}
	return fmt.Sprintf("%s%s %d of %d  %v  %s", strings.Repeat("█", full), strings.Repeat("░", width-full), done, all,
		elapsed.Round(time.Second), word)
}
