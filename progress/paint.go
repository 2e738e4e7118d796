package progress

import (
	"os"

	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

// paint colors text. The zero value returns text unchanged.
type paint struct{ colors, marks bool }

// plain is the paint for lines, which have no colors.
var plain = paint{}

// newPaint returns the paint for a terminal. It has no colors if the environment variable NO_COLOR
// is set.
func newPaint() paint { return paint{colors: os.Getenv("NO_COLOR") == "", marks: true} }

// sgr returns the text between the escape sequences that set and reset a graphic rendition of
// ECMA-48.
func (p paint) sgr(code, text string) string {
	if !p.colors || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) dim(text string) string     { return p.sgr("2", text) }
func (p paint) bold(text string) string    { return p.sgr("1", text) }
func (p paint) running(text string) string { return p.sgr("36", text) }

// codes are the colors of the states. A state that is not listed is dim.
var codes = map[transport.State]string{
	transport.Running: "36", transport.Completed: "32", transport.Failed: "31", transport.Canceled: "33",
	transport.Blocked: "35",
}

func (p paint) of(st transport.State) func(string) string {
	code, ok := codes[st]
	if !ok {
		code = "2"
	}
	return func(text string) string { return p.sgr(code, text) }
}

// state returns the color of a row.
func (p paint) state(r row) func(string) string {
	if r.gaveUp {
		return p.of(transport.Canceled)
	}
	return p.of(r.status.State)
}

// mark returns the sign before the line of a job that ended or that waits for a person.
func (p paint) mark(e *observe.Event) string {
	switch {
	case !p.marks:
		return ""
	case e.Err != nil:
		return p.of(transport.Canceled)("?") + " "
	case e.Status.State == transport.Blocked:
		return p.of(transport.Blocked)("!") + " "
	case e.Status.State == transport.Completed:
		return p.of(transport.Completed)("✓") + " "
	default:
		return p.of(e.Status.State)("✗") + " "
	}
}
