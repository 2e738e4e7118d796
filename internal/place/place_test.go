package place_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
)

const body = `{
	"a": {"b": "v", "c.d": 1, "e]": {"f": true}, "7": "key"}, "b": null, "empty": {}, "none": [],
	"jobs": [{"id": 7, "state": "x", "tags": ["one", "two"]}, {"id": "8", "state": "y", "meta": {"kind": "z"}}],
	"conditions": [{"type": "Ready", "status": "False"}, {"type": "Complete", "status": "True"}, {"type": "Complete", "status": "late"}],
	"commas": [{"name": "a, ]", "n": 1}, {"n": 2}], "flags": ["COMPLETED", "COMPLETING"], "deep": [[1, 2], [3]], "job-7": {"ok": 1}, "with space": {"in it": 2}, "$": {"*": {"/x": {"y->z": 4}}}, "{id}": {"7{id}": 3},
	"tagged": [{".tag": "success"}, {".tag": "failure", "why": "late"}, {"a, ]=": 1, "why": "odd"}],
	"texts": {"plain": "{\"state\":\"x\",\"list\":[{\"n\":1},{\"n\":2}]}", "escaped": "{\"state\":\"half \\\"way\\\"\"}", "word": "plain text", "{id}": "7", "@json": 1,
		"twice": "{\"in\":\"{\\\"state\\\":\\\"y\\\"}\"}", "list": ["{}", "{\"state\":\"z\"}"]},
	"minions": {"a": {"ok": true, "code": 0}, "b": {"ok": false, "code": 1}, "c": {"ok": false, "code": 3}, "d": null}
}`

// parts is elements that have an error, and some that say in each way that they have none.
const parts = `{"parts": [{"n": 1}, {"n": 2, "error": null}, {"n": 3, "error": ""}, {"n": 4, "error": {}}, {"n": 5, "error": [ ]},
	{"n": 6, "error": "disk full"}, {"n": 7, "error": {"code": 1}}, {"n": 8, "error": 0}], "words": ["", null, {}, "late"]}`

func TestAComparisonWithNothingTellsWhetherAnElementHasAValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"parts[error!=].n": "6", `parts[error!=""].n`: "6", "parts[error!=].error": `"disk full"`, `parts[error!=,error!="disk full"].n`: "7",
		`parts[error!=,n!=6,n!=7].n`: "8", "parts[error=].n": "1", "parts[error=,n!=1,n!=2,n!=3].n": "4", "parts[n=5,error=].n": "5", "parts[n=6,error=].n": "",
		"parts[error.code!=].n": "7", "words[!=]": `"late"`, "words[=]": `""`,
	} {
		p, err := place.Parse(text)
		require.NoError(t, err, text)
		s, err := place.NewSet([]place.Place{p}, 0)
		require.NoError(t, err)
		var found place.Found
		require.NoError(t, s.Find(&place.Answer{Body: []byte(parts)}, &found), text)
		assert.Equal(t, want, string(found.Values[0]), text)
	}
}

func answer() *place.Answer {
	return &place.Answer{Code: 207, Name: "7", Body: []byte(body), Header: http.Header{
		"X-State": {"half \"way\""}, "X-Empty": {""},
		"Link": {`<https://h/p?page=1>; rel="prev", <https://h/p?page=3&x=a,b>; title="a, b"; rel="next"`, `</last>;rel=last`},
	}}
}

func TestPlacesReadWhatStandsThere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a.b": `"v"`, `a["c.d"]`: `1`, `["a"].b`: `"v"`, `["a"]["e]"].f`: `true`, "a.{id}": `"key"`, "job-{id}.ok": `1`, `["job-{id}"].ok`: `1`,
		"jobs[0].state": `"x"`, "jobs[-1].state": `"y"`, "jobs[1].meta.kind": `"z"`, "jobs[2].state": "", "jobs[-3].state": "", "jobs[0].tags[-1]": `"two"`,
		"jobs[id={id}].state": `"x"`, "jobs[id=8].state": `"y"`, "jobs[meta.kind=z].id": `"8"`, "jobs[id=9].state": "",
		"conditions[type=Complete].status": `"True"`, "conditions[type=Ready].status": `"False"`, "flags[=COMPLETING]": `"COMPLETING"`, "flags[=x]": "",
		"conditions[type=Complete,status=late].status": `"late"`, "conditions[type=Complete, status!=True].status": `"late"`, "conditions[status!=False].type": `"Complete"`,
		"conditions[type=Complete,status=x].status": "", "jobs[meta.kind!=z].id": `7`, "jobs[id!={id},state=y].id": `"8"`, "flags[!=COMPLETED]": `"COMPLETING"`,
		"flags[!=COMPLETED,!=COMPLETING]": "", `conditions[type="Ready",status="False"].type`: `"Ready"`, `commas[name="a, ]"].n`: `1`, `commas[name!="a, ]"].n`: `2`,
		"deep[0][1]": `2`, "deep[-1][-1]": `3`, "with space.in it": `2`, "{{id}}.{id}{{id}}": `3`, `["$"]["*"]["/x"]["y->z"]`: `4`, `["{{id}}"]["7{{id}}"]`: `3`, " a.b ": `"v"`,
		"b": "", "b.c": "", "a[0]": "", "jobs.id": "", "x": "",
		"@code": `207`, "@header.x-state": `"half \"way\""`, "@header.X-Empty": "", "@header.X-None": "",
		"@link.next": `"https://h/p?page=3\u0026x=a,b"`, "@link.prev": `"https://h/p?page=1"`, "@link.LAST": `"/last"`, "@link.first": "",
		"-": "", "": "", "@key": "",
		`tagged[".tag"=failure].why`: `"late"`, `tagged[".tag"!=failure,why=]`: `{".tag": "success"}`, `tagged[why=late,".tag"=failure].why`: `"late"`, `tagged["a, ]="=1].why`: `"odd"`,
		"texts.plain.@json.state": `"x"`, "texts.plain.@json.list[n=2].n": `2`, "texts.escaped.@json.state": `"half \"way\""`, "texts.plain.@json": `{"state":"x","list":[{"n":1},{"n":2}]}`,
		"texts.twice.@json.in.@json.state": `"y"`, "texts.word.@json.state": "", "texts.word.@json": "", "texts.@json.state": "", "texts.list[-1].@json.state": `"z"`,
		`texts["@json"]`: `1`, "tagged[0].@tag": `".tag"`, "minions.a.@tag": `{"ok": true, "code": 0}`, "minions.b.@tag": `"code"`, `a["e]"].@tag`: `"f"`, "empty.@tag": "", "a.b.@tag": `"v"`, "none.@tag": "[]", "b.@tag": "", "texts.list[0].@json.@tag": "", "job-{id}.@tag": `"ok"`, "@tag": body, `["@tag"]`: "",
		"texts.{{id}}.@json":     `7`,
		"minions[ok!=true].code": `1`, "minions[code=0].ok": `true`, "minions[code=2]": "", "minions[0]": "", "minions[-1]": "", "minions[ok=false,code=3].ok": "false",
		"minions[ok!=true]": `{"ok": false, "code": 1}`, "texts[=plain text]": `"plain text"`, "minions[!=x,code!=0,code!=1,code!=3]": `[null]`,
	} {
		p, err := place.Parse(text)
		require.NoError(t, err, text)
		s, err := place.NewSet([]place.Place{p}, 1)
		require.NoError(t, err)
		var found place.Found
		require.NoError(t, s.Find(answer(), &found), text)
		got := strings.ReplaceAll(string(found.Values[0]), "&", `\u0026`)
		assert.Equal(t, want, got, text)
	}
	p, err := place.Parse(".")
	require.NoError(t, err)
	s, err := place.NewSet([]place.Place{p}, 1)
	require.NoError(t, err)
	var found place.Found
	require.NoError(t, s.Find(answer(), &found))
	assert.Equal(t, body, string(found.Values[0]))
}

// TestComparisonsAreToldApart: places of one Set that begin alike share no element.
func TestComparisonsAreToldApart(t *testing.T) {
	t.Parallel()
	places, err := place.ParseList("conditions[type=Complete,status=late].status, conditions[type=Complete,status=True].status, conditions[type=Complete].status, " +
		"conditions[type!=Complete].type, conditions[type=Complete,status!=True].status")
	require.NoError(t, err)
	s, err := place.NewSet(places, 1)
	require.NoError(t, err)
	var found place.Found
	require.NoError(t, s.Find(answer(), &found))
	var got []string
	for _, v := range found.Values {
		got = append(got, string(v))
	}
	assert.Equal(t, []string{`"late"`, `"True"`, `"True"`, `"Ready"`, `"late"`}, got)
}

func TestASetReadsAllOfItsPlacesAtOnce(t *testing.T) {
	t.Parallel()
	places, err := place.ParseList(`a.b, jobs[0].id,@code , jobs[-1].id, jobs[id=8].id, flags[0], -, @header.X-State, ["a"]["c.d"]`)
	require.NoError(t, err)
	s, err := place.NewSet(places, 1)
	require.NoError(t, err)
	var found place.Found
	for range 2 {
		require.NoError(t, s.Find(answer(), &found))
		var got []string
		for _, v := range found.Values {
			got = append(got, string(v))
		}
		assert.Equal(t, []string{`"v"`, `7`, `207`, `"8"`, `"8"`, `"COMPLETED"`, ``, `"half \"way\""`, `1`}, got)
	}
	a := answer()
	a.Body = []byte("no JSON")
	require.Error(t, s.Find(a, &found))
	assert.Equal(t, "207", string(found.Values[2]), "what is outside of the body is there all the same")
	assert.Nil(t, found.Values[0])
}

// fault 21: a key that stands twice is malformed within arrays too.
func TestWhatTwoDecodersReadDifferentlyIsMalformed(t *testing.T) {
	t.Parallel()
	for text, body := range map[string]string{
		"a.@json.b": `{"a":"{\"b\":1,\"b\":2}"}`, "a[x!=1].b": `{"a":{"k":{"b":1,"b":2}}}`,
		"a[0].b": `{"a":[{"b":1,"b":2}]}`, "a[-1].b": `{"a":[{"b":1},{"B":2}]}`, "a[t=1].b": `{"a":[{"t":2,"t":1,"b":1}]}`,
		"a.{id}": `{"a":{"7":1,"7":2}}`, "a": `{"A":1}`,
	} {
		p, err := place.Parse(text)
		require.NoError(t, err)
		s, err := place.NewSet([]place.Place{p}, 1)
		require.NoError(t, err)
		var found place.Found
		assert.Error(t, s.Find(&place.Answer{Body: []byte(body), Name: "7"}, &found), text)
	}
}

// Otherwise the error at one of them would be missed.
func TestPlacesThatLeadToOneKeyAreAllRead(t *testing.T) {
	t.Parallel()
	places, err := place.ParseList("{id}.state, 7.error, {id}.{id}, {id}, job-{id}, {id}-7, job-7")
	require.NoError(t, err)
	s, err := place.NewSet(places, 1)
	require.NoError(t, err)
	for body, want := range map[string][]string{
		`{"7": {"state": "x", "error": "y", "7": 1}}`: {`"x"`, `"y"`, `1`, `{"state": "x", "error": "y", "7": 1}`, "", "", ""},
		`{"job-7": 1, "7-7": [2]}`:                    {"", "", "", "", `1`, `[2]`, `1`},
	} {
		var found place.Found
		require.NoError(t, s.Find(&place.Answer{Body: []byte(body), Name: "7"}, &found))
		for i, v := range found.Values {
			assert.Equal(t, want[i], string(v), places[i].Text)
		}
	}
	for _, body := range []string{`{"7": {}, "7": {}}`, `{"7": {"state": "x", "STATE": "y"}}`, `{"7": {"error": 1, "error": 2}}`} {
		assert.Error(t, s.Find(&place.Answer{Body: []byte(body), Name: "7"}, new(place.Found)), body)
	}
}

// fault 32
func TestABadPlaceIsShownWithACaret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a..b":            "a key is empty\n\ta..b\n\t  ^",
		".a":              "a key is empty\n\t.a\n\t^",
		"a.":              "a key is empty\n\ta.\n\t  ^",
		"a[":              "the bracket is not closed\n\ta[\n\t ^",
		"ä[x]":            `a number, field=value or a "key" is wanted here` + "\n\tä[x]\n\t  ^",
		"a[1":             "the bracket is not closed",
		`a["b]`:           "the key is not a string of JSON",
		`a[b="c]`:         "the value is not a string of JSON",
		`a[b="c"d]`:       "a comma or a closing bracket is wanted here",
		`a[b=c,d]`:        "field=value is wanted here",
		`a["b"c=d]`:       "the bracket is not closed",
		`a[b=c,"d"e=f]`:   "= or != is wanted here\n\ta[b=c,\"d\"e=f]\n\t         ^",
		`a[b=c,"d]`:       "the field is not a string of JSON",
		`a["b"!]`:         "field=value is wanted here",
		`a[b=c,1=2`:       "the bracket is not closed",
		`a[b=c,.d=e]`:     "a key is empty",
		`a[b=c,d={id}{}]`: "{id} stands once at most",
		`a["b"`:           "the bracket is not closed",
		`a["\x"]`:         "the key is not a string of JSON",
		"a.[0]":           "no dot stands before a bracket",
		"a[0]b":           "a dot, a bracket or a comma is wanted here\n\ta[0]b\n\t    ^",
		"a]":              "a dot, a bracket or a comma is wanted here",
		"a[.b=c]":         "a key is empty",
		"$.a":             "no $ stands before the first key (a key that is $ is written [\"$\"])\n\t$.a\n\t^",
		"a.*.b":           "no * stands for all elements",
		"/a/b":            "keys are joined by dots, not slashes",
		"a->b":            "keys are joined by dots, not arrows",
		"{x}":             "braces are for {id} alone, and {{id}} reads {id}\n\t{x}\n\t^",
		"a{id}{id}":       "{id} stands once at most",
		"a, , b":          "a place is empty\n\ta, , b\n\t   ^",
		"a,":              "a place is empty",
		"@status":         `@key is wanted here; a key that begins with @ is written ["@name"]` + "\n\t@status\n\t^",
		"@jsonx":          "@json, @tag or @key is wanted here",
		"@text.x":         "@text, @json, @tag or @key is wanted here",
		"a.@tag.b":        "nothing follows @tag\n\ta.@tag.b\n\t      ^",
		"@tag[0]":         "nothing follows @tag\n\t@tag[0]\n\t    ^",
		"@tagged":         "@tag or @key is wanted here",
		"a.@json.":        "a key is empty\n\ta.@json.\n\t        ^",
		"a.@json x":       "a dot, a bracket or a comma is wanted here\n\ta.@json x\n\t        ^",
		"@header.":        "@header.NAME",
		"@header.a b":     "@header.NAME",
		"@code.x":         "@code",
		"a[99999999999]":  "a number",
	} {
		_, err := place.ParseList(text)
		var e *place.Error
		if assert.ErrorAs(t, err, &e, text) {
			assert.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "place \""+strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"`, `\"`)+"\"")
		}
	}
	_, err := place.Parse("a, b")
	assert.ErrorContains(t, err, "one place is wanted here\n\ta, b\n\t ^")
	_, err = place.Parse("a\nb..c" + strings.Repeat("x", 300))
	assert.NotContains(t, err.Error(), "\n")
}

func TestAPlaceIsSeenFromAnOuterOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, outer, want string }{
		{"jobs[0].state", "jobs[0]", `"s"`}, {"jobs[0].state", "jobs[1]", ""}, {"jobs[0]", "jobs[0]", `{"state":"s"}`}, {"other", "jobs[0]", ""},
		{".", "jobs[0]", `{"state":"s"}`}, {"jobs", "jobs[0]", ""}, {"@code", "jobs[0]", "200"}, {"job.state", "jab", ""},
	} {
		p, err := place.Parse(c.text)
		require.NoError(t, err)
		outer, err := place.Parse(c.outer)
		require.NoError(t, err)
		s, err := place.NewSet([]place.Place{p.Within(outer)}, 1)
		require.NoError(t, err)
		var found place.Found
		require.NoError(t, s.Find(&place.Answer{Code: 200, Body: []byte(`{"state":"s"}`)}, &found))
		assert.Equal(t, c.want, string(found.Values[0]), c.text)
	}
}

func TestAValueSaysSomethingUnlessItIsEmpty(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place.Kind{
		``: place.Nothing, `{}`: place.Nothing, `[ ]`: place.Nothing, `""`: place.Word, `"a"`: place.Word, `0`: place.Number, `false`: place.Number,
		`true`: place.Number, `{"a":1}`: place.Composite, `[0]`: place.Composite,
	} {
		assert.Equal(t, want, place.Value(text).Kind(), text)
	}
	for _, text := range []string{``, `{}`, `[]`, `""`, `false`, `0`, `0.0`, `-0`, `{"a":null}`, `{ "code" : 0, "message":"", "details": [ ], "inner":{"a":-0.0} }`} {
		assert.False(t, place.Value(text).IsSaid(), text)
	}
	for _, text := range []string{`"a"`, `" "`, `true`, `1`, `{"a":false}`, `{"a":null,"b":"x"}`, `{"a":{"b":1}}`, `{"a":[null]}`, `{"a":" "}`, `{"a":1e999}`, `[null]`, `[{}]`, `1e999`} {
		assert.True(t, place.Value(text).IsSaid(), text)
	}
}

// Not parallel: it counts allocations.
func TestPlacesAreReadWithoutAnAllocation(t *testing.T) {
	places, err := place.ParseList(`a.b, jobs[id=8].state, conditions[type=Complete].status, jobs[-1].meta.kind, @code, flags[=COMPLETING], {id}.x, jobs[id={id}].id, minions[ok!=true].code`)
	require.NoError(t, err)
	s, err := place.NewSet(places, 1)
	require.NoError(t, err)
	var found place.Found
	a := answer()
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = s.Find(a, &found) }))

	places, err = place.ParseList("@text, @code")
	require.NoError(t, err)
	s, err = place.NewSet(places, 1)
	require.NoError(t, err)
	a.Body = []byte(" RUNNING\n")
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = s.Find(a, &found) }))
	assert.Equal(t, `"RUNNING"`, string(found.Values[0]))
}

// object is the members of an object in their order.
type object []member

type member struct {
	key   string
	value any
}

// get returns the value of a key, or nil.
func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// decode returns the value that encoding/json reads, with numbers as they are written and the
// members of objects in their order.
func decode(t *testing.T, text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return next(t, d)
}

// next returns the next value of a decoder.
func next(t *testing.T, d *json.Decoder) any {
	token, err := d.Token()
	require.NoError(t, err)
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			require.NoError(t, err)
			o = append(o, member{fmt.Sprint(key), next(t, d)})
		}
		_, err = d.Token()
		require.NoError(t, err)
		return o
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, next(t, d))
		}
		_, err = d.Token()
		require.NoError(t, err)
		return list
	default:
		return token
	}
}

// lookUp returns the value to which steps lead from v, nil if there is none. It is a second reading
// of the grammar, on values that a decoder has read.
func lookUp(t *testing.T, v any, steps []jsonscan.Step, name string) any {
	for i := range steps {
		switch s := &steps[i]; s.Kind {
		case jsonscan.Key:
			o, _ := v.(object)
			v = o.get(filled(s.Key, name))
		case jsonscan.Index:
			array, _ := v.([]any)
			at := s.Index
			if at < 0 {
				at += len(array)
			}
			if at < 0 || at >= len(array) {
				return nil
			}
			v = array[at]
		case jsonscan.Inside:
			text, _ := v.(string)
			if !json.Valid([]byte(text)) {
				return nil
			}
			v = decode(t, []byte(text))
		case jsonscan.Tag:
			v = tagOf(v)
		case jsonscan.Where:
			all := elements(v)
			at := slices.IndexFunc(all, func(element any) bool { return fits(element, s, name) })
			if at < 0 {
				return nil
			}
			if v = all[at]; i == len(steps)-1 && (v == nil || isHollow(v)) {
				return []any{v} // it is there, whatever it says
			}
		}
	}
	return v
}

// tagOf returns the tag of a value.
func tagOf(v any) any {
	o, isObject := v.(object)
	if !isObject {
		return v
	}
	o = slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.value == nil || m.value == false })
	switch len(o) {
	case 0:
		return nil
	case 1:
		return o[0].key
	default:
		return v
	}
}

// checkComparison checks what the comparison of two values, which a decoder has read, says.
func checkComparison(t *testing.T, a, b any, says string) {
	x, isText := textOf(a)
	y, isOtherText := textOf(b)
	switch {
	case a == nil || b == nil:
		assert.Empty(t, says)
	case !isText || !isOtherText: // of arrays and objects, the texts are compared
		assert.Contains(t, []string{"true", "false"}, says)
	case x == y:
		assert.Equal(t, "true", says, "%v, %v", a, b)
	default:
		m, isNumber := a.(json.Number)
		n, isOtherNumber := b.(json.Number)
		f, err := m.Float64()
		g, wrong := n.Float64()
		const exact = 1 << 53
		assert.Equal(t, fmt.Sprint(isNumber && isOtherNumber && err == nil && wrong == nil && f == g && f > -exact && f < exact), says, "%v, %v", a, b)
	}
}

// elements returns the elements of an array, or the values of an object.
func elements(v any) (all []any) {
	all, _ = v.([]any)
	o, _ := v.(object)
	for _, m := range o {
		all = append(all, m.value)
	}
	return all
}

// fits reports whether an element fits all comparisons of a step.
func fits(element any, s *jsonscan.Step, name string) bool {
	for ; s != nil; s = s.And {
		v := element
		for _, key := range s.Field {
			o, _ := v.(object)
			v = o.get(key)
		}
		var says bool
		switch text, isText := textOf(v); {
		case s.Equal == jsonscan.Name{}:
			says = v == nil || v == "" || isHollow(v)
		case v == nil && len(s.Field) > 0: // nothing
		case s.Equal.Hole:
			says = isText && text == filled(s.Equal, name)
		default:
			says = isText && len(text) == len(s.Equal.Before) && strings.EqualFold(text, s.Equal.Before)
		}
		if says == s.Not {
			return false
		}
	}
	return true
}

func filled(n jsonscan.Name, name string) string {
	if n.Hole {
		return n.Before + name + n.After
	}
	return n.Before
}

func isHollow(v any) bool {
	array, isArray := v.([]any)
	o, isObject := v.(object)
	saysNothing := func(m member) bool {
		n, isNumber := m.value.(json.Number)
		f, err := n.Float64()
		return m.value == nil || m.value == "" || isHollow(m.value) || isNumber && err == nil && f == 0
	}
	return isArray && len(array) == 0 || isObject && !slices.ContainsFunc(o, func(m member) bool { return !saysNothing(m) })
}

// textOf returns the text of a string, a number, a boolean or null.
func textOf(v any) (text string, ok bool) {
	switch v := v.(type) {
	case object, []any:
		return "", false
	case nil:
		return "null", true
	default:
		return fmt.Sprint(v), true
	}
}

// fault 17: no place and no body panics, and each place finds what a decoder reads there.
func FuzzPlaces(f *testing.F) {
	for _, text := range []string{"a.b", `["a.b"][2][-1]`, "c[type=Complete].x, @code", "{id}.x,jobs[id={id}]", "@header.X", "@link.next", ".", "-", "a[=b]", "a[[", "a.[", `["`, "a[b.c=d]", `c[a!=b, c="d,]"].x`, "[\"\x8a\xdf\xc4}\"]", "c[a=b,a=c].x,c[a=b].x", `tagged[".tag"=failure,"x"!=].why`, "{{id}}{id}.{{key}}", "@text,@json.a", "texts.plain.@json.list[n=2].n,texts.twice.@json.in.@json[0]", "minions[ok!=true].code,minions[=x,code=1]", "tagged[0].@tag,@tag,tagged[why=late].@tag,a.@tag = b.@tag"} {
		f.Add(text, body, "7")
		f.Add(text, `[1,[2,{"a":[]}],"\u0061"]`, "")
	}
	f.Add(`jobs[-1].meta.kind, conditions[type!=ready,status!=].status, flags[=completing], jobs[id={id}].tags[-2], deep[1]`, body, "7")
	f.Add("{id}.x, 7.x, 7.y, {id}", `{"7": {"x": 1, "y": 2}}`, "7")
	f.Add("words[=], words[!=], parts[error=].error, parts[error.code!=].n", parts, "7")
	f.Add("[=]", `{"":{"":""}}`, "0")
	f.Add("a = b, a.x = [0], a = c[x=1].y", `{"a":1,"b":1.0,"c":[{"x":1,"y":"1"}]}`, "")
	f.Fuzz(func(t *testing.T, text, body, name string) {
		places, err := place.ParseList(text)
		if err != nil {
			var e *place.Error
			require.ErrorAs(t, err, &e)
			assert.LessOrEqual(t, e.At, len(text))
			return
		}
		for i := range places {
			assert.Contains(t, text, places[i].Text)
			if again, err := place.Parse(places[i].Text); assert.NoError(t, err, places[i].Text) {
				assert.Equal(t, places[i], again)
			}
		}
		s, err := place.NewSet(places, 1)
		if err != nil {
			assert.Greater(t, len(places), 64)
			return
		}
		var found place.Found
		a := &place.Answer{Code: 200, Header: http.Header{"Link": {text}, "X": {name}}, Body: []byte(body), Name: name}
		err = s.Find(a, &found)
		var whole any
		switch {
		case err != nil && json.Valid(a.Body):
			assert.Regexp(t, `^key ".*" stands (twice|in another case)$|^nested more`, err.Error())
		case err == nil && json.Valid(a.Body):
			whole = decode(t, a.Body)
		}
		for i, v := range found.Values {
			_, _ = place.Value(v).Kind(), place.Value(v).IsSaid()
			switch p := &places[i]; {
			case p.Source == place.Code:
				assert.Equal(t, "200", string(v))
			case p.Source == place.Link:
				assert.Contains(t, string([]rune(text)), place.Value(v).Text())
			case p.Source == place.Header && p.Name == "X":
				assert.Equal(t, string([]rune(name)), place.Value(v).Text())
			case p.Source == place.Text:
				assert.Equal(t, strings.TrimSpace(string([]rune(body))), place.Value(v).Text())
			case p.Source != place.Body || err != nil:
				assert.Nil(t, v)
			case !json.Valid(a.Body):
				assert.Fail(t, "a body that is no JSON is an error")
			case !utf8.ValidString(text + body + name): // a decoder has another key
			case p.Other != nil:
				checkComparison(t, lookUp(t, whole, p.Steps, name), lookUp(t, whole, p.Other, name), string(v))
			case v == nil:
				assert.Nil(t, lookUp(t, whole, p.Steps, name), p.Text)
			default:
				assert.Equal(t, lookUp(t, whole, p.Steps, name), decode(t, v), p.Text)
			}
		}
	})
}

func TestAPlaceMayCompareTwoValues(t *testing.T) {
	t.Parallel()
	const object = `{"metadata":{"generation":3},"status":{"seen":3,"old":2,"word":"3","is":true,"float":3.0,"big":9007199254740993,"bigger":9007199254740992,"biggest":900719925474099200e-2,"null":null},"list":[{"of":"7","n":3}]}`
	for text, want := range map[string]string{
		"metadata.generation = status.seen":        "true",
		"metadata.generation  =  status.seen ":     "true",
		"metadata.generation = status.old":         "false",
		"metadata.generation = status.word":        "true",
		"metadata.generation = status.is":          "false",
		"metadata.generation = status.float":       "true",
		"status.big = status.bigger":               "false",
		"status.bigger = status.biggest":           "true",
		"metadata.generation = status.null":        "",
		"metadata.generation = status.none":        "",
		"status.none = metadata.generation":        "",
		"status.none = status.neither":             "",
		"list[of={id}].n = metadata.generation":    "true",
		`["metadata"].generation = list[0].n`:      "true",
		`status.["x"]`:                             "!no dot stands before a bracket",
		"metadata.generation = ":                   "!a key is empty",
		"metadata.generation = @code":              "!only values in the body are compared",
		"metadata.generation = status.seen = list": "!a dot, a bracket or a comma",
		"metadata.generation = status..seen":       "!a key is empty",
	} {
		p, err := place.Parse(text)
		if problem, isWrong := strings.CutPrefix(want, "!"); isWrong {
			assert.ErrorContains(t, err, problem, text)
			continue
		}
		require.NoError(t, err, text)
		set, err := place.NewSet([]place.Place{p, {Source: place.Code}}, 1)
		require.NoError(t, err)
		var found place.Found
		for range 2 { // a Found is used again
			require.NoError(t, set.Find(&place.Answer{Code: 200, Body: []byte(object), Name: "7"}, &found))
			require.Len(t, found.Values, 2)
			assert.Equal(t, want, string(found.Values[0]), text)
			assert.Equal(t, "200", string(found.Values[1]))
		}
	}
	literal, err := place.Parse("a=b")
	require.NoError(t, err)
	assert.Nil(t, literal.Other, "the sign is a part of a key without spaces around it")
}

func TestAComparisonWithinAnItem(t *testing.T) {
	t.Parallel()
	item, err := place.Parse("job")
	require.NoError(t, err)
	for text, want := range map[string]place.Source{"job.a = job.b": place.Body, "job.a = b": place.Nowhere, "a = job.b": place.Nowhere} {
		p, err := place.Parse(text)
		require.NoError(t, err)
		within := p.Within(item)
		assert.Equal(t, want, within.Source, text)
		if want == place.Body {
			assert.Len(t, within.Steps, 1)
			assert.Len(t, within.Other, 1)
		}
	}
}
