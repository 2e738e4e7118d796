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

func TestOneOfSiblingsIsFoundWhereNoPathIsStrict(t *testing.T) {
	t.Parallel()
	step := func(key string) jsonscan.Step { return jsonscan.Step{Key: jsonscan.Name{Before: key}} }
	paths, err := jsonscan.CompilePaths([]jsonscan.Path{{Steps: []jsonscan.Step{step("job"), step("state")}, Strict: true}, {Steps: []jsonscan.Step{step("job"), step("line")}}, {Steps: []jsonscan.Step{step("n")}}})
	require.NoError(t, err)
	for body, want := range map[string]string{
		`{"job":{"state":1,"line":"","line":"a","line":"b"},"n":0,"n":12}`: `1 "a" 0`,
		`{"job":{"line":null,"line":"","state":1}}`:                        `1 "" `,
		`{"job":{"state":1,"state":2}}`:                                    `key "state" stands twice`,
		`{"job":{"state":1},"job":{}}`:                                     `key "job" stands twice`,
	} {
		var found [3][]byte
		if err := paths.FindAmongSiblings("", []byte(body), found[:]); err != nil {
			assert.EqualError(t, err, want)
			continue
		}
		assert.Equal(t, want, string(bytes.Join(found[:], []byte(" "))))
	}
}

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

// fault 17
func TestFindRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	valid := []string{
		`0`, `-0`, `10`, `1.0`, `-1.25e+10`, `1E-5`, `0e0`, ` 1 `, "\t\r\n{}\n", `""`, `"\"\\\/\b\f\n\r\t\u00Ff"`, `"\ud800"`, "\"\xff\x7f\"",
		`[]`, `[ ]`, `{ }`, `[[],{}]`, `{"":{"":""}}`, `{"a":1 , "b":[ 1 ,2 ] }`, `null`, `true`, `false`,
	}
	invalid := []string{
		``, ` `, `-`, `01`, `-01`, `1.`, `.5`, `1.e5`, `1e`, `1e+`, `+1`, `0x1`, `1 2`, `nan`, `Nan`, `NaN1`, `Infinity1`, `-infinity`, `--Infinity`, `1,`,
		`"`, `"\`, `"\x"`, `"\u"`, `"\u12"`, `"\u123g"`, `"\u123`, `"\u123"`, "\"\n\"", "\"\x00\"", `'a'`,
		`[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `[1}`,
		`{`, `}`, `{,}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{"a"::1}`, `{a:1}`, `{1:1}`, `{"a":1 "b":2}`, `{"a":}`, `{"a":1]`,
		`n`, `nul`, `nulll`, `nil`, `True`, `tru`, `falsy`, "\u00a0{}", "\ufeff{}", "\x00", "{}\x00", `{}{}`, `{}/**/`,
	}
	paths, err := jsonscan.Compile("", ".", "a")
	require.NoError(t, err)
	find := func(body string) error {
		found := [3][]byte{{1}, {2}, {3}}
		err := paths.Find([]byte(body), found[:])
		if err != nil {
			assert.Equal(t, [3][]byte{}, found, "%q", body)
		}
		return err
	}
	for _, body := range valid {
		for _, around := range []string{`%s`, `[%s]`, `{"a":%s}`, `{"b":[0,%s,%s]}`} {
			body := strings.ReplaceAll(around, "%s", body)
			require.True(t, json.Valid([]byte(body)), "%q", body)
			assert.NoError(t, find(body), "%q", body)
		}
	}
	for _, body := range invalid {
		for _, around := range []string{`%s`, `[%s]`, `{"a":[%s]}`, `{"a":%s}`, `{"b":[0,%s]}`} {
			body := strings.ReplaceAll(around, "%s", body)
			if json.Valid([]byte(body)) {
				continue // "1,2" is fine within brackets
			}
			var v any
			assert.Equal(t, json.Unmarshal([]byte(body), &v), find(body), "%q", body)
		}
	}
}

// fault 17
func TestFindRefusesABodyThatIsCutShort(t *testing.T) {
	t.Parallel()
	const body = `{"meta":{"n":[-1.5e3,true,false,null,"\u00e9\\"]},"payload":{"status":"pending"}}`
	paths, err := jsonscan.Compile("payload.status")
	require.NoError(t, err)
	var found [1][]byte
	for n := range len(body) {
		assert.Error(t, paths.Find([]byte(body[:n]), found[:]), body[:n])
	}
	require.NoError(t, paths.Find([]byte(body), found[:]))
	assert.Equal(t, `"pending"`, string(found[0]))
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
	_, err := jsonscan.Compile(make([]string, 65)...)
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

// fault 17
func FuzzFindRefusesWhatADecoderRefuses(f *testing.F) {
	f.Add([]byte(` {"a":[0,-1.5e+3,true,false,null,{}],"\u0041":"\"\\\/\b\f\n\r\t\ud83d"} `))
	f.Add([]byte(`{"a":{"a":01,"b":1.,"c":-}}`))
	f.Add([]byte("{\"a\":\"\xff\x00\"}"))
	f.Add([]byte(`{"a":1,"A":2,"a":3}`))
	f.Add([]byte(strings.Repeat(`[{"a":`, 33) + strings.Repeat(`}]`, 33)))
	none, err := jsonscan.Compile("", ".")
	require.NoError(f, err)
	some, err := jsonscan.Compile("a.b", "a", "c")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		var v json.RawMessage
		var found [3][]byte
		switch invalid := json.Unmarshal(body, &v); {
		case jsonscan.Repaired(body) != nil:
			require.Error(t, invalid)
			require.Equal(t, none.Find(jsonscan.Repaired(body), found[:]), none.Find(body, found[:]))
		case invalid != nil:
			require.Equal(t, invalid, none.Find(body, found[:]))
			require.Equal(t, invalid, some.Find(body, found[:]))
		case depth(body) > jsonscan.MaxDepth:
			require.EqualError(t, none.Find(body, found[:]), "nested more than 64 deep")
			require.Error(t, some.Find(body, found[:]))
		default:
			require.NoError(t, none.Find(body, found[:]))
			if err := some.Find(body, found[:]); err != nil {
				require.Regexp(t, `^key "[abc]" stands (twice|in another case)$`, err.Error())
			}
		}
	})
}

// depth returns how deep arrays and objects stand in one another in a JSON text.
func depth(body []byte) (deepest int) {
	d := json.NewDecoder(bytes.NewReader(body))
	for now := 0; ; deepest = max(deepest, now) {
		switch token, err := d.Token(); {
		case err != nil:
			return deepest
		case token == json.Delim('{'), token == json.Delim('['):
			now++
		case token == json.Delim('}'), token == json.Delim(']'):
			now--
		}
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
		if repaired := jsonscan.Repaired(body); repaired != nil {
			body = repaired
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

// fault 21: children of a node are looked up by the first byte of a key.
func TestKeysAreToldApartWhateverTheyBeginWith(t *testing.T) {
	t.Parallel()
	key := func(s string, strict bool) jsonscan.Path {
		return jsonscan.Path{Steps: []jsonscan.Step{{Key: jsonscan.Name{Before: s}}}, Strict: strict}
	}
	paths, err := jsonscan.CompilePaths([]jsonscan.Path{
		key("kind", true), key("élan", true), key("", true), key("loose", false),
		{Steps: []jsonscan.Step{{Key: jsonscan.Name{Before: "", After: "-x", Hole: true}}}},
	})
	require.NoError(t, err)
	for body, want := range map[string]string{
		`{"kind":1,"élan":2,"":3,"loose":4,"7-x":5}`:            "1 2 3 4 5",
		`{"\u006bind":1,"Loose":0,"LOOSE":0,"8-x":0,"kinds":0}`: "1    ",
		"{\"\u212aind\":1}": `key "kind" stands in another case`,
		`{"Kind":1}`:        `key "kind" stands in another case`,
		`{"ÉLAN":1}`:        `key "élan" stands in another case`,
		`{"":1,"":2}`:       `key "" stands twice`,
		`{"7-x":1,"7-x":2}`: `key "7-x" stands twice`,
	} {
		var found [5][]byte
		if err := paths.FindFor("7", []byte(body), found[:]); err != nil {
			assert.EqualError(t, err, want, body)
			continue
		}
		assert.Equal(t, want, string(bytes.Join(found[:], []byte(" "))), body)
	}
}
