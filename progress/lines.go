package progress

import (
	"io"
	"strings"
	"time"
)

// lines shows frames where there is no terminal: a line for each job that ended, and the totals
// every totalsEvery.
type lines struct {
	out  io.Writer
	next time.Time // when to print the totals
}

func (l *lines) draw(f frame) error {
	text := endLines(f, plain)
	if l.next.IsZero() {
		l.next = f.now.Add(totalsEvery)
	}
	if !f.now.Before(l.next) {
		l.next = f.now.Add(totalsEvery)
		text += totalsLines(f)
	}
	return l.write(text)
}

func (l *lines) close(f frame) error {
	l.next = time.Time{}
	return l.write(endLines(f, plain) + totalsLines(f))
}

func (l *lines) write(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(l.out, text)
	return err
}

// endLines returns a line for each job that ended since the last frame.
func endLines(f frame, p paint) string {
	var b strings.Builder
	for i := range f.ends {
		b.WriteString(p.mark(&f.ends[i]) + endLine(&f.ends[i]) + "\n")
	}
	if f.lost > 0 {
		b.WriteString(moreLine(f.lost) + "\n")
	}
	return b.String()
}

// totalsLines returns the totals of the call and, if they are known, the Watcher's requests.
func totalsLines(f frame) string {
	text := f.totals.String() + timesOf(f.totals) + "\n"
	if f.stats != nil {
		text += pollsLine(f.stats) + "\n"
	}
	return text
}
