package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait that a Retry-After header can ask for; a longer one is taken for rubbish.
const MaxRetryAfter = 365 * 24 * time.Hour

// RetryAfter returns the wait that an answer's Retry-After header asks for (RFC 9110, 10.2.3), from 0 to MaxRetryAfter, and
// 0 for one that does not parse or is out of range. A date is measured from the answer's own Date, so that a service whose
// clock is off is understood all the same; if there is none, from now.
func RetryAfter(h http.Header, now func() time.Time) time.Duration {
	values := h["Retry-After"]
	if len(values) == 0 {
		return 0
	}
	value := strings.TrimSpace(values[0])
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		if seconds > uint64(MaxRetryAfter/time.Second) {
			return 0
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(strings.TrimSpace(h.Get("Date")))
	if err != nil {
		from = now()
	}
	if d := at.Sub(from); d > 0 && d <= MaxRetryAfter {
		return d
	}
	return 0
}
