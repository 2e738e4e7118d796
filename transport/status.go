package transport

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/internal/ids"
)

// Status is one answer of a service about a job. ID and State are set, except where this package
// says otherwise. Any other field is zero if the service did not report it.
type Status struct {
	// ID is the job's id, as the caller gave it. A Watcher takes the answer to a poll for [Malformed]
	// if it has the id of another job. In the answer to a single poll, ID may be empty.
	ID string
	// State is the state of the job.
	State State
	// Raw is the service's own word for the state.
	Raw string
	// Progress is the share of the work that is done, in [0, 1].
	Progress float64
	// Message is the service's text for a person: what the job does, or why it failed.
	Message string
	// Result is the output of the job, as the service encoded it.
	Result json.RawMessage
	// Revision identifies a version of the job's status, as an ETag does. Revisions have no order.
	Revision string
	// RetryAfter is the wait between polls that the service asks for. It applies until another answer
	// names another wait. It is 0 if this answer names no wait, and [NoWait] if this answer names a
	// wait of zero.
	RetryAfter time.Duration
	// Created, Updated and Finished are when the job was created, when its status last changed and
	// when it ended, on the service's clock.
	Created, Updated, Finished time.Time
}

// NoWait is the RetryAfter of an answer that names a wait of zero. It cancels the wait that an
// earlier answer named: from then on only the Backoff decides when to poll.
const NoWait time.Duration = -1

// maxPrinted bounds, in bytes, what String shows of a text that a service wrote.
const maxPrinted = 256

// String returns the status as one line for a person, such as
//
//	transcode-7: running (encoding) 42%: second pass
//
// It omits Result, which may be large or private. It shows at most 64 bytes of the ID, and nothing
// after a question mark. It quotes text that could break the line.
func (s Status) String() string {
	var b strings.Builder
	b.WriteString(printable(ids.Short(s.ID)))
	b.WriteString(": ")
	b.WriteString(s.State.String())
	if s.Raw != "" && s.Raw != s.State.String() {
		b.WriteString(" (" + printable(s.Raw) + ")")
	}
	if s.Progress > 0 {
		fmt.Fprintf(&b, " %.0f%%", min(s.Progress, 1)*100)
	}
	if s.Message != "" {
		b.WriteString(": " + printable(s.Message))
	}
	return b.String()
}

// printable cuts s to maxPrinted bytes and quotes it if it holds anything that does not print.
func printable(s string) string {
	cut := s
	if n := maxPrinted; len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		cut = s[:n] + "…"
	}
	if strings.ContainsFunc(cut, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(cut)
	}
	return cut
}
