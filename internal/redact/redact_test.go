package redact_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// fault 44
func TestTextTakesOutWhatLooksLikeASecret(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`plain words, 12 of them`:                         `plain words, 12 of them`,
		`{"status":"error","message":"disk full"}`:        `{"status":"error","message":"disk full"}`,
		`{"access_token":"canary","b":1}`:                 `{"access_token":[redacted],"b":1}`,
		`{"access_token": "can\"ary", "b":1}`:             `{"access_token": [redacted], "b":1}`,
		`{"password":"canary`:                             `{"password":[redacted]`,
		`{"apiKey":12345}`:                                `{"apiKey":[redacted]}`,
		`{"credentials":{"user":"canary"},"canary":1}`:    `{"credentials":[redacted]`,
		`{"detail":"{\"secret\":\"canary\"}"}`:            `{"detail":"{\"secret\":[redacted]}`,
		`Authorization: Bearer canary`:                    `Authorization: [redacted]`,
		`no good: Bearer canary, sorry`:                   `no good: Bearer [redacted], sorry`,
		`dial http://user:canary@host:80/p: refused`:      `dial http://[redacted]@host:80/p: refused`,
		`Get "https://host/status/7?key=canary&x=canary"`: `Get "https://host/status/7?[redacted]"`,
		`session_id=canary&a=b`:                           `session_id=[redacted]&a=b`,
		`the known one`:                                   `the [redacted] one`,
	} {
		assert.Equal(t, want, redact.Text(in, "known", ""), in)
	}
}

// fault 44
func TestExcerptIsOneShortLineThatPrints(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"status":"a"}`:                                                                      "`{\"status\":\"a\"}`",
		"two\nlines `quoted`":                                                                 `"two\nlines ` + "`quoted`" + `"`,
		"\u202eright to left":                                                                 `"\u202eright to left"`,
		"id 7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77":                                             "`id [redacted]`",
		`{"id":"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"}`:                                       "`{\"id\":\"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77\"}`",
		`{"key":"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"}`:                                      "`{\"key\":\"[redacted]\"}`",
		`{"access_key_id":"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"}`:                            "`{\"access_key_id\":\"[redacted]\"}`",
		`{"signed_id":"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"}`:                                "`{\"signed_id\":\"[redacted]\"}`",
		`{"id":"eyJhbGciOiJIUzI1NiJ9abcdefgh"}`:                                               "`{\"id\":\"[redacted]\"}`",
		`{"id":"abcd3fgh.abcd3fgh.abcd3fgh"}`:                                                 "`{\"id\":\"[redacted]\"}`",
		"7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77-7f":                                             "`[redacted]`",
		`{"id": "dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz","key":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`: "`{\"id\": \"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz\",\"key\":\"[redacted]\"}`",
		`{"run_id":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`:                                       "`{\"run_id\":\"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz\"}`",
		`{"jobId":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`:                                        "`{\"jobId\":\"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz\"}`",
		`{"paid":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`:                                         "`{\"paid\":\"[redacted]\"}`",
		`{"session_id":"dpl_5WJWYSyB7BpgTj3EuwF37WMRnXyz"}`:                                   "`{\"session_id\":[redacted]}`",
		`{"id":"` + strings.Repeat("k", 65) + `"}`:                                            "`{\"id\":\"[redacted]\"}`",
		`{"code":"InternalError.ErrorGetRoute"}`:                                              "`{\"code\":\"InternalError.ErrorGetRoute\"}`",
		`ProvisionedThroughputExceededException: slow down`:                                   "`ProvisionedThroughputExceededException: slow down`",
		`UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS`:                                        "`UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS`",
		`AWS.SimpleQueueService.NonExistentQueue`:                                             "`AWS.SimpleQueueService.NonExistentQueue`",
		`invalid_async_job_id/not_found_in_this_account`:                                      "`invalid_async_job_id/not_found_in_this_account`",
		`correcthorsebatterystaple`:                                                           "`[redacted]`",
		`QwErTyUiOpAsDfGhJkLzXcVbNm`:                                                          "`[redacted]`",
		`ABCDEFGHIJKLMNOPQRSTUVWXYZ`:                                                          "`[redacted]`",
		`bcdfgh_bcdfgh_bcdfgh_bcdfgh`:                                                         "`[redacted]`",
		`words-with-1-number-in-between-them`:                                                 "`[redacted]`",
		"":                                                                                    "``",
		strings.Repeat("word ", 60):                                                           "`" + strings.Repeat("word ", 51) + "w…`",
		strings.Repeat("é ", 100):                                                             "`" + strings.Repeat("é ", 85) + "…`",
		strings.Repeat("x", 5000):                                                             "`…`",
	} {
		assert.Equal(t, want, redact.Excerpt([]byte(in)), in)
	}
}

// fault 44
func TestExcerptHidesAKnownSecretWhereverItStands(t *testing.T) {
	t.Parallel()
	const canary = "hunter two canary"
	for n := range 200 { // where the part of the body that is read ends within it
		got := redact.Excerpt([]byte(strings.Repeat("k", 900)+strings.Repeat(" ", n)+canary), canary)
		assert.NotContains(t, got, "hunt", n)
	}
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringOfN(rapid.RuneFrom([]rune("ab \"{}:,\n")), 0, 1500, -1).Draw(t, "before")
		runs := strings.Repeat(strings.Repeat("k", 900)+" ", rapid.IntRange(0, 1).Draw(t, "runs"))
		got := redact.Excerpt([]byte(runs+before+canary+before), canary)
		assert.NotContains(t, got, "hunt")
		assert.NotContains(t, got, "anary")
		assert.LessOrEqual(t, len(got), 4*redact.MaxExcerpt)
		assert.False(t, strings.ContainsFunc(got, unicode.IsControl))
	})
}

// fault 44: of tokens that are drawn at random, next to none looks like words.
func TestARandomTokenIsTakenOut(t *testing.T) {
	t.Parallel()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	random := rand.New(rand.NewPCG(1, 2))
	for alphabet, most := range map[string]int{
		letters: 40, letters + "0123456789-_": 2, letters[26:] + "234567": 0, letters[:26] + "234567": 0, letters[26:]: 0,
	} {
		quoted := 0
		for range 10_000 {
			token := make([]byte, 24)
			for i := range token {
				token[i] = alphabet[random.IntN(len(alphabet))]
			}
			if !strings.Contains(redact.Excerpt(token), redact.Mask) {
				quoted++
			}
		}
		assert.LessOrEqual(t, quoted, most, alphabet)
	}
}

// fault 44
func TestAnIDIsQuotedWithoutSecrets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"7": "7", "7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77": "7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77",
		"8?token=x": "8?token=[redacted]", "known": "[redacted]", "ghp_0123456789abcdefghijklmnop": "[redacted]",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc": "[redacted]", strings.Repeat("a ", 40): strings.Repeat("a ", 32) + "…",
	} {
		assert.Equal(t, want, redact.ID(in, "known"), in)
	}
}
