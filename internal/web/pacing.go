package web

import (
	"iter"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// maxUndated is the longest wait until a time that an answer without a Date names. The clock of the
// service may be hours ahead.
const maxUndated = 5 * time.Minute

// MaxRetryAfter is the longest wait that an answer can name. A longer one is ignored.
const MaxRetryAfter = 365 * 24 * time.Hour

// RetryAfter returns the wait that the headers of an answer name. It is at most MaxRetryAfter,
// [transport.NoWait] for a wait of zero, and 0 if no header names a valid wait. The first of these
// headers with a valid wait decides:
//
//	Retry-After-Ms, X-Ms-Retry-After-Ms  milliseconds
//	Retry-After                          seconds, a duration such as 1m30s, or a time
//	RateLimit                            the longest reset of a quota of which nothing remains
//	RateLimit-Reset                      likewise, if RateLimit-Remaining is 0
//	X-RateLimit-Reset-After              likewise, if X-RateLimit-Remaining is 0
//	X-RateLimit-Reset                    likewise, if X-RateLimit-Remaining is 0
//	X-RateLimit-Reset-Requests           likewise, if X-RateLimit-Remaining-Requests is 0
//	X-Rate-Limit-Reset                   likewise, if X-Rate-Limit-Remaining is 0
//
// A 429 or 420 without a Remaining counts as one with 0. A Remaining below 0 counts as 0, except in
// a 2xx, where it means that no quota applies. The formats are those of RFC 9110, 10.2.3, and of
// draft-ietf-httpapi-ratelimit-headers.
//
// A number that is too large for a wait is a time in seconds or milliseconds since 1970. The wait
// until a time is measured from the answer's own Date and Age, because the service's clock may be
// wrong. Without a Date it is measured from now, and is at most five minutes. Seconds may have a
// fraction. If a header has several values, the longest wait counts.
func RetryAfter(code int, h http.Header, now func() time.Time) time.Duration {
	p := pacing{h, now}
	for _, name := range [...]string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if wait := p.wait(h[name], time.Millisecond); wait != 0 {
			return wait
		}
	}
	if wait := p.wait(h["Retry-After"], time.Second); wait != 0 {
		return wait
	}
	if values := h["Ratelimit"]; len(values) > 0 {
		if wait := p.quotas(code, values); wait > 0 {
			return wait
		}
	}
	for _, limit := range limits {
		if wait := p.reset(code, &limit); wait > 0 {
			return wait
		}
	}
	return 0
}

// Wait reads the text of a wait in the body of an answer. A plain number is a number of units. The
// result is as of [RetryAfter].
func Wait(text string, unit time.Duration) time.Duration {
	return pacing{nil, time.Now}.wait([]string{text}, unit)
}

// Glance looks at all headers of an answer once, because most answers have none that needs a closer
// look. It reports whether there is a Content-Encoding, and whether the name of any header begins
// like the name of a header that [RetryAfter] reads.
func Glance(h http.Header) (isEncoded, mayPace bool) {
	for name := range h {
		switch {
		case strings.HasPrefix(name, "R"), strings.HasPrefix(name, "X-R"), strings.HasPrefix(name, "X-Ms-R"):
			mayPace = true
		case name == "Content-Encoding":
			isEncoded = true
		}
	}
	return isEncoded, mayPace
}

// limits are the pairs of headers that say how much of a quota remains and when it is reset.
var limits = [...]struct{ reset, remaining string }{
	{"Ratelimit-Reset", "Ratelimit-Remaining"},
	{"X-Ratelimit-Reset-After", "X-Ratelimit-Remaining"},
	{"X-Ratelimit-Reset", "X-Ratelimit-Remaining"},
	{"X-Ratelimit-Reset-Requests", "X-Ratelimit-Remaining-Requests"},
	{"X-Rate-Limit-Reset", "X-Rate-Limit-Remaining"},
}

// pacing reads the waits in one answer's headers.
type pacing struct {
	header http.Header
	now    func() time.Time
}

// reset returns the wait until a quota of which nothing remains is reset.
func (p pacing) reset(code int, limit *struct{ reset, remaining string }) time.Duration {
	values := p.header[limit.reset]
	if len(values) == 0 {
		return 0
	}
	remaining := p.header[limit.remaining]
	if len(remaining) == 0 && !isRefusal(code) {
		return 0
	}
	if len(remaining) > 0 && !isAnyNothing(remaining) || code/100 == 2 && slices.ContainsFunc(remaining, isBelowZero) {
		return 0
	}
	return p.wait(values, time.Second)
}

// IsExhausted reports whether the headers of an answer say that nothing remains of a quota.
func IsExhausted(h http.Header) bool {
	for i := range limits {
		if remaining := h[limits[i].remaining]; isAnyNothing(remaining) {
			return true
		}
	}
	for q := range quotas(h["Ratelimit"]) {
		if isNothing(q.remaining) {
			return true
		}
	}
	return false
}

// isRefusal reports whether a status code alone means that nothing remains of a quota.
func isRefusal(code int) bool {
	return code == http.StatusTooManyRequests || code == statusEnhanceYourCalm
}

// isAnyNothing reports whether any count in the values of a header is zero or less. A proxy may
// have joined several counts, and each count may have parameters.
func isAnyNothing(values []string) bool {
	for _, value := range values {
		for count := range strings.SplitSeq(value, ",") {
			if count, _, _ = strings.Cut(count, ";"); isNothing(count) {
				return true
			}
		}
	}
	return false
}

// isBelowZero reports whether a count is less than zero. In a successful answer this means that no
// quota applies, or that the quota is not known.
func isBelowZero(count string) bool { return strings.HasPrefix(strings.TrimSpace(count), "-") }

// isNothing reports whether a count is zero or less.
func isNothing(count string) bool {
	n, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
	return err == nil && n <= 0
}

// quotas returns the longest wait that the header RateLimit names for a quota of which nothing
// remains.
func (p pacing) quotas(code int, values []string) (longest time.Duration) {
	for q := range quotas(values) {
		isSpent := !q.counts && isRefusal(code)
		if q.counts && isNothing(q.remaining) {
			isSpent = code/100 != 2 || !isBelowZero(q.remaining)
		}
		if isSpent {
			longest = max(longest, p.wait([]string{q.reset}, time.Second))
		}
	}
	return longest
}

// quota is one quota of the header RateLimit. It counts if it says what remains.
type quota struct {
	counts           bool
	remaining, reset string
}

// quotas yields the quotas of the header RateLimit. It reads the present form `"name";r=0;t=30` and
// the earlier form `limit=9, remaining=0, reset=30`.
func quotas(values []string) iter.Seq[quota] {
	return func(yield func(quota) bool) {
		var early quota
		for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
			var q quota
			for part := range strings.SplitSeq(item, ";") {
				switch name, text, _ := strings.Cut(strings.TrimSpace(part), "="); strings.ToLower(name) {
				case "r":
					q.counts, q.remaining = true, text
				case "t":
					q.reset = text
				case "remaining":
					early.counts, early.remaining = true, text
				case "reset":
					early.reset = text
				}
			}
			if !yield(q) {
				return
			}
		}
		yield(early)
	}
}

// wait returns the longest wait that the values of a header name. A plain number is a number of
// units.
func (p pacing) wait(values []string, unit time.Duration) (longest time.Duration) {
	for _, text := range values {
		wait := p.one(text, unit)
		if wait == 0 && strings.Contains(text, ", ") { // a proxy joined the values of several lines
			wait = p.wait(strings.Split(text, ", "), unit)
		}
		if longest == 0 || wait > longest {
			longest = wait
		}
	}
	return longest
}

// one reads one value.
func (p pacing) one(text string, unit time.Duration) time.Duration {
	text, _, _ = strings.Cut(text, ";")                                        // its parameters
	text = strings.Trim(strings.TrimRight(strings.TrimSpace(text), ", "), `"`) // a proxy joins an empty value, too
	if n, ok := number(text); ok {
		return p.count(n, unit)
	}
	if d, ok := duration(text); ok {
		return named(d)
	}
	if at, ok := date(text); ok {
		return p.until(at)
	}
	return 0
}

// named returns the wait for a duration that a header names, or 0 if the duration is out of range.
func named(d time.Duration) time.Duration {
	switch {
	case d < 0 || d > MaxRetryAfter:
		return 0
	case d == 0:
		return transport.NoWait
	default:
		return d
	}
}

// count returns the wait of n units. If that is too long for a wait, n is a time, in seconds or
// milliseconds since 1970.
func (p pacing) count(n float64, unit time.Duration) time.Duration {
	const (
		millennium = 32503680000 // seconds from 1970 to the year 3000
		milli      = 1000
	)
	switch {
	case n <= float64(MaxRetryAfter/unit):
		return named(min(time.Duration(math.Ceil(n*float64(unit))), MaxRetryAfter))
	case n < millennium:
		return p.until(instant(n))
	case n < millennium*milli:
		return p.until(instant(n / milli))
	default:
		return 0
	}
}

func instant(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*float64(time.Second)))
}

// until returns the wait until a time. A time in the past is a wait of zero if the answer has a
// Date. Otherwise it is ignored, because the local clock may be wrong.
func (p pacing) until(at time.Time) time.Duration {
	from, told := time.Time{}, false
	if values := p.header["Date"]; len(values) > 0 {
		from, told = date(strings.TrimSpace(values[0]))
	}
	if !told {
		from = p.now()
	} else if values := p.header["Age"]; len(values) > 0 { // a cache has kept the answer for so many seconds (RFC 9111, 5.1)
		if age, ok := number(strings.TrimSpace(values[0])); ok && age <= MaxRetryAfter.Seconds() {
			from = from.Add(time.Duration(age * float64(time.Second)))
		}
	}
	switch d := at.Sub(from); {
	case d > 0 && !told:
		return min(named(d), maxUndated)
	case d > 0:
		return named(d)
	case told && d >= -MaxRetryAfter:
		return transport.NoWait
	default:
		return 0
	}
}

// number reads a number of digits with at most one decimal point.
func number(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "0123456789.") != "" || !strings.ContainsAny(text, "0123456789") {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil // the error means that the number is out of range
}

// units replaces words for units by the units of [time.ParseDuration], and removes spaces.
var units = strings.NewReplacer("milliseconds", "ms", "millisecond", "ms", "seconds", "s", "second", "s", "secs", "s", "sec", "s",
	"minutes", "m", "minute", "m", "mins", "m", "min", "m", "hours", "h", "hour", "h", " ", "")

// duration reads the durations of [time.ParseDuration], numbers with words for units, and the
// hours, minutes and seconds of ISO 8601, such as PT1M30S.
func duration(text string) (time.Duration, bool) {
	if text == "" || text[0] == '+' || text[0] == '-' {
		return 0, false
	}
	d, err := time.ParseDuration(strings.TrimPrefix(units.Replace(strings.ToLower(text)), "pt"))
	return d, err == nil
}

// layouts are the formats of a date that services write: those of RFC 9110 and RFC 5322, and RFC
// 3339 with its usual variants.
var layouts = [...]string{
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05 -07:00",
	"2 Jan 2006 15:04:05 -0700",
	"Monday, 2-Jan-06 15:04:05 -0700",
	"Mon, 2-Jan-2006 15:04:05 -0700",
	"Mon Jan 2 15:04:05 2006",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

// date reads a date in any of the layouts. The zone is an offset or a name of UTC; without a zone,
// the date is in UTC. Other names of zones are ambiguous.
func date(text string) (time.Time, bool) {
	const shortest = len("2006-01-02T15:04:05")
	if len(text) < shortest || len(text) > 64 {
		return time.Time{}, false
	}
	text = strings.Join(strings.Fields(strings.ToUpper(text)), " ")
	for _, zone := range [...]string{" GMT", " UTC", " UT", " Z"} {
		if before, ok := strings.CutSuffix(text, zone); ok {
			text = before + " +0000"
			break
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
