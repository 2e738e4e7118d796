package place

import (
	"strconv"
	"strings"
	"time"
)

// timeLayouts are the formats of times in bodies.
var timeLayouts = [...]string{
	time.RFC3339Nano, time.RFC1123, time.RFC1123Z, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999-0700",
	"2006-01-02 15:04:05.999999999 UTC", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999 -0700 MST", "20060102T150405Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
}

// Time returns the time that v means. It returns the zero time for a value that is not a time, and
// for a zero time of another kind: see isZeroTime.
func (v Value) Time() time.Time {
	text := v.Text()
	if v.Kind() != Number {
		if t, ok := parseTime(text); ok {
			if isZero(t) {
				return time.Time{}
			}
			return t
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0 && n < 1e18) { // many services use 0 for events that have not happened yet
		return time.Time{}
	}
	const latest = 1e11 // in seconds; a larger number has a smaller unit
	unit := int64(time.Second)
	for n >= latest {
		n, unit = n/1000, unit/1000
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		perSecond := int64(time.Second) / unit
		return time.Unix(whole/perSecond, whole%perSecond*unit).UTC()
	}
	whole := int64(n)
	return time.Unix(whole, int64((n-float64(whole))*1e9)).UTC()
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// isZero reports whether t is in the year 1, as the zero time of Go and .NET, or the epoch of Unix.
func isZero(t time.Time) bool { return t.Year() <= 1 || t.Unix() == 0 }

// isZeroTime reports whether a text or a number is a time that stands for no time: the first year,
// the epoch of Unix as a text, the zero date of MySQL, or the zero time of Go in units of Unix.
func isZeroTime(text string) bool {
	switch {
	case strings.HasPrefix(text, "0000-00-00"), strings.HasPrefix(text, "-62135596800"), text == "0001-01-01", text == "1970-01-01":
		return true
	case !strings.Contains(text, "000") && !strings.Contains(text, "1970") && !strings.Contains(text, "1969"):
		return false // most texts need no parsing
	}
	t, ok := parseTime(text)
	return ok && isZero(t)
}
