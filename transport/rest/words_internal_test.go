package rest

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

func TestWordsAreFoundAsTheyAreSpelledFirst(t *testing.T) {
	t.Parallel()
	w := newWords(map[string]transport.State{
		"Done": transport.Completed, "DONE": transport.Failed, "Busy": transport.Running, "BUSY": transport.Running, " odd ": transport.Pending,
		"2": transport.Completed, "2.0": transport.Failed, "3.50": transport.Running, "true": transport.Completed, "": transport.Pending,
		"-0": transport.Canceled, "1e400": transport.Failed, " 4.0 ": transport.Completed,
	})
	for raw, want := range map[string]transport.State{
		`"Done"`: transport.Completed, `"DONE"`: transport.Failed, `"done"`: transport.Unknown, `"Done "`: transport.Unknown,
		`"busy"`: transport.Running, `" bUSY\n"`: transport.Running, `"\u0042usy"`: transport.Running, `"odd"`: transport.Pending,
		`2`: transport.Completed, `2.0`: transport.Failed, `2e0`: transport.Unknown, `"2"`: transport.Completed, `"2e0"`: transport.Unknown,
		`3.5`: transport.Running, `35e-1`: transport.Running, `0.35E+1`: transport.Running, `-3.5`: transport.Unknown, `"3.5"`: transport.Unknown,
		`true`: transport.Completed, `"TRUE"`: transport.Completed, `false`: transport.Unknown,
		`""`: transport.Pending, `"  "`: transport.Pending, `"x\n"`: transport.Unknown,
		`0`: transport.Canceled, `0.000`: transport.Canceled, `-0e7`: transport.Canceled, `10e399`: transport.Failed, `4`: transport.Completed,
		`1e99999999999999999999`: transport.Unknown,
	} {
		got, ok := w.find([]byte(raw))
		assert.Equal(t, want, got.state, raw)
		assert.Equal(t, want != transport.Unknown, ok, raw)
		if text := ""; json.Unmarshal([]byte(raw), &text) == nil {
			assert.Equal(t, text, got.raw, "the service's own word")
		}
	}
	_, ok := w.none()
	assert.False(t, ok)
	none, ok := newWords(map[string]transport.State{"null": transport.Running}).none()
	assert.True(t, ok)
	assert.Equal(t, word{"null", transport.Running}, none)
}

// Not parallel: it counts allocations.
func TestAPlainWordIsReadWithoutAnAllocation(t *testing.T) {
	w := newWords(DefaultStates())
	for _, raw := range []string{`"completed"`, `"in_progress"`, `"failed"`} {
		text := []byte(raw)
		assert.Zero(t, testing.AllocsPerRun(100, func() { w.find(text) }), raw)
	}
}

// fault 64: no word that may hide a failure is among the default ones.
func TestTheDefaultWordsHideNoFailure(t *testing.T) {
	t.Parallel()
	w := newWords(DefaultStates())
	for _, said := range []string{"done", "finished", "complete", "ended", "closed", "stopped", "terminated", "exited", "resolved", "ready", "ok",
		"partial", "partial_success", "completed_with_errors", "success_with_failures", "skipped", "neutral", "unknown", "final", "dead", "null", ""} {
		for _, spelled := range []string{said, strings.ToUpper(said), " " + said} {
			got, ok := w.find([]byte(`"` + spelled + `"`))
			assert.False(t, ok, spelled)
			assert.Equal(t, word{raw: spelled}, got)
		}
	}
	completed := map[string]bool{"completed": true, "succeeded": true, "success": true, "successful": true, "passed": true}
	for said, state := range DefaultStates() {
		assert.Equal(t, completed[said], state == transport.Completed, said)
		assert.Equal(t, fold(said), said, "in lower case")
	}
	assert.Equal(t, transport.Failed, DefaultStates()["failure"])
	DefaultStates()["done"] = transport.Completed
	assert.NotContains(t, DefaultStates(), "done", "each caller has its own")
}

// fault 24
func FuzzNumbersAreComparedByValue(f *testing.F) {
	for _, pair := range [][2]string{{"2", "2.0"}, {"2", "20e-1"}, {"-0", "0e9"}, {"100", "1e2"}, {"1", "10"}, {"0.1", "1e-1"}, {"1e5", "100000.00"}, {"0", "0 "}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 40 || len(b) > 40 {
			return
		}
		x, isX := numberValue(a)
		y, isY := numberValue(b)
		if !isX || !isY {
			return
		}
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		for _, text := range []string{a, b} {
			if _, power, _ := strings.Cut(strings.ToLower(text), "e"); len(strings.Trim(power, "+-")) > 3 {
				return // big.Rat would take all memory
			}
		}
		p, ok := new(big.Rat).SetString(a)
		require.True(t, ok, a)
		q, ok := new(big.Rat).SetString(b)
		require.True(t, ok, b)
		require.Equal(t, p.Cmp(q) == 0, x == y, "%s %s", a, b)
	})
}
