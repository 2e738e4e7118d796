package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

// fault 17: words of other encoders for numbers that JSON does not have say nothing.
func TestNumbersThatJSONDoesNotHaveAreNull(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`NaN`:                                `null`,
		`[NaN,Infinity, -Infinity]`:          `[null,null, null]`,
		`{"NaN":"-Infinity","a\\\"NaN":NaN}`: `{"NaN":"-Infinity","a\\\"NaN":null}`,
		`{"loss":NaN,"state":"done"}`:        `{"loss":null,"state":"done"}`,
		`{"a":"NaN"}`:                        ``,
		`[1NaN]`:                             ``,
		`[NaN`:                               ``,
		`[NaN,nan]`:                          ``,
		`["NaN]`:                             ``,
		``:                                   ``,
	} {
		assert.Equal(t, want, string(jsonscan.Repaired([]byte(body))), body)
	}
	paths, err := jsonscan.Compile("state", "loss", ".")
	require.NoError(t, err)
	var found [3][]byte
	require.NoError(t, paths.Find([]byte(`{"loss":NaN,"state":"done"}`), found[:]))
	assert.Equal(t, `"done"`, string(found[0]))
	assert.Nil(t, found[1])
	assert.True(t, json.Valid(found[2]))
	require.EqualError(t, paths.Find([]byte(`{"state":1,"x":NaN,"state":2}`), found[:]), `key "state" stands twice`)
}

func FuzzWhatIsRepairedIsJSON(f *testing.F) {
	f.Add([]byte(`{"a":NaN,"b":[-Infinity,"\"NaN"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		repaired := jsonscan.Repaired(body)
		require.Equal(t, before, body)
		if repaired == nil {
			return
		}
		require.False(t, json.Valid(body))
		require.True(t, json.Valid(repaired))
		require.Nil(t, jsonscan.Repaired(repaired))
	})
}
