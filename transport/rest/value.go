package rest

import (
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
)

// readProgress returns the progress at the places of a field, in [0, 1]. With ratio it is the
// quotient of two values. Otherwise it is the first value that is present: a text such as 3/7 or
// 42%, or a number divided by scale.
func readProgress(values [][]byte, ratio bool, scale float64) float64 {
	if ratio && len(values) == 2 {
		done, ok := number(values[0])
		total, all := number(values[1])
		if !ok || !all {
			return 0
		}
		return quotient(done, total)
	}
	for _, v := range values {
		v := place.Value(v)
		if v.IsEmpty() {
			continue
		}
		if v.Kind() == place.Word {
			text, isPercent := strings.CutSuffix(strings.TrimSpace(v.Text()), "%")
			if p, ok := finite(strings.TrimSpace(text)); ok && isPercent {
				return quotient(p, 100)
			}
			one, other, _ := strings.Cut(text, "/")
			done, ok := finite(strings.TrimSpace(one))
			total, all := finite(strings.TrimSpace(other))
			if ok && all {
				return quotient(done, total)
			}
		}
		p, ok := number(v)
		if !ok {
			return 0
		}
		return quotient(p, scale)
	}
	return 0
}

// quotient returns done/total in [0, 1], and 0 if total is not above zero.
func quotient(done, total float64) float64 {
	if total > 0 {
		return min(max(done/total, 0), 1)
	}
	return 0
}

// number reads a number, or a text that is one.
func number(v place.Value) (float64, bool) {
	if v.Kind() != place.Number && v.Kind() != place.Word {
		return 0, false
	}
	return finite(string(jsonscan.Inner(v)))
}

// finite reads a number that is neither NaN nor infinite.
func finite(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n-n == 0
}

// timeLayouts are the formats of times in bodies.
var timeLayouts = [...]string{
	time.RFC3339Nano, time.RFC1123, time.RFC1123Z, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999-0700",
	"2006-01-02 15:04:05.999999999 UTC", "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999 -0700 MST", "20060102T150405Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999",
}

// readTime returns the time that a value means. It returns the zero time for a value that is not a
// time.
func readTime(v place.Value) time.Time {
	text := v.Text()
	if v.Kind() != place.Number {
		for _, layout := range timeLayouts {
			if t, err := time.Parse(layout, text); err == nil {
				return t
			}
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
