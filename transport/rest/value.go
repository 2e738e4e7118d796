package rest

import (
	"strconv"
	"strings"

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
