package rules_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/rules"
)

// values returns JSON texts as values, "" for nothing.
func values(texts ...string) (all [][]byte) {
	for _, text := range texts {
		if text == "" {
			all = append(all, nil)
		} else {
			all = append(all, []byte(text))
		}
	}
	return all
}

// fault 64: what says nothing is never a value that a rule asks for, nor is what may say anything.
func TestNeitherPlusNorMinusFitsWhatIsDoubtful(t *testing.T) {
	t.Parallel()
	table, err := rules.New(2, map[string]string{"ended, +": "said", "ended, -": "absent", "named, +": "said", "named, 0": "zero", `named, ""`: "empty", "part, *00*": "part"})
	require.NoError(t, err)
	for text, want := range map[string]string{
		``: "absent", `""`: "", `{}`: "absent", `[ ]`: "absent", `{"a":null}`: "said", `"x"`: "said", `1`: "said", `-1`: "said", `true`: "said", `[0]`: "said",
		`0`: "", `0.0`: "", `-0e9`: "", `false`: "", `"0"`: "", `" 0.00 "`: "", `"False"`: "", `"null"`: "", `" "`: "",
		`"0001-01-01T00:00:00Z"`: "absent", `"0001-01-01T00:00:00"`: "absent", `"0001-01-01T00:00:00\u002B00:00"`: "absent", `"0001-01-01"`: "absent", `"0000-00-00 00:00:00"`: "absent",
		`"1970-01-01T00:00:00.000Z"`: "absent", `"1970-01-01T01:00:00+01:00"`: "absent", `"Thu, 01 Jan 1970 00:00:00 GMT"`: "absent", `"1970-01-01"`: "absent", `-62135596800`: "absent", `-62135596800000`: "absent",
		`"1970-01-01T00:00:01Z"`: "said", `"2026-11-29T00:00:00Z"`: "said", `1764374400`: "said", `"000"`: "said", `"1970"`: "said",
	} {
		o := table.Find(values(`"ended"`, text))
		assert.Equal(t, want, o.Means, text)
	}
	for text, want := range map[string]string{`0`: "zero", `0.0`: "zero", `""`: "empty", `false`: "", `1`: "said", ``: "", `"1970-01-01T00:00:00Z"`: ""} {
		assert.Equal(t, want, table.Find(values(`"named"`, text)).Means, text)
	}
	assert.Equal(t, "part", table.Find(values(`"part"`, `"a00b"`)).Means)
	assert.Empty(t, table.Find(values(`"part"`, `"1970-01-01T00:00:00Z"`)).Means)
}

// A rule for 0 or false and a rule with + fit no answer together, so that no third rule is needed.
func TestAWordThatPlusDoesNotFitHasNoConflictWithIt(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"0", "0.0", "false", "False", `""`, `"null"`} {
		table, err := rules.New(2, map[string]string{word + ", *": "running", "+, +": "failed", "+, -": "completed"})
		require.NoError(t, err, word)
		said := strings.Trim(word, `"`)
		for other, want := range map[string]string{``: "running", `0`: "running", `422`: "running"} {
			assert.Equal(t, want, table.Find(values(strconv.Quote(said), other)).Means, "%s and %s", word, other)
		}
		assert.Equal(t, "failed", table.Find(values(`200`, `422`)).Means)
		assert.Equal(t, "completed", table.Find(values(`200`, ``)).Means)
	}
	_, err := rules.New(2, map[string]string{"1, *": "running", "+, +": "failed"})
	require.ErrorContains(t, err, "neither is more specific")
}

// fault 10: one field says that the run has ended, another how.
func TestTheMostSpecificRuleDecides(t *testing.T) {
	t.Parallel()
	table, err := rules.New(2, map[string]string{
		"queued, -": "pending", "completed, success": "completed", "completed, *": "failed", "completed, -": "odd", "*_progress, *": "running",
		"*, cancelled": "canceled", "completed, cancelled": "canceled", "*_progress, cancelled": "canceled", `"a, b", +`: "quoted", `"a, b", cancelled`: "canceled", "exit*, *fatal*": "failed", "exit*_progress, *fatal*": "failed",
		"exit_0, *fatal*": "warned", "exit_0, -": "completed", "7, true": "number", ", x": "empty",
	})
	require.NoError(t, err)
	for _, c := range []struct{ first, second, want string }{
		{`"queued"`, ``, "pending"}, {`"queued"`, `{}`, "pending"}, {`"queued"`, `"x"`, ""}, {`"completed"`, `"success"`, "completed"},
		{`"Completed "`, `"SUCCESS"`, "completed"}, {`"completed"`, `"failure"`, "failed"}, {`"completed"`, ``, "odd"}, {`"completed"`, `[1]`, "failed"},
		{`"in_progress"`, ``, "running"}, {`"IN_PROGRESS"`, `"x"`, "running"}, {`"in_progress"`, `"cancelled"`, "canceled"}, {`"x"`, `"cancelled"`, "canceled"},
		{`"a, b"`, `1`, "quoted"}, {`"a, b"`, `0`, ""}, {`"a, b"`, `false`, ""}, {`"a, b"`, ``, ""}, {`"exit_1"`, `"a FATAL b"`, "failed"}, {`"exit_0"`, `"fatal"`, "warned"}, {`7`, `true`, "number"},
		{`7.0`, `"true"`, "number"}, {`"7.0"`, `true`, "number"}, {`""`, `"x"`, "empty"}, {``, `"x"`, ""}, {`"\u0063ompleted"`, `"success"`, "completed"},
	} {
		for range 2 { // the second time from memory
			o := table.Find(values(c.first, c.second))
			assert.Equal(t, c.want, o.Means, "%s, %s", c.first, c.second)
			assert.Equal(t, c.want != "", o.Fits)
		}
	}
	o := table.Find(values(`"Completed "`, `"success"`))
	assert.Equal(t, "Completed , success", o.Raw, "the service's own words")
	assert.Equal(t, "completed, success", o.Rule)
	assert.Equal(t, uint64(3), o.Named)
	assert.Equal(t, uint64(1), table.Find(values(`"completed"`, `"x"`)).Named)
	assert.Equal(t, uint64(0), table.Find(values(`"in_progress"`, ``)).Named)
}

// fault 23
func TestWordsAreFoundAsTheyAreSpelledFirst(t *testing.T) {
	t.Parallel()
	table, err := rules.New(1, map[string]string{
		"Done": "completed", "DONE": "failed", "Busy": "running", "BUSY": "running", " odd ": "pending", "2": "completed", "2.0": "failed", "3.50": "running",
		"true": "completed", "": "pending", "-0": "canceled", "1e400": "failed", " 4.0 ": "completed", "null": "blocked", `"a, b"`: "comma",
	})
	require.NoError(t, err)
	for raw, want := range map[string]string{
		`"Done"`: "completed", `"DONE"`: "failed", `"done"`: "", `"Done "`: "", `"busy"`: "running", `" bUSY\n"`: "running", `"\u0042usy"`: "running", `"odd"`: "pending",
		`2`: "completed", `2.0`: "failed", `2e0`: "", `"2"`: "completed", `"2e0"`: "", `3.5`: "running", `35e-1`: "running", `0.35E+1`: "running", `-3.5`: "", `"3.5"`: "running", `" 0.35e1 "`: "running", `"3.5 %"`: "", `"3.5x"`: "", `"03.5"`: "",
		`true`: "completed", `"TRUE"`: "completed", `false`: "", `""`: "pending", `"  "`: "pending", `"x\n"`: "", `0`: "canceled", `0.000`: "canceled", `-0e7`: "canceled",
		`10e399`: "failed", `4`: "completed", `1e99999999999999999999`: "", `"null"`: "blocked", ``: "blocked", `"a, b"`: "comma",
	} {
		o := table.Find(values(raw))
		assert.Equal(t, want, o.Means, raw)
		if text := ""; json.Unmarshal([]byte(raw), &text) == nil {
			assert.Equal(t, text, o.Raw, "the service's own word")
		}
	}
	assert.Equal(t, "null", table.Find(values("")).Raw)
}

// fault 32
func TestNewNamesWhatIsWrongWithRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		places int
		rules  map[string]string
		want   string
	}{
		{2, map[string]string{"a": "x"}, `"a" has 1 pattern, for 2 places`},
		{2, map[string]string{"a, b, c": "x"}, `"a, b, c" has 3 patterns, for 2 places`},
		{1, map[string]string{"completed, success": "x"}, `"completed, success" has 2 patterns, for 1 place: a rule has one, and a word with a comma is quoted`},
		{1, map[string]string{"a*b*c": "x"}, `"a*b*c": a pattern is foo*`},
		{1, map[string]string{"**": "x"}, `"**": a pattern is`},
		{2, map[string]string{"a, *": "x", "*, b": "y"}, `fit the same answers, and neither is more specific: say what "a, b" means`},
		{2, map[string]string{"a, +": "x", "+, b": "y"}, `say what "a, b" means`},
		{1, map[string]string{"a*": "x", "*b": "y"}, `say what "a*b" means`},
		{2, map[string]string{"a,b": "x", "a, b": "y"}, `are the same rule, and mean`},
		{2, map[string]string{"a,b": "x", "a, b": "x"}, `can be reached by no answer`},
		{2, map[string]string{"a, *": "x", "a, -": "y", "a, +": "z"}, `"a, *" can be reached by no answer`},
	} {
		_, err := rules.New(c.places, c.rules)
		assert.ErrorContains(t, err, c.want, c.rules)
	}
	for _, fine := range []map[string]string{
		{"a, *": "x", "*, b": "x"}, {"a, *": "x", "*, b": "y", "a, b": "z"}, {"a*, *": "x", "*b, *": "y", "a*b, *": "z"}, {"a, *": "x", "-, b": "y", "+, b": "x"},
		{"*foo*, *": "x", "foo*, *": "y", "foo, *": "z"}, {"*, *": "x", "-, -": "y"},
	} {
		_, err := rules.New(2, fine)
		assert.NoError(t, err, fine)
	}
}

// Not parallel: it counts allocations.
func TestRulesAreAppliedWithoutAnAllocation(t *testing.T) {
	table, err := rules.New(3, map[string]int{"a, *, -": 1, "b*, +, *": 2, "*, *, x": 3, "b*, +, x": 3})
	require.NoError(t, err)
	all := values(`"bc"`, `{"a":1}`, `"\u0078"`)
	assert.Equal(t, 3, table.Find(all).Means)
	assert.Zero(t, testing.AllocsPerRun(100, func() { table.Find(all) }))
}

// fault 33, fault 51: what is remembered is bounded, and may be asked for by many at once.
func TestFindIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	table, err := rules.New(1, map[string]string{"a*": "yes"})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				o := table.Find(values(fmt.Sprintf(`"a%d"`, n+i)))
				assert.Equal(t, "yes", o.Means)
				assert.Equal(t, fmt.Sprintf("a%d", n+i), o.Raw)
			}
		})
	}
	wg.Wait()
}

// A text that two rules name parts of, such as a page of XML, has no meaning if they disagree.
func TestRulesThatNamePartsOfOneTextAreRivals(t *testing.T) {
	t.Parallel()
	table, err := rules.New(2, map[string]string{
		"*<a>*, *": "running", "*<b>*, *": "completed", "*<c>*, *": "completed", "exit*, *": "failed", "*<a><b>*, *": "both", "<a>x<b>, *": "word", "<c>*, 7": "seven",
	})
	require.NoError(t, err)
	for _, c := range []struct{ text, second, want, rule, rival string }{
		{"x<a>x", ``, "running", "*<a>*, *", ""}, {"x<B>x", `1`, "completed", "*<b>*, *", ""}, {"<a> <b>", ``, "", "*<a>*, *", "*<b>*, *"}, {"<b><a>", ``, "", "*<a>*, *", "*<b>*, *"},
		{"<b><c>", ``, "completed", "*<b>*, *", ""}, {"exit<a>", ``, "", "exit*, *", "*<a>*, *"}, {"<a><b>", ``, "both", "*<a><b>*, *", ""}, {"<a>x<b>", ``, "word", "<a>x<b>, *", ""},
		{"<c>", `7`, "seven", "<c>*, 7", ""}, {"<c> <a>", `7`, "", "<c>*, 7", "*<a>*, *"}, {"none", ``, "", "", ""},
	} {
		for range 2 { // the second time from memory
			o := table.Find(values(strconv.Quote(c.text), c.second))
			assert.Equal(t, c.want, o.Means, c.text)
			assert.Equal(t, c.want != "", o.Fits, c.text)
			assert.Equal(t, c.rule, o.Rule, c.text)
			assert.Equal(t, c.rival, o.Rival, c.text)
		}
	}
}

var patterns = []string{"a", "ab", "abc", "b", "A", "7", "7.0", "a*", "*b", "ab*", "a*c", "*b*", "*c*", "*", "+", "-", ""}

var texts = []string{"", `"a"`, `"ab"`, `"abc"`, `"b"`, `"A"`, `"B "`, `7`, `7.0`, `"7.0"`, `"xbx"`, `{}`, `[1]`, `""`, `"ac"`, `"xcbx"`, `true`}

// Whatever rules New takes, the one that decides fits, and no rule that is more specific means
// anything else.
func TestOfTheRulesThatFitTheMostSpecificDecides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		places := rapid.IntRange(1, 3).Draw(r, "places")
		set := map[string]int{}
		for range rapid.IntRange(1, 6).Draw(r, "rules") {
			var key []string
			for range places {
				key = append(key, rapid.SampledFrom(patterns).Draw(r, "pattern"))
			}
			set[strings.Join(key, ", ")] = rapid.IntRange(1, 3).Draw(r, "means")
		}
		table, err := rules.New(places, set)
		if err != nil {
			r.Skip()
		}
		var all []string
		for range places {
			all = append(all, rapid.SampledFrom(texts).Draw(r, "value"))
		}
		o := table.Find(values(all...))
		// Each rule alone says whether it fits. A rule with fewer answers is more specific.
		for _, key := range slices.Sorted(maps.Keys(set)) {
			alone, err := rules.New(places, map[string]int{key: set[key]})
			require.NoError(r, err)
			fits := alone.Find(values(all...)).Fits
			switch {
			case isSpelledOtherwise(set, key, all):
				assert.NotEqual(r, key, o.Rule, "a word is spelled as another rule spells it")
			case key == o.Rule && o.Fits:
				assert.True(r, fits, "%q decided about %v", key, all)
			case fits && set[key] != o.Means && o.Fits:
				// o.Rule must be a part of key: together they are one table without a conflict.
				both, err := rules.New(places, map[string]int{key: set[key], o.Rule: o.Means})
				require.NoError(r, err, "%q decided about %v, though %q fits", o.Rule, all, key)
				assert.Equal(r, o.Rule, both.Find(values(all...)).Rule)
				assert.Empty(r, both.Find(values(all...)).Rival)
			}
		}
	})
}

// isSpelledOtherwise reports whether a rule has another spelling of a word for which some rule has
// the spelling of the value. Such a word is another word.
func isSpelledOtherwise(set map[string]int, key string, all []string) bool {
	own := strings.Split(key, ", ")
	for i, v := range all {
		text, other := place.Value(v).Text(), own[i]
		isWord := other != "" && !strings.ContainsAny(other, "*+-")
		x, isNumber := place.NumberValue(other)
		y, _ := place.NumberValue(text)
		isAlike := strings.EqualFold(other, strings.TrimSpace(text)) || isNumber && x == y
		if !isWord || other == text || !isAlike {
			continue
		}
		for rule := range set {
			if strings.Split(rule, ", ")[i] == text {
				return true
			}
		}
	}
	return false
}

// plain is a second reading of a rule of one place: how specific it is (a word or nothing, a part
// of a word, + or *), and whether it fits a value. A number may be spelled otherwise, so that a
// word which is one is not judged.
func plain(key, value string) (rank int, fits, judged bool) {
	text, isText := value, value != "" && value[0] != '{' && value[0] != '['
	_ = json.Unmarshal([]byte(value), &text) // of a string
	fold := func(text string) string { return strings.ToLower(strings.TrimSpace(text)) }
	isNothing := !isText && (len(value) < 2 || strings.TrimSpace(value[1:len(value)-1]) == "")
	before, after, isPart := strings.Cut(key, "*")
	word, isQuoted := key, len(key) > 1 && key[0] == '"' && key[len(key)-1] == '"' && json.Unmarshal([]byte(key), &key) == nil
	switch {
	case isQuoted:
		word = key
	case key == "*":
		return 0, true, true
	case key == "+":
		return 1, !isNothing, true
	case key == "-":
		return 3, isNothing, true
	case isPart && before == "" && strings.HasSuffix(after, "*"):
		return 2, isText && strings.Contains(fold(text), fold(strings.TrimSuffix(after, "*"))), true
	case isPart:
		return 2, isText && strings.HasPrefix(fold(text), fold(before)) && strings.HasSuffix(fold(text), fold(after)), true
	}
	fits = isText && len(text) <= rules.MaxWord && fold(text) == fold(word) || !isQuoted && key == "null" && isNothing
	return 3, fits, !json.Valid([]byte(strings.TrimSpace(word))) || fits || value == "" || value[0] == '"'
}

// fault 17: of two rules, one that fits decides, and at one place the more specific one.
func FuzzRules(f *testing.F) {
	f.Add("completed, *", "*, failure", `"completed"`, `"failure"`)
	f.Add("a*", "-", `"ab"`, ``)
	f.Add("a*", "AB", `"ab"`, ``)
	f.Add("Completed ", "fail*", `" COMPLETED"`, ``)
	f.Add("+", "*b", `"ab"`, `"b"`)
	f.Add(`"a, b", +`, "*x*, null", `7`, `{}`)
	f.Add("\"\\", "**", `"\u0000"`, `[[]]`)
	isFine := func(key string) bool {
		_, err := rules.New(1, map[string]int{key: 1})
		return err == nil
	}
	f.Fuzz(func(t *testing.T, one, other, first, second string) {
		for _, text := range []string{first, second} {
			if text != "" && (!json.Valid([]byte(text)) || strings.TrimSpace(text) != text || text == "null") {
				return // no value as the reader hands it over
			}
		}
		set := map[string]int{one: 1, other: 2}
		for places := 1; places <= 2; places++ {
			table, err := rules.New(places, set)
			if err != nil {
				assert.NotEmpty(t, err.Error())
				if places == 1 && !strings.Contains(one+other, "\x00") && isFine(one) && isFine(other) { // New tries NUL
					x, _, _ := plain(one, "")
					y, _, _ := plain(other, "")
					assert.Equal(t, x, y, "the more specific one decides: %v", err)
				}
				continue
			}
			all := values(first, second)[:places]
			o := table.Find(all)
			assert.Equal(t, o, table.Find(all))
			var fitting []string // alone
			for key, means := range set {
				single, err := rules.New(places, map[string]int{key: means})
				require.NoError(t, err)
				alone := single.Find(all)
				if alone.Fits {
					fitting = append(fitting, key)
				}
				if _, fits, judged := plain(key, first); places == 1 && judged {
					assert.Equal(t, fits, alone.Fits, "%q", key)
				}
				if o.Fits && o.Rule == key {
					assert.Equal(t, alone, o, "what decides does so alone, too")
				}
			}
			switch {
			case !o.Fits:
				assert.Equal(t, rules.Outcome[int]{Raw: o.Raw}, o)
				assert.NotEqual(t, 1, len(fitting), "only a word that another rule spells otherwise is lost")
			case places == 1 && !strings.EqualFold(strings.TrimSpace(one), strings.TrimSpace(other)):
				decides, _, _ := plain(o.Rule, first)
				for _, key := range fitting {
					beaten, _, _ := plain(key, first)
					assert.GreaterOrEqual(t, decides, beaten, "%q decides, not %q", o.Rule, key)
				}
			}
			assert.LessOrEqual(t, len(o.Raw), 3*(len(first)+len(second))+4, "U+FFFD may stand for a byte")
			for i, v := range all {
				assert.False(t, o.Named&(1<<i) != 0 && !table.Names(i, v), "the rule names a word that Names does not know")
			}
		}
	})
}
