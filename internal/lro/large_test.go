package lro

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fault 20: wherever an object is cut off, the members before the cut are those that it has.
func TestTheMembersOfAnObjectThatIsCutOffAreItsOwn(t *testing.T) {
	t.Parallel()
	const text = ` {"status" : "Failed","a\"b":[1,{"x":"}"}],"n":-12.5e3,"":null,"error":{"code":"E"},"properties":{"provisioningState":"x"}} `
	var whole map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &whole))
	end := len(text) - 1 // of the object
	most := 0
	for n := range end {
		object, cut := members([]byte(text[:n]))
		if n < 2 {
			assert.Nil(t, object)
			continue
		}
		var part map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(object, &part), text[:n])
		most = max(most, len(part))
		for name, value := range part {
			if name == "n" && len(value) < len(whole[name]) { // a number has no end
				continue
			}
			assert.Equal(t, string(whole[name]), string(value), text[:n])
		}
		if cut != "" {
			assert.Contains(t, whole, cut)
			assert.NotContains(t, part, cut)
		}
	}
	assert.Equal(t, len(whole), most, "all but the end of the object")
	for _, other := range []string{text, text + "{", `[{"a":1},`, `"a`, "a,b\n", "", "{}{"} {
		object, cut := members([]byte(other))
		assert.Nil(t, object, other)
		assert.Empty(t, cut)
	}
}
