package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestFaultsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	none := transport.Error{Code: -1}
	for text, want := range map[string]transport.Error{
		"always: code 503; retry-after 7":     {Class: transport.Throttled, Code: 503},
		" first 1 : code 410 it is gone ":     {Class: transport.Permanent, Code: 410},
		"nth 1 3:truncated":                   {Class: transport.Malformed, Code: 200},
		"share 1: reset":                      {Class: transport.Transient},
		"between 0s 1h: huge 100":             {Class: transport.Malformed, Code: 200},
		"young 1m: code 404":                  {Class: transport.NotFound, Code: 404},
		"without X-Who me and you: code 401":  {Class: transport.Permanent, Code: 401},
		"always: header X y z; gzip-bomb 10":  {Class: transport.Malformed, Code: 200},
		"always: body <html> </html>":         {Class: transport.Transient, Code: 200},
		"always: redirect http://127.0.0.1/":  {Class: transport.Misdirected},
		"always: date-off -1h; retry-at 1m":   none,
		"always: lags 1s; goes-back":          none,
		"always: latency 1ns; drip 1ns":       none,
		"create 1: code 500":                  none,
		"cancel 1: silence":                   none,
		"first 1: code 500; latency 1us":      {Class: transport.Transient, Code: 500},
		"always: code 429 ; retry-after soon": {Class: transport.Throttled, Code: 429},
	} {
		option, err := parseFault(text)
		require.NoError(t, err, text)
		srv := mock.NewServer(t, mock.InMemory(), option, mock.Job("a", mock.Completed(nil)))
		c, err := rest.New(srv.URL, rest.WithHTTPClient(srv.Client()), rest.WithRetries(rest.NoRetries))
		require.NoError(t, err)
		_, err = c.Status(context.Background(), "a")
		if want == none {
			assert.NoError(t, err, text)
			continue
		}
		var got *transport.Error
		require.ErrorAs(t, err, &got, text)
		assert.Equal(t, want.Class, got.Class, text)
		assert.Equal(t, want.Code, got.Code, text)
	}
}

func TestFaultsThatCannotBeSayWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "want WHEN: EFFECT",
		": reset":                "time for a fault is missing: one of always, between",
		"seldom: reset":          `"seldom" is no time for a fault: one of always`,
		"always:":                "effect is missing: one of body",
		"always: explode":        `"explode" is no effect: one of body`,
		"always: lost":           "Lost, Doubled and Forged apply only to a push",
		"push 1: code 500":       "only Lost, Doubled, Forged, Latency and Reset apply to a push",
		"create 1: goes-back":    "Lags and GoesBack apply only to polls",
		"always: reset now":      `"reset" takes 0 words: reset`,
		"first: reset":           `"first" takes 1 words: first N`,
		"first one: reset":       `"first one": want first N`,
		"nth 1 two: reset":       `"nth 1 two": want nth N…`,
		"nth: reset":             "Nth([]): calls count from 1",
		"share 2: reset":         "Share(2): must be from 0 to 1",
		"share 0.5: code ten":    `"code ten": want code CODE BODY…`,
		"share 0.5: code":        `"code": want code CODE BODY…`,
		"between 2s 1s: silence": "Between(2s, 1s)",
		"always: latency -1s":    "Latency(-1s)",
	} {
		_, err := parseFault(text)
		if assert.ErrorContains(t, err, want, text) {
			assert.NotContains(t, err.Error(), "\n", "one line")
		}
	}
}

func TestAFileOfFaultsIsReadLineByLine(t *testing.T) {
	t.Parallel()
	all, err := readFaults(strings.NewReader("# slow at times\n\nshare 0.1: latency 1s\n  always: drip 1ms  \n"), "f")
	require.NoError(t, err)
	assert.Len(t, all, 2)
	_, err = readFaults(strings.NewReader("# so\nalways: reset\nnever: reset\n"), "my.faults")
	require.ErrorContains(t, err, `my.faults:3: "never" is no time`)
}

func FuzzParseFault(f *testing.F) {
	for _, text := range []string{"always: reset", "nth 1 2 3: code 503 x; retry-after 1", "share 0.1: latency 1s", ":", ";", "always: huge 99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		option, err := parseFault(text)
		if err != nil {
			assert.NotContains(t, err.Error(), "\n", "one line")
			return
		}
		_, err = mock.NewService(option)
		assert.NoError(t, err, "what was read can be served")
	})
}
