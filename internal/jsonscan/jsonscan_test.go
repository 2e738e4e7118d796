package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

func TestFindPicksTheValuesAtItsPaths(t *testing.T) {
	t.Parallel()
	paths, err := jsonscan.Compile("a.b", "a.c.d", ".", "", "x", "a.b")
	require.NoError(t, err)
	for _, c := range []struct {
		body string
		want [6]string
	}{
		{`{}`, [6]string{2: `{}`}},
		{` {"a": {"b": "v", "c": {"d": [1, {"d": 2}]}}, "x": -1.5e3} `,
			[6]string{`"v"`, `[1, {"d": 2}]`, `{"a": {"b": "v", "c": {"d": [1, {"d": 2}]}}, "x": -1.5e3}`, "", "-1.5e3", `"v"`}},
		{`{"a":{"b":null,"c":true},"x":{"a":{"b":1}}}`, [6]string{2: `{"a":{"b":null,"c":true},"x":{"a":{"b":1}}}`, 4: `{"a":{"b":1}}`}},
		{`{"\u0061":{"\u0062":"\"}"}}`, [6]string{`"\"}"`, "", `{"\u0061":{"\u0062":"\"}"}}`, "", "", `"\"}"`}},
		{`{"a":[{"b":1}],"b":2,"X":3,"y":{"x":1,"x":1}}`, [6]string{2: `{"a":[{"b":1}],"b":2,"X":3,"y":{"x":1,"x":1}}`}},
		{`true`, [6]string{2: `true`}},
		{`null`, [6]string{}},
	} {
		var found [6][]byte
		if assert.NoError(t, paths.Find([]byte(c.body), found[:]), c.body) {
			for i, want := range c.want {
				assert.Equal(t, want, string(found[i]), "path %d of %s", i, c.body)
			}
		}
	}
}

// fault 21, fault 17
func TestFindRefusesWhatTwoDecodersReadDifferently(t *testing.T) {
	t.Parallel()
	paths, err := jsonscan.Compile("payload.status", "payload.message")
	require.NoError(t, err)
	deep := func(n int) string { return strings.Repeat(`{"payload":[`, n/2) + strings.Repeat(`]}`, n/2) }
	for _, c := range []struct{ body, want string }{
		{`{"payload":{"status":"a","status":"b"}}`, `key "status" stands twice`},
		{`{"payload":{"status":"a","st\u0061tus":"b"}}`, `key "status" stands twice`},
		{`{"payload":{"status":"a"},"payload":{"status":"b"}}`, `key "payload" stands twice`},
		{`{"payload":{"status":"a"},"payload":null}`, `key "payload" stands twice`},
		{`{"payload":{"status":"a","Status":"b"}}`, `key "status" stands in another case`},
		{`{"payload":{"STATUS":"a"}}`, `key "status" stands in another case`},
		{`{"payload":{"ſtatus":"a"}}`, `key "status" stands in another case`},
		{`{"Payload":{}}`, `key "payload" stands in another case`},
		{`{"payload":{"status":"a","message":"","message":""}}`, `key "message" stands twice`},
		{`{"payload":{"status":"a","message":"","Message":""}}`, ``},
		{deep(64), ``},
		{deep(66), `nested more than 64 deep`},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), `nested more than 64 deep`},
		{strings.Repeat("[", 20000) + strings.Repeat("]", 20000), `exceeded max depth`},
		{`{"payload":{"status":"a"}} x`, `invalid character 'x' after top-level value`},
		{`{"payload":{"status":"a"}}{}`, `invalid character '{' after top-level value`},
		{`{"payload":{"status":"a"}`, `unexpected end of JSON input`},
		{``, `unexpected end of JSON input`},
	} {
		var found [2][]byte
		err := paths.Find([]byte(c.body), found[:])
		if c.want == "" {
			assert.NoError(t, err, "%.80s", c.body)
		} else {
			assert.ErrorContains(t, err, c.want, "%.80s", c.body)
		}
	}
}

// fault 21
func TestAPathCanBeTooDeepToo(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{64: "", 65: "nested more than 64 deep"} {
		paths, err := jsonscan.Compile(strings.Repeat("a.", n-1) + "a")
		require.NoError(t, err)
		var found [1][]byte
		err = paths.Find([]byte(strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n)), found[:])
		if want == "" {
			require.NoError(t, err)
			assert.Equal(t, "1", string(found[0]))
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestCompileRefusesEmptyKeys(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"a..b", ".a", "a.", ".."} {
		_, err := jsonscan.Compile("status", path)
		assert.ErrorContains(t, err, path)
	}
	_, err := jsonscan.Compile(make([]string, 33)...)
	assert.Error(t, err)
}

func TestTextDecodesStringsAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"plain"`: "plain", `""`: "", `"\u00e9\n"`: "é\n", "\"\xff\"": "\uFFFD", `12`: "12", `true`: "true", `{"a":1}`: `{"a":1}`, ``: "",
	} {
		assert.Equal(t, want, jsonscan.Text([]byte(raw)), raw)
	}
}

// fault 17, fault 21
func FuzzFindReadsWhatADecoderReads(f *testing.F) {
	f.Add([]byte(`{"payload":{"status":"pending","n":[1,2,{"status":"x"}]},"z":"\"\\"}`))
	f.Add([]byte(` {"payload" : {"status" : "\u0070" , "message":null } } `))
	f.Add([]byte(`{"payload":[[],{},"",0,-1e9,true,false,null]}`))
	f.Add([]byte(`{"payload":{"status":"a","status":"b"}`))
	paths, err := jsonscan.Compile("payload.status", "payload.message")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		var found [2][]byte
		if err := paths.Find(body, found[:]); err != nil {
			return
		}
		var whole map[string]json.RawMessage
		if json.Unmarshal(body, &whole) != nil {
			require.Nil(t, found[0])
			return
		}
		var payload map[string]json.RawMessage
		if json.Unmarshal(whole["payload"], &payload) != nil {
			require.Nil(t, found[0])
			return
		}
		for i, key := range []string{"status", "message"} {
			want := bytes.TrimSpace(payload[key])
			if string(want) == "null" {
				want = nil
			}
			require.Equal(t, string(want), string(found[i]), "%s of %s", key, body)
			if len(want) > 0 && want[0] == '"' {
				var text string
				require.NoError(t, json.Unmarshal(want, &text))
				require.Equal(t, text, jsonscan.Text(found[i]))
			}
		}
	})
}
