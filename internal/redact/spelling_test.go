package redact_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// spellings are the ways in which a server may echo a text.
var spellings = map[string]func(string) string{
	"as it is":     func(s string) string { return s },
	"query":        url.QueryEscape,
	"path":         url.PathEscape,
	"lower case":   func(s string) string { return strings.ToLower(percent(s)) },
	"percent":      percent,
	"twice":        func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"JSON":         inJSON,
	"JSON in JSON": func(s string) string { return inJSON(inJSON(s)) },
	"JSON, slash":  func(s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) },
	"JSON, ASCII":  asciiJSON,
	"HTML":         html.EscapeString,
	"HTML, signs":  func(s string) string { return signs("&#%d;", s) },
	"HTML, hex":    func(s string) string { return signs("&#x%02X;", s) },
	"HTML twice":   func(s string) string { return html.EscapeString(html.EscapeString(s)) },
	"HTML in JSON": func(s string) string { return inJSON(html.EscapeString(s)) },
}

func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

func inJSON(s string) string {
	text, _ := json.Marshal(s)
	return string(text[1 : len(text)-1])
}

func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 1<<16 {
			r -= 1 << 16
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func signs(format, s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// fault 65
func TestAKnownSecretIsTakenOutHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"hunter2", `a/b+c=d&e"f'g<h>i\j`, "%2Fa%25", "ünï cöde 💥", `\\\\`, "&amp;x", "x%41&y+z", "++++ ++"} {
		for name, spell := range spellings {
			text := "before: " + spell(secret) + ", after"
			assert.Equal(t, "before: [redacted], after", redact.Text(text, secret), "%s of %s", name, secret)
			assert.Equal(t, "`before: [redacted], after`", redact.Excerpt([]byte(text), secret), "%s of %s", name, secret)
		}
	}
}

// fault 65
func TestTheLongestOfSeveralSecretsIsTakenOut(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "a [redacted] b", redact.Text("a hunter2-and-more b", "hunter2", "", "hunter2-and-more"))
	assert.Equal(t, "[redacted] and [redacted]", redact.Text("hunter2hunter2 and hunter2", "hunter2"))
	assert.Equal(t, "[redacted]xx", redact.Text("aaaaxx", "aaa"), "places that overlap")
	secrets := []string{"b", "aaa"}
	redact.Text("x", secrets...)
	assert.Equal(t, []string{"b", "aaa"}, secrets, "the caller's order stays")
}

// fault 65: where the part of the body that is read ends within an escaped secret.
func TestAnEscapedSecretIsNotCutInTwo(t *testing.T) {
	t.Parallel()
	const secret = "&&&&&&&&&&&&"
	for n := range 110 {
		for _, spell := range []func(string) string{percent, asciiJSON, html.EscapeString} {
			body := strings.Repeat("k", 1000) + strings.Repeat(" ", n) + spell(secret)
			got := redact.Excerpt([]byte(body+strings.Repeat(" .", 2000)), secret)
			require.NotRegexp(t, `&|%26|u0026`, got)
		}
	}
}

// fault 65
func TestASecretInAMixtureOfEscapesIsTakenOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringOfN(rapid.RuneFrom([]rune(`ab;"'<>/ ünl25#=💥`)), 4, 12, -1).Draw(t, "secret")
		text := ""
		for _, r := range secret {
			name := rapid.SampledFrom([]string{"as it is", "percent", "JSON, ASCII", "HTML, signs"}).Draw(t, "spelling")
			text += spellings[name](string(r))
		}
		if got := redact.Text("( "+text+" )", secret); got != "( [redacted] )" {
			t.Fatalf("%q is left of %q", got, text)
		}
	})
}

// fault 65
func FuzzAKnownSecretIsTakenOutHoweverItIsSpelled(f *testing.F) {
	for _, secret := range []string{"hunter2", "\\", "&", "%%", "+ ", "\xff", "💥"} {
		f.Add(secret)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		if len(secret) < 4 || len(secret) > 1000 || !utf8.ValidString(secret) || strings.ContainsFunc(secret, unicode.IsControl) {
			return // no header has it, or it is too short to be looked for
		}
		for name, spell := range spellings {
			got := redact.Text("<"+spell(secret)+">", secret)
			require.NotContains(t, got, "<"+spell(secret)+">", name)
			require.Contains(t, got, redact.Mask, name)
		}
	})
}
