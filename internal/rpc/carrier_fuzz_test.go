package rpc

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// framed returns an event that holds a text.
func framed(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return "event: message\ndata: " + strings.ReplaceAll(text, "\n", "\ndata: ") + "\n\n"
}

// isAnswer is a second reading of whether a message is a response to the request with the id 1.
func isAnswer(text string) bool {
	var m map[string]any
	answers := false
	var named struct {
		ID    json.RawMessage
		Error any
	}
	if json.Unmarshal([]byte(text), &m) != nil || json.Unmarshal([]byte(text), &named) != nil {
		return false
	}
	var id any = 1.0
	if named.ID != nil {
		_ = json.Unmarshal(named.ID, &id)
	}
	if id == nil && named.Error == nil || id != nil && id != 1.0 && id != "1" {
		return false
	}
	for name, v := range m {
		switch {
		case strings.EqualFold(name, "method") && v != nil && v != "":
			return false
		case strings.EqualFold(name, "result"), strings.EqualFold(name, "error"):
			answers = true
		}
	}
	return answers
}

// fault 17, fault 47: of any stream, at most one response is taken. The one that a service sends is
// found whatever messages of other kinds and whatever comments stand before it.
func FuzzStreams(f *testing.F) {
	const answer = `{"jsonrpc":"2.0","id":1,"result":{"status":"working"}}`
	for _, before := range []string{"", ": comment\n", "id: 7\nretry: 1\n\n", "data: {\"method\":\"a\",\"result\":{}}\n\n", "data: no JSON\n\n", "data: {\"result\":null}\n\n", "data", "data: [", "\ufeff",
		"data: {\"METHOD\":\"a\",\"error\":1}\r\r", framed(answer)} {
		for _, a := range []string{answer, `{"error":{"code":-1},"result":null}`, "{\"result\":\n\r\n7}", `{"id":1}`, `"x"`, `{"id":"1","result":{}}`, `{"id":2,"result":{}}`, `{"id":null,"error":{}}`, `{"id":[],"result":{}}`} {
			f.Add(before, a)
		}
	}
	f.Fuzz(func(t *testing.T, before, text string) {
		const most = 256
		c := &Carrier{Next: stream(before), MaxEvent: most, MaxStream: 4 * most}
		body, _, err := ask(t, c)
		require.LessOrEqual(t, len(body), most+64)
		if err == nil {
			require.True(t, isAnswer(body) || len(body) > most, body)
			return
		}
		if !isAnswer(text) || len(text) > most/2 || len(before) > most/2 {
			return
		}
		// Nothing in before is a response. An event that it has begun ends before the answer.
		got, _, err := ask(t, &Carrier{Next: stream(before + "\n\n" + framed(text)), MaxEvent: most, MaxStream: 8 * most})
		if err == nil && got != strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text) {
			require.True(t, isAnswer(got), got)
			return // what before has begun is one, once it is ended
		}
		require.NoError(t, err)
	})
}
