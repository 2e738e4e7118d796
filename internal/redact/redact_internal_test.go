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
		assert.Equal(t, opaque.ReplaceAllString(s, Mask), withoutOpaque(s))
	})
}
