package web_test

import (
	"net/http"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// fault 9, fault 15: what net/http sends by itself is free as far as others are answered, and
// bounded whatever they are.
func TestSendsAreFreeWhileOthersAreAnswered(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name           string
		answers, again int // answers to others before each send
		allowed        bool
		sends, used    int
	}{
		{"nobody is answered", 0, 2, true, 4, 2},
		{"nobody is answered, without a budget", 0, 2, false, 2, 0},
		{"nobody is answered, without retries", 0, 0, true, 2, 0},
		{"others are answered, without a budget", 1, 2, false, 12, 0},
		{"others are answered", 1, 2, true, 14, 2},
		{"many are answered", 1000, 0, true, 12, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var answers web.Answers
			other, _ := request(t, &answers, 0, false)
			r, s := request(t, &answers, row.again, row.allowed)
			sent := 0
			for r.Context().Err() == nil {
				require.Less(t, sent, 100)
				for range row.answers {
					httptrace.ContextClientTrace(other.Context()).GotFirstResponseByte()
				}
				httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
				sent++
			}
			assert.Equal(t, row.sends, sent-1, "the last one is not made")
			assert.ErrorContains(t, s.Err(), "connections in a row before it answered")
			assert.Equal(t, row.used, s.Over())
		})
	}
}

// Answers that came before the request was made pay for nothing.
func TestSendsArePaidForByAnswersThatComeMeanwhile(t *testing.T) {
	t.Parallel()
	var answers web.Answers
	other, _ := request(t, &answers, 0, false)
	for range 100 {
		httptrace.ContextClientTrace(other.Context()).GotFirstResponseByte()
	}
	r, s := request(t, &answers, 0, false)
	for range 3 {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	assert.Error(t, s.Err())
}

func request(t *testing.T, a *web.Answers, again int, may bool) (*http.Request, *web.Sends) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://service.test", http.NoBody)
	require.NoError(t, err)
	return web.BoundSends(r, a, again, func() bool { return may })
}
