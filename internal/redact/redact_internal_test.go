package redact

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzAShortCutFindsWhatTheExpressionsFind compares Text and withoutOpaque with the regular
// expressions alone.
func FuzzAShortCutFindsWhatTheExpressionsFind(f *testing.F) {
	for _, s := range []string{
		"", `{"access_token":"x"}`, "to\u212aen=x", "pa\u017fswd: y", "API-KEY = z", "api key: z", "Basic dXNlcg==", "http://u:p@h/?q=1",
		strings.Repeat("k", 23), strings.Repeat("k", 24) + " " + strings.Repeat("%", 30), "é" + strings.Repeat("z", 40), "\xff" + strings.Repeat("_", 24),
		`{"id":"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77","run_id": "dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz","x":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`,
	} {
		f.Add(s)
	}
	opaque := regexp.MustCompile(`[\w+/=.~%-]{24,}`)
	f.Fuzz(func(t *testing.T, s string) {
		want := named.ReplaceAllString(s, "${1}"+Mask)
		want = scheme.ReplaceAllString(want, "${1} "+Mask)
		want = userInfo.ReplaceAllString(want, "://"+Mask+"@")
		want = query.ReplaceAllString(want, "${1}?"+Mask)
		assert.Equal(t, want, Text(s))
		var hidden strings.Builder
		last := 0
		for _, at := range opaque.FindAllStringIndex(s, -1) {
			hidden.WriteString(s[last:at[0]])
			if last = at[1]; isName(s[at[0]:last]) || isID(s[:at[0]], s[at[0]:last]) {
				hidden.WriteString(s[at[0]:last])
			} else {
				hidden.WriteString(Mask)
			}
		}
		assert.Equal(t, hidden.String()+s[last:], withoutOpaque(s))
	})
}
