package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/observe"
)

// maxName is the maximum number of characters of an id on the board.
const maxName = 32

// name returns an id as [ids.Short] does, cut to maxName. A character that does not print, such as
// one that reverses the text after it, becomes "�".
func name(id string) string {
	runes := []rune(ids.Short(id))
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = utf8.RuneError
		}
	}
	if len(runes) > maxName {
		runes = append(runes[:maxName-1], '…')
	}
	return string(runes)
}

// endLine returns the line of a watch that ended, or of a job that waits for a person.
func endLine(e *observe.Event) string {
	polls := "polls"
	if e.Attempt == 1 {
		polls = "poll "
	}
	line := fmt.Sprintf("%s %-9s %7s %3d %s", pad(name(e.ID), 14), outcome(e), short(e.Elapsed), e.Attempt, polls)
	if e.Err != nil {
		return line + fmt.Sprintf("  %.160q", e.Err.Error())
	}
	if e.Status.State.Terminal() {
		line += fmt.Sprintf("  at most %s late", short(e.Delay))
	}
	if e.Status.Message != "" {
		line += fmt.Sprintf("  %.160q", e.Status.Message)
	}
	return line
}

func outcome(e *observe.Event) string {
	if e.Err != nil {
		return "gave up"
	}
	return e.Status.State.String()
}

func moreLine(n int) string { return fmt.Sprintf("… and %d more", n) }

// timesOf returns a text with how long the call has lasted, and how long it will probably go on.
func timesOf(t Totals) string {
	s := " · " + short(t.Elapsed)
	if t.Left > 0 {
		s += " · about " + short(t.Left) + " left"
	}
	return s
}

// pollsLine returns a line with the requests of the Watcher, for all its calls.
func pollsLine(s *jobstatus.Stats) string {
	line := fmt.Sprintf("requests %d, %.1f a second", s.Requests, s.Rate)
	if s.Errors > 0 {
		line += fmt.Sprintf(" · no answer %d", s.Errors)
	}
	if s.Overdue > 0 {
		line += fmt.Sprintf(" · overdue %d, by %s", s.Overdue, short(s.Lag))
	}
	line += ways(s)
	if s.Completed+s.Failed+s.Canceled > 0 {
		line += fmt.Sprintf(" · half at most %s late, nine in ten %s", short(s.Delay.P50), short(s.Delay.P90))
	}
	return line
}

// ways returns a text that says how the Watcher learns of its pending jobs. It is empty if the
// Watcher polls all of them.
func ways(s *jobstatus.Stats) string {
	line := ""
	if s.Heard > 0 {
		line += fmt.Sprintf(" · notified of %d", s.Heard)
	}
	if s.Held > 0 {
		line += fmt.Sprintf(" · held %d", s.Held)
	}
	if polled := s.Watches - s.Heard - s.Held; line != "" && polled > 0 {
		line += fmt.Sprintf(" · polled %d", polled)
	}
	return line
}

// stateOf returns the word for the state in a row.
func stateOf(r row) string {
	switch {
	case r.gaveUp:
		return "gave up"
	case r.polls == 0 && r.ended.IsZero():
		return "new"
	default:
		return r.status.State.String()
	}
}

// percent returns a share in percent. It is empty if the service did not report progress.
func percent(share float64) string {
	if !(share > 0) { // NaN is not
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*min(share, 1))
}

// nextPoll returns a text that says when the next poll is due.
func nextPoll(r row, now time.Time) string {
	switch wait := r.next.Sub(now); {
	case !r.ended.IsZero():
		return ""
	case r.asked:
		return "asking"
	case r.next.IsZero():
		return ""
	case wait < 0:
		return "overdue"
	case r.failed:
		return "again in " + short(wait)
	default:
		return "next in " + short(wait)
	}
}

func short(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// pad fills s with spaces up to a width in characters.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
