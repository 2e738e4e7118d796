package fleet

import (
	"os"
	"path/filepath"
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

// The page names the tests that show what a fleet survives.
func TestTheTestsThatThePageNamesExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/fleet.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var source strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(text)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(page), -1)
	require.NotEmpty(t, named)
	for _, name := range named {
		assert.Contains(t, source.String(), "\nfunc "+name+"(t *testing.T)")
	}
}
