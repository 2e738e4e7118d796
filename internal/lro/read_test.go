package lro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 17: a result in which Python has written NaN is JSON.
func TestAResultIsJSON(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":"Succeeded","x":NaN}`: `{"status":"Succeeded","x":null}`,
		`{"status":"Succeeded","x":1}`:   `{"status":"Succeeded","x":1}`,
	} {
		for _, k := range []Kind{Async, Loc, Body} {
			v, err := k.Read(&exchange.Answer{Code: 200, Header: http.Header{}, Body: []byte(body)})
			require.NoError(t, err)
			require.Equal(t, transport.Completed, v.State)
			require.Equal(t, want, string(v.Result), k)
		}
	}
}

// hasError reports whether a body has an error with a code or a message.
func hasError(body string) bool {
	var parts map[string]json.RawMessage
	var why map[string]any
	if json.Unmarshal([]byte(body), &parts) != nil || json.Unmarshal(parts["error"], &why) != nil {
		return false
	}
	code, _ := why["code"].(string)
	message, _ := why["message"].(string)
	return code != "" || message != ""
}

// Whatever an answer is, it is read as the state that it tells, and a Failed operation is never
// told as completed.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"status":"Succeeded"}`, `{"status":"Failed","error":{"code":"a","message":"b"}}`, `{"properties":{"provisioningState":"Creating"}}`,
		`[1]`, `"x"`, ``, `<html>`, `{"status":1}`, `{"error":{"code":1}}`, `{"error":{"message":"a"},"properties":{"provisioningState":"Succeeded"}}`, `{"percentComplete":1e999}`, `{"properties":7,"status":{"a":1}}`,
		`{"status":"Succeeded","x":NaN,"result":[Infinity]}`, `[NaN]`} {
		for k := range byte(5) {
			f.Add(k, uint16(200), body)
			f.Add(k, uint16(202), body)
			f.Add(k, uint16(409), body)
		}
	}
	kinds := []Kind{Async, Op, OpVia, Loc, Body}
	f.Fuzz(func(t *testing.T, at byte, code uint16, body string) {
		k := kinds[int(at)%len(kinds)]
		a := &exchange.Answer{Code: int(code % 1000), Header: http.Header{}, Body: []byte(body)}
		v, err := k.Read(a)
		if err != nil {
			require.Equal(t, Verdict{}, v)
			return
		}
		require.Contains(t, []transport.State{transport.Running, transport.Completed, transport.Failed, transport.Canceled}, v.State)
		require.True(t, v.Result == nil || json.Valid(v.Result), "%s", v.Result)
		require.True(t, v.Progress >= 0 && v.Progress <= 1, fmt.Sprint(v.Progress))
		if v.State == transport.Completed {
			require.Equal(t, 2, a.Code/100)
			require.Contains(t, []transport.State{transport.Running, transport.Completed}, stateOf(v.Word))
			require.False(t, hasError(body), "an operation with an error has not completed")
		}
		if v.State == transport.Failed && k != Loc && v.Word != "" {
			require.NotEqual(t, transport.Running, stateOf(v.Word))
		}
	})
}
