package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

func TestItemsYieldsWhatStandsInAnArrayOrAnObject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``: "", `null`: "", `7`: "", `"[1]"`: "",
		`[]`: "", `[ ]`: "", `{}`: "", "{\n}": "",
		`[1, "a,]" ,{"b":[2]},[[]],null ]`:             `(1)("a,]")({"b":[2]})([[]])(null)`,
		`{"a":1, "b" : {"a":[2]} ,"\u0061":"x","a":3}`: `"a"(1)"b"({"a":[2]})"\u0061"("x")"a"(3)`,
	} {
		got := ""
		for key, value := range jsonscan.Items([]byte(text)) {
			got += fmt.Sprintf("%s(%s)", key, value)
		}
		assert.Equal(t, want, got, text)
	}
	for range jsonscan.Items([]byte(`[1,2]`)) {
		break
	}
}

// fault 21
func FuzzItemsAreThoseThatADecoderReads(f *testing.F) {
	for _, text := range []string{`[1,[2],{"a":3},"\"]"]`, `{"a":{},"b":[],"\u0063":"}"}`, ` [ null , -1e9 ] `, `[]`, `{}`} {
		f.Add([]byte(text))
	}
	whole, err := jsonscan.Compile(".")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		var found [1][]byte
		if whole.Find(body, found[:]) != nil {
			return
		}
		body = found[0]
		array := []json.RawMessage{}
		object := map[string]json.RawMessage{}
		isArray := json.Unmarshal(body, &array) == nil
		isObject := json.Unmarshal(body, &object) == nil
		n, got := 0, map[string]json.RawMessage{}
		for key, value := range jsonscan.Items(found[0]) {
			switch {
			case key == nil:
				require.True(t, isArray)
				require.Equal(t, string(bytes.TrimSpace(array[n])), string(value))
			default:
				require.True(t, isObject)
				got[jsonscan.Text(key)] = value // of two alike a decoder keeps the last
			}
			n++
		}
		if isArray {
			require.Len(t, array, n)
		}
		if isObject {
			require.Len(t, object, len(got))
			for key, value := range object {
				require.Equal(t, string(bytes.TrimSpace(value)), string(got[key]), "%q", key)
			}
		}
	})
}
