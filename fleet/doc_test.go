package fleet

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first code on the page stands in the example too, which is compiled and run.
func TestTheFirstCodeOnThePageIsThatOfTheExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/fleet.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, blocks)
	for line := range strings.Lines(blocks[0][1]) {
		assert.Contains(t, string(example), strings.TrimSpace(line))
	}
}
