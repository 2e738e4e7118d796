package rest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// share is a second implementation of reading a progress. It reports false for a text that is no
// progress.
func share(text string, scale float64) (float64, bool) {
	text = strings.TrimSpace(text)
	done, total, isRatio := strings.Cut(text, "/")
	percent, isPercent := strings.CutSuffix(text, "%")
	switch {
	case isPercent && !isRatio:
		done, total = percent, "100"
	case !isRatio:
		done, total = text, strconv.FormatFloat(scale, 'g', -1, 64)
	}
	n, err1 := strconv.ParseFloat(strings.TrimSpace(done), 64)
	all, err2 := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(total, "%")), 64)
	isNumber := err1 == nil && err2 == nil && !math.IsInf(n, 0) && !math.IsInf(all, 0) && !math.IsNaN(n) && !math.IsNaN(all)
	return n / all, isNumber && all > 0
}

// Whatever a service says of the progress, it is in [0, 1], it is above zero only for what is a
// number, a percentage or a quotient, and it is the same for a text and the same text with space.
func FuzzProgress(f *testing.F) {
	for _, text := range []string{"0.4", "40%", "3/7", " 3 / 7 ", "7/3", "-1/-2", "1/0", "inf", "inf%", "inf/1", "1/inf", "inf/inf", "nan/1", "1e308/1e-308", "1e999/2",
		"0x1p-1", "0x1p-1%", "3/7/9", "01/02/2026", "3/7%", "%", "/", "", "1_0/2_0", "½", "4 of 9"} {
		for _, scale := range []float64{1, 100, 1e9} {
			f.Add(text, scale)
		}
	}
	f.Fuzz(func(t *testing.T, text string, scale float64) {
		if !(scale > 0 && scale <= 1e9) || strings.ToValidUTF8(text, "") != text {
			return
		}
		read := func(text string) float64 {
			quoted, err := json.Marshal(text)
			require.NoError(t, err)
			got := readProgress([][]byte{quoted}, false, scale)
			require.True(t, got >= 0 && got <= 1, got)
			return got
		}
		got := read(text)
		want, ok := share(text, scale)
		if !ok {
			require.Zero(t, got, "%q is no number", text)
		}
		if _, _, isRatio := strings.Cut(text, "/"); ok && (isRatio || strings.TrimSpace(text) == text) {
			require.InDelta(t, min(max(want, 0), 1), got, 1e-9)
		}
		if json.Valid([]byte(text)) && strings.Trim(text, "-+.eE0123456789") == "" {
			require.Equal(t, got, readProgress([][]byte{[]byte(text)}, false, scale), "a number and a text")
		}
		if done, total, isRatio := strings.Cut(text, "/"); isRatio && ok {
			a, _ := json.Marshal(strings.TrimSpace(done))
			b, _ := json.Marshal(strings.TrimSpace(total))
			if !strings.Contains(total, "%") {
				require.Equal(t, got, readProgress([][]byte{a, b}, true, 1), "two places")
			}
		}
	})
}
