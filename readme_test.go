package jobstatus_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/iamber12/job-status-monitoring"

// packages are the packages that fragments in the README use without an import.
var packages = map[string]string{
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "json": "encoding/json", "http": "net/http", "os": "os", "slices": "slices", "sql": "database/sql", "synctest": "testing/synctest",
	"testing": "testing", "time": "time", "zap": "go.uber.org/zap", "adaptive": module + "/backoff/adaptive",
	"peers": module + "/backoff/peers", "progress": module + "/progress", "jobstatus": module, "backoff": module + "/backoff", "mock": module + "/mock", "observe": module + "/observe",
	"rest": module + "/transport/rest", "dialects": module + "/transport/rest/dialects", "transport": module + "/transport", "webhook": module + "/transport/webhook", "require": "github.com/stretchr/testify/require",
}

var (
	fence    = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
	used     = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
	declared = regexp.MustCompile(`(?m)^(\w+(?:, \w+)*) :=`)
	comment  = regexp.MustCompile(`(?m)//.*$`)
)

// Each block is a package of its own, and all are compiled by one command. An overlay puts them
// into the module without a file there.
func TestCodeInTheDocsCompiles(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	overlay := map[string]string{}
	args := []string{"build", "-overlay", filepath.Join(dir, "overlay.json")}
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range append(pages, "README.md") {
		if page == filepath.Join("docs", "fleet.md") { // of another module, which tests it
			continue
		}
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for i, block := range fence.FindAllStringSubmatch(string(text), -1) {
			name := fmt.Sprintf("%s-block-%d", strings.ReplaceAll(page, "/", "-"), i+1)
			file := filepath.Join(dir, name+".go")
			require.NoError(t, os.WriteFile(file, []byte(program(block[1])), 0o600))
			overlay[filepath.Join(here, "internal", name, name+".go")] = file
			args = append(args, "./internal/"+name)
		}
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), replace, 0o600))
	out, err := exec.Command("go", args...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// program makes a file from a fragment, which is a program, declarations, or statements.
func program(code string) string {
	if strings.HasPrefix(code, "package ") {
		return code
	}
	var names []string
	for _, m := range used.FindAllStringSubmatch(comment.ReplaceAllString(code, ""), -1) {
		if packages[m[1]] != "" && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	declarations, statements := code, ""
	if !regexp.MustCompile(`^(func|type) `).MatchString(code) {
		declarations, statements = "", code
	} else if at := regexp.MustCompile(`(?m)^\w+, err :=`).FindStringIndex(code); at != nil {
		declarations, statements = code[:at[0]], code[at[0]:]
	}
	var b strings.Builder
	b.WriteString("package readme\n")
	if !slices.Contains(names, "context") && statements != "" {
		names = append(names, "context")
	}
	if !slices.Contains(names, "jobstatus") && statements != "" {
		names = append(names, "jobstatus")
	}
	for _, name := range names {
		fmt.Fprintf(&b, "import %q\n", packages[name])
	}
	b.WriteString(declarations)
	if statements != "" {
		result, end := "", ""
		if strings.Contains(statements, "return err") {
			result, end = "error ", "return nil\n"
		}
		b.WriteString("func _(ctx context.Context, w *jobstatus.Watcher, url, id string, ids []string) " + result + "{\n{\n" + statements)
		for _, m := range declared.FindAllStringSubmatch(statements, -1) {
			for name := range strings.SplitSeq(m[1], ",") {
				fmt.Fprintf(&b, "_ = %s\n", strings.TrimSpace(name))
			}
		}
		b.WriteString("}\n" + end + "}\n")
	}
	return b.String()
}
