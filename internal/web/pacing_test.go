package web_test

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func header(retryAfter, date string) http.Header {
	return http.Header{"Retry-After": {retryAfter}, "Date": {date}}
}

// fault 13, fault 14
func TestRetryAfterIsReadInEverySpellingAndRubbishIsIgnored(t *testing.T) {
	t.Parallel()
	const serverNoon = "Tue, 04 Mar 2025 12:00:00 GMT" // a year behind
	const none, zero = time.Duration(0), transport.NoWait
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"120", "", 2 * time.Minute},
		{" 7 ", "", 7 * time.Second},
		{"30.5", "", 30500 * time.Millisecond},
		{"29.052427053", "", 29052427053},
		{"0.0000000001", "", 1},
		{".5", "", 500 * time.Millisecond},
		{"5.", "", 5 * time.Second},
		{"0", "", zero},
		{"0.0", "", zero},
		{"0s", "", zero},
		{"30s", "", 30 * time.Second},
		{"30 S", "", 30 * time.Second},
		{"1m30s", "", 90 * time.Second},
		{"1500ms", "", 1500 * time.Millisecond},
		{"2 seconds", "", 2 * time.Second},
		{"1 second", "", time.Second},
		{"3 sec", "", 3 * time.Second},
		{"1500 milliseconds", "", 1500 * time.Millisecond},
		{"2 Minutes", "", 2 * time.Minute},
		{"1 minute 30 seconds", "", 90 * time.Second},
		{"1 hour", "", time.Hour},
		{"1 month", "", none},
		{"30,", "", 30 * time.Second},
		{", 30", "", 30 * time.Second},
		{"30;", "", 30 * time.Second},
		{`"30"`, "", 30 * time.Second},
		{"PT30S", "", 30 * time.Second},
		{"pt1m30.5s", "", 90500 * time.Millisecond},
		{"PT", "", none},
		{"P1D", "", none},
		{"30, 30", "", 30 * time.Second},
		{"0, 7, 5s", "", 7 * time.Second},
		{"0, 0", "", zero},
		{"soon, 9", "", 9 * time.Second},
		{"soon, later", "", none},
		{strings.Repeat("1, ", 10_000), "", time.Second},
		{"31536000", "", web.MaxRetryAfter},
		{"31536000.5", "", none},
		{"31536001", "", none},
		{"8761h", "", none},
		{"9223372037", "", none},
		{"9223372036854775807", "", none},
		{"18446744073709551616", "", none},
		{"99999999999999999999999999", "", none},
		{"1e3", "", none},
		{"1e400", "", none},
		{"0x10", "", none},
		{"1_0", "", none},
		{"Inf", "", none},
		{"NaN", "", none},
		{"-1", "", none},
		{"-1s", "", none},
		{"+1", "", none},
		{"1.2.3", "", none},
		{".", "", none},
		{"1,5", "", none},
		{"soon", "", none},
		{"", "", none},
		{"1741089630", serverNoon, 30 * time.Second}, // since 1970
		{"1741089630500", serverNoon, 30500000000},   // in milliseconds
		{"1741089600", serverNoon, zero},             // has come
		{"1541089600", serverNoon, none},             // long ago
		{"1772625609", "", 9 * time.Second},          // of our clock
		{"1772625591", "", none},                     // which may be wrong
		{"Tue, 04 Mar 2025 12:00:30 GMT", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 12:00:30 UTC", serverNoon, 30 * time.Second},
		{"Tue, 4 Mar 2025 12:00:30 Z", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 12:00:30 +0000", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 14:00:30 +0200", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 05:30:30 -06:30", serverNoon, 30 * time.Second},
		{"04 Mar 2025 12:00:30 GMT", serverNoon, 30 * time.Second},
		{"tue,  04 mar 2025 12:00:30 gmt", serverNoon, 30 * time.Second},
		{"Tue, 04-Mar-2025 12:00:30 GMT", serverNoon, 30 * time.Second},
		{"Tuesday, 04-Mar-25 12:00:30 GMT", serverNoon, 30 * time.Second},
		{"Tue Mar  4 12:00:30 2025", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 12:00:30", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 12:00:30 GMT, Tue, 04 Mar 2025 12:00:30 GMT", serverNoon, 30 * time.Second},
		{"2025-03-04T12:00:30", serverNoon, 30 * time.Second},
		{"2025-03-04 12:00:30.5", serverNoon, 30500 * time.Millisecond},
		{"2025-03-04T12:00:30Z", serverNoon, 30 * time.Second},
		{"2025-03-04t12:00:30.25z", serverNoon, 30250 * time.Millisecond},
		{"2025-03-04T14:00:30+02:00", serverNoon, 30 * time.Second},
		{"2025-03-04T14:00:30+0200", serverNoon, 30 * time.Second},
		{"2025-03-04 12:00:30Z", serverNoon, 30 * time.Second},
		{"2025-03-04 12:00:30 UTC", serverNoon, 30 * time.Second},
		{"Tue, 04 Mar 2025 12:00:30 GMT", "2025-03-04T12:00:00Z", 30 * time.Second},
		{"Tue, 04 Mar 2025 11:59:59 GMT", serverNoon, zero},
		{"Mon, 04 Mar 2019 12:00:00 GMT", serverNoon, none},
		{"Thu, 04 Mar 2027 12:00:00 GMT", serverNoon, none}, // over a year away
		{"Tue, 04 Mar 2025 12:00:30 PST", serverNoon, none}, // whose name of a zone has no one meaning
		{"Wed, 04 Mar 2026 12:00:09 GMT", "", 9 * time.Second},
		{"Wed, 04 Mar 2026 11:59:59 GMT", "", none}, // our own clock may be ahead
		{"Wed, 04 Mar 2026 12:00:09 GMT", "yesterday", 9 * time.Second},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", none},
	} {
		got := web.RetryAfter(429, header(c.value, c.date), func() time.Time { return noon })
		assert.Equal(t, c.want, got, "%q at %q", c.value, c.date)
	}
	assert.Zero(t, web.RetryAfter(429, nil, nil))
}

// fault 13
func TestPacingIsHeardInEveryHeader(t *testing.T) {
	t.Parallel()
	const zero = transport.NoWait
	date := noon.Add(-365 * 24 * time.Hour).Format(http.TimeFormat)
	epoch := strconv.FormatInt(noon.Add(-365*24*time.Hour).Add(40*time.Second).Unix(), 10)
	for _, c := range []struct {
		code  int
		lines []string // name, value, …
		want  time.Duration
	}{
		{200, []string{"retry-after-ms", "1500"}, 1500 * time.Millisecond},
		{200, []string{"retry-after-ms", "0.5"}, 500 * time.Microsecond},
		{200, []string{"retry-after-ms", "0"}, zero},
		{429, []string{"Retry-After", "0", "Retry-After", "30"}, 30 * time.Second},
		{429, []string{"Retry-After", "soon", "Retry-After", "30", "Retry-After", "5"}, 30 * time.Second},
		{200, []string{"x-ms-retry-after-ms", "250"}, 250 * time.Millisecond},
		{200, []string{"x-ms-retry-after-ms", "250", "Retry-After", "1"}, 250 * time.Millisecond},
		{200, []string{"retry-after-ms", "rubbish", "Retry-After", "3"}, 3 * time.Second},
		{429, []string{"Retry-After", "soon", "X-RateLimit-Reset", "9"}, 9 * time.Second},
		{429, []string{"Retry-After", "0", "X-RateLimit-Reset", "9"}, zero},
		{200, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "9"}, 9 * time.Second},
		{200, []string{"RateLimit-Remaining", "1", "RateLimit-Reset", "9"}, 0},
		{200, []string{"RateLimit-Reset", "9"}, 0},
		{200, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "0"}, 0},
		{200, []string{"RateLimit-Remaining", "0"}, 0},
		{200, []string{"RateLimit-Remaining", "5, 0", "RateLimit-Reset", "3, 9"}, 9 * time.Second}, // joined by a proxy
		{200, []string{"RateLimit-Remaining", "0;w=60", "RateLimit-Reset", "9;w=60"}, 9 * time.Second},
		{200, []string{"RateLimit-Remaining", "5, 1", "RateLimit-Reset", "3, 9"}, 0},
		{403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", epoch}, 40 * time.Second},
		{403, []string{"X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", epoch + "000"}, 40 * time.Second},
		{200, []string{"X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", epoch}, 0}, // there is no quota
		{200, []string{"RateLimit-Remaining", "-1", "RateLimit-Reset", "3600"}, 0},
		{429, []string{"RateLimit-Remaining", "-1", "RateLimit-Reset", "9"}, 9 * time.Second},
		{503, []string{"Retry-After", epoch, "Age", "30"}, 10 * time.Second},
		{503, []string{"Retry-After", epoch, "Age", "100"}, zero},
		{503, []string{"Retry-After", epoch, "Age", "-30"}, 40 * time.Second},
		{503, []string{"Retry-After", epoch, "Age", "99999999999999999999"}, 40 * time.Second},
		{503, []string{"Retry-After", "9", "Age", "30"}, 9 * time.Second},
		{403, []string{"X-RateLimit-Remaining", "12", "X-RateLimit-Reset", epoch}, 0},
		{403, []string{"X-RateLimit-Reset", epoch}, 0},
		{429, []string{"X-RateLimit-Reset", epoch}, 40 * time.Second},
		{420, []string{"X-Rate-Limit-Reset", "8.5s"}, 8500 * time.Millisecond},
		{429, []string{"X-RateLimit-Remaining", "5", "X-RateLimit-Reset", epoch}, 0},
		{429, []string{"X-RateLimit-Reset", "1"}, time.Second},
		{429, []string{"X-RateLimit-Reset", epoch, "X-RateLimit-Reset-After", "39.25"}, 39250 * time.Millisecond},
		{200, []string{"X-RateLimit-Remaining", "3", "X-RateLimit-Reset-After", "39.25"}, 0},
		{403, []string{"x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "6m0s"}, 6 * time.Minute},
		{200, []string{"x-ratelimit-remaining-requests", "9", "x-ratelimit-reset-requests", "6m0s"}, 0},
		{429, []string{"X-RateLimit-Reset", "1000000000"}, 0}, // in 2001
		{200, []string{"RateLimit", `"default";r=0;t=30`}, 30 * time.Second},
		{200, []string{"RateLimit", `"default";r=50;t=30`}, 0},
		{200, []string{"RateLimit", `"minute";r=0;t=30, "day";r=0;t=3000;pk=:abc:`}, 50 * time.Minute},
		{200, []string{"RateLimit", `"minute";r=0;t=30`, "RateLimit", `"day"; r=7; t=3000`}, 30 * time.Second},
		{200, []string{"RateLimit", `limit=100, remaining=0, reset=20`}, 20 * time.Second},
		{200, []string{"RateLimit", `limit=100, remaining=3, reset=20`}, 0},
		{200, []string{"RateLimit", `"default";r=-1;t=30`}, 0}, // there is no quota
		{403, []string{"RateLimit", `"default";r=-1;t=30`}, 30 * time.Second},
		{429, []string{"RateLimit", `"default";t=30`}, 30 * time.Second},
		{200, []string{"RateLimit", `"default";t=30`}, 0},
		{429, []string{"RateLimit", `limit=100, reset=20`}, 20 * time.Second},
		{429, []string{"RateLimit", `"minute";r=7;t=3000, "second";t=3`}, 3 * time.Second},
		{200, []string{"RateLimit", `r;t;;,=,`}, 0},
	} {
		h := http.Header{"Date": {date}}
		for i := 0; i < len(c.lines); i += 2 {
			h.Add(c.lines[i], c.lines[i+1])
		}
		got := web.RetryAfter(c.code, h, func() time.Time { return noon })
		assert.Equal(t, c.want, got, "%d %v", c.code, c.lines)
	}
}

// fault 14
func FuzzRetryAfterStaysInBounds(f *testing.F) {
	for _, s := range []string{"1", "9223372037", "-9", "Fri, 31 Dec 9999 23:59:59 GMT", strconv.Itoa(math.MaxInt64), "1e308", "5m", ".",
		`"a";r=0;t=9`, "2025-03-04T12:00:30Z"} {
		f.Add(s, "Mon, 01 Jan 0001 00:00:00 GMT", int64(0))
		f.Add("Tue, 04 Mar 2025 12:00:30 GMT", s, int64(math.MaxInt64))
	}
	f.Fuzz(func(t *testing.T, value, date string, now int64) {
		for _, name := range []string{"Retry-After", "Retry-After-Ms", "X-Ms-Retry-After-Ms", "Ratelimit", "Ratelimit-Reset", "X-Ratelimit-Reset"} {
			got := web.RetryAfter(429, http.Header{name: {value}, "Date": {date}}, func() time.Time { return time.Unix(now, 0) })
			require.LessOrEqual(t, got, web.MaxRetryAfter)
			if got < 0 {
				require.Equal(t, transport.NoWait, got)
			}
		}
		if n, err := strconv.Atoi(value); err == nil && strings.Trim(value, "0123456789") == "" && n <= int(web.MaxRetryAfter/time.Second) {
			got := web.RetryAfter(200, http.Header{"Retry-After": {value}, "Date": {date}}, nil)
			require.Equal(t, cmp.Or(time.Duration(n)*time.Second, transport.NoWait), got)
		}
	})
}

// fault 13, fault 14: a quota of which nothing remains is waited for, and any other is not, in each
// form of the headers.
func FuzzQuotas(f *testing.F) {
	for _, remaining := range []string{"0", "1", "-1", "0.0", "+0", "NaN", "-inf", "1e-400", "x", "", "0;w=1", "5, 0"} {
		f.Add("default", remaining, "30", uint8(0))
		f.Add(`a=b"`, remaining, "2026-03-04T12:00:30Z", uint8(1))
	}
	for which := range uint8(4) {
		f.Add("", "0", "0", which)
		f.Add("", "0", "9223372037", which)
	}
	f.Add("a;r=0;t=9, b", "7", "5;t=8", uint8(3))
	f.Fuzz(func(t *testing.T, name, remaining, reset string, which uint8) {
		clock := func() time.Time { return noon }
		isPlain := !strings.ContainsAny(name+remaining+reset, ",;=")
		n, err := strconv.ParseFloat(strings.TrimSpace(remaining), 64)
		used := err == nil && n <= 0
		for form, h := range map[string]http.Header{
			"item":  {"Ratelimit": {`"` + name + `";r=` + remaining + ";t=" + reset}},
			"items": {"Ratelimit": {`"other";r=1;t=5`, `"` + name + `";t=` + reset + `; R=` + remaining}},
			"early": {"Ratelimit": {"limit=9, remaining=" + remaining + ", reset=" + reset}},
			"pair": {
				[]string{"Ratelimit-Reset", "X-Ratelimit-Reset-After", "X-Ratelimit-Reset", "X-Rate-Limit-Reset"}[which%4]:           {reset},
				[]string{"Ratelimit-Remaining", "X-Ratelimit-Remaining", "X-Ratelimit-Remaining", "X-Rate-Limit-Remaining"}[which%4]: {remaining},
			},
		} {
			got := web.RetryAfter(429, h, clock)
			require.LessOrEqual(t, got, web.MaxRetryAfter)
			require.GreaterOrEqual(t, got, time.Duration(0), "no quota cancels a wait")
			if !isPlain {
				continue
			}
			want := time.Duration(0)
			if used {
				want = max(0, web.RetryAfter(200, http.Header{"Retry-After": {reset}}, clock))
			}
			require.Equal(t, want, got, "%s: %v", form, h)
		}
	})
}

// fault 11, fault 12, fault 13, fault 54
func TestClassOfCodeKnowsWhoIsSpeaking(t *testing.T) {
	t.Parallel()
	throttled := map[int]bool{403: true, 409: true, 418: true, 420: true, 423: true, 429: true, 503: true} // if a wait is named
	classes := map[int]transport.Class{404: transport.NotFound, 408: transport.Transient, 421: transport.Misdirected, 425: transport.Transient,
		429: transport.Throttled, 449: transport.Transient, 499: transport.Transient, 501: transport.Permanent, 505: transport.Permanent, 304: transport.Malformed}
	for code := range 1000 {
		want, ok := classes[code]
		if !ok {
			want = map[int]transport.Class{1: transport.Permanent, 3: transport.Misdirected, 4: transport.Permanent, 5: transport.Transient}[code/100]
			if c := code / 100; c != 1 && c < 3 || c > 5 {
				want = transport.Malformed
			}
		}
		assert.Equal(t, want, web.ClassOfCode(code, false), code)
		if throttled[code] {
			want = transport.Throttled
		}
		assert.Equal(t, want, web.ClassOfCode(code, true), code)
		passes := code == 502 || code == 503 || code == 504
		assert.Equal(t, passes, web.IsRetried(code), code)
		assert.Equal(t, passes || code == 511 || code >= 520 && code <= 530 || code == 598 || code == 599, web.IsGateway(code), code)
	}
}

// fault 13: without the Date of the answer nobody knows how wrong the clock of the service is.
func TestATimeWithoutADateIsAtMostFiveMinutesAway(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return noon }
	const ahead = 6 * time.Hour
	at := noon.Add(ahead)
	for _, text := range []string{at.Format(http.TimeFormat), at.Format(time.RFC3339), strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10)} {
		assert.Equal(t, 5*time.Minute, web.RetryAfter(503, http.Header{"Retry-After": {text}}, now), text)
		assert.Equal(t, ahead, web.RetryAfter(503, header(text, noon.Format(http.TimeFormat)), now), text)
		assert.Equal(t, 5*time.Minute, web.RetryAfter(503, header(text, "yesterday"), now), text)
	}
	soon := http.Header{"Retry-After": {noon.Add(time.Minute).Format(http.TimeFormat)}}
	assert.Equal(t, time.Minute, web.RetryAfter(503, soon, now))
	assert.Equal(t, ahead, web.RetryAfter(503, http.Header{"Retry-After": {"21600"}}, now), "seconds need no clock")
}
