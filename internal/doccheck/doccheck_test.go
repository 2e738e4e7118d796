package doccheck

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository is the tree that this package is part of.
var repository = os.DirFS("../..")

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assert.LessOrEqual(t, len(text), 8000, "what is long belongs to docs/")
}

func TestRootIsSmall(t *testing.T) {
	t.Parallel()
	s, err := SizeOf(repository, ".")
	require.NoError(t, err)
	assert.Less(t, s.Lines, 800, "lines of code without tests")
	assert.Less(t, s.Exports, 50, "exported names")
}

// The dialects are one function for each service.
func TestPackagesAreSmall(t *testing.T) {
	t.Parallel()
	files, err := goFiles(repository)
	require.NoError(t, err)
	folders := map[string]bool{}
	for _, f := range files {
		folders[path.Dir(f.path)] = f.ast.Name.Name != "main"
	}
	for folder, isLibrary := range folders {
		if !isLibrary || folder == "." || strings.Contains(folder, "internal") || strings.HasSuffix(folder, "/dialects") {
			continue
		}
		s, err := SizeOf(repository, folder)
		require.NoError(t, err)
		assert.Less(t, s.Exports, 40, "exported names of %s", folder)
	}
}

func TestFunctionsAndTypesAreSmall(t *testing.T) {
	t.Parallel()
	check(t, Shape)
}

func TestShapeFindsWhatIsLarge(t *testing.T) {
	t.Parallel()
	text := "package a\ntype T[K any] struct{}\nfunc F() {\n" + strings.Repeat("\n", 48) + "}\n"
	for i := range 15 {
		text += fmt.Sprintf("func (t *T[K]) M%d() {}\n", i)
	}
	find := func(text, more string) []string {
		problems, err := Shape(fstest.MapFS{"a/a.go": {Data: []byte(text)}, "a/b.go": {Data: []byte("package a\n" + more)}, "a/a_test.go": {Data: []byte(text + "func (t T[K]) X() {}\n")}})
		require.NoError(t, err)
		return problems
	}
	assert.Empty(t, find(text, ""))
	assert.Equal(t, []string{"a/a.go:3: function F has 51 lines, at most 50", "a.T has 16 methods, at most 15"},
		find(strings.Replace(text, "F() {", "F() {\n", 1), "func (t T[K]) X() {}"))
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	check(t, Links)
}

func TestCommentsFitThePage(t *testing.T) {
	t.Parallel()
	check(t, Width)
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	check(t, Undocumented)
}

func TestTheTableOfFaultsNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	problems, err := Faults(repository, "docs/faults.md")
	require.NoError(t, err)
	assert.Empty(t, strings.Join(problems, "\n"))
}

func TestThePageOnTheDesignNamesWhatExists(t *testing.T) {
	t.Parallel()
	problems, err := Design(repository, "docs/design.md")
	require.NoError(t, err)
	assert.Empty(t, strings.Join(problems, "\n"))
}

func check(t *testing.T, of func(fs.FS) ([]string, error)) {
	t.Helper()
	problems, err := of(repository)
	require.NoError(t, err)
	assert.Empty(t, strings.Join(problems, "\n"))
}

// page makes a tree of files.
func page(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func TestLinksThatLeadNowhereAreFound(t *testing.T) {
	t.Parallel()
	problems, err := Links(page(map[string]string{
		"README.md": "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#one-two) [d](docs/a.md#three) [e](#top) [f](https://example.com/x)\n" +
			"![g](docs/g.png) `[h](h.md)`\n```\n[i](i.md)\n```\n# Top\n",
		"docs/a.md":        "# One, `two`\n[up](../README.md#top) [bad](%zz)",
		".github/pull.md":  "[j](j.md)",
		"testdata/bad.md":  "[k](k.md)",
		".hidden/page.md":  "[l](l.md)",
		"docs/testdata.md": "[a](a.md)",
	}))
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{
		"README.md: link docs/b.md: there is no such file",
		"README.md: link docs/a.md#three: there is no such heading",
		"README.md: link docs/g.png: there is no such file",
		"docs/a.md: link %zz: is no URL",
		".github/pull.md: link j.md: there is no such file",
	}, problems)
}

func TestWideCommentsAreFound(t *testing.T) {
	t.Parallel()
	wide, most := "é "+strings.Repeat("é", MaxComment-4), "é "+strings.Repeat("é", MaxComment-5)
	problems, err := Width(page(map[string]string{"a.go": "package a\n\n// " + most + "\n// " + wide + "\n//go:generate " + wide + "\n// " + strings.Repeat("é", MaxComment) + "\n" +
		"func f() { g(\"" + wide + "\") } // after code\n\n/*\n" + wide + "éé\n" + wide + "ééé*/\nfunc g(string) {\n\t// " + most + "\n}\n"}))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"a.go:4: the comment is 101 columns wide, at most 100",
		"a.go:11: the comment is 103 columns wide, at most 100",
		"a.go:13: the comment is 101 columns wide, at most 100",
	}, problems)
	_, err = Width(page(map[string]string{"a.go": "no Go"}))
	require.Error(t, err)
}

func TestUndocumentedNamesAreFound(t *testing.T) {
	t.Parallel()
	const text = `// Package a is documented.
package a

// A Type is documented.
type Type struct{}

func (Type) Bare() {}

// Told is told.
func (*Type) Told() {}

type small struct{}

func (small) Method() {}

// Something else.
func Other() {}

// The group.
const (
	One = 1
	Two = 2
)

var Three = 3

var Four = 4 // Four is documented.

type Generic[T any] struct{}

func (g *Generic[T]) Get() {}
`
	problems, err := Undocumented(page(map[string]string{
		"a/a.go": text, "b/b.go": "package b", "cmd/main.go": "package main\n\nfunc Main() {}",
		"internal/c/c.go": "package c\n\nfunc C() {}", "a/a_test.go": "package a\n\nfunc TestX() {}"}))
	require.NoError(t, err)
	const has = " has no doc comment that begins with its name"
	assert.Equal(t, []string{"a/a.go:17: Other" + has, "a/a.go:25: Three" + has, "a/a.go:29: Generic" + has, "a/a.go:31: Get" + has,
		"a/a.go:7: Bare" + has, "b: the package has no doc comment"}, problems)
	s, err := SizeOf(page(map[string]string{"a/a.go": text}), "a")
	require.NoError(t, err)
	assert.Equal(t, Size{Lines: 15, Exports: 6}, s)
}

func TestFaultsWithoutTestsAreFound(t *testing.T) {
	t.Parallel()
	problems, err := Faults(page(map[string]string{
		"faults.md": "| 1 | a | `TestA` |\n| 2 | b | `TestB`, `FuzzD` |\n| 3 | c | `TestC` |\n| 5 | e | `TestE` |\n| 6 | f | `TestE` |\n| 6 | g | none yet |\n",
		"a_test.go": "package a\n\n// faults 1, 2 and 3\nfunc TestA() {}\n\n// Also fault 2.\nfunc FuzzD() {}\n\nfunc TestC() {}\n\n" +
			"// Faults 4-6: many.\nfunc TestE() {}\n\n// fault 9\nfunc helper() {}\n",
	}), "faults.md")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"faults.md: fault 2: no test TestB names it in its doc comment",
		"faults.md: fault 3: no test TestC names it in its doc comment",
		"faults.md: fault 6 has two rows",
		"faults.md: there is no fault 4, which TestE names",
	}, problems)
	_, err = Faults(page(nil), "faults.md")
	require.Error(t, err)
}

func TestNamesThatThePageOnTheDesignMissesAreFound(t *testing.T) {
	t.Parallel()
	problems, err := Design(page(map[string]string{
		"design.md":       "`Gone`\n\n| `Run`, [`internal/a`](internal/a), `Walk` |\n| `a.go` |\n",
		"internal/a/a.go": "package a\n\nfunc Run() {}\n", "internal/b/b.go": "package b\n", "internal/b/c/c.go": "package c\n", "d/d.go": "package d\n",
	}), "design.md")
	require.NoError(t, err)
	assert.Equal(t, []string{"design.md: package internal/b is not on the page", "design.md: no Go file has the name Walk"}, problems)
	_, err = Design(page(nil), "design.md")
	require.Error(t, err)
}

func TestDocLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	check(t, DocLinks)
}

func TestDocLinksThatLeadNowhereAreFound(t *testing.T) {
	t.Parallel()
	problems, err := DocLinks(page(map[string]string{
		"a/a.go": `package a

import "` + module + `/b"

// A is like [A], [A.Run], [b.B], [net/http.Client] and m[K]. [C], [A.Walk] and [b.C] are not there.
//
//	see [A]
//
//   - [Item]
type A struct {
	F b.B // F is [F].
}

// Run runs [small], in [0, N].
func (*A) Run() {}

type small struct{}
`, "b/b.go": "package b\n\ntype B int\n", "a/a_test.go": "package a\n\n// [D]\n"}))
	require.NoError(t, err)
	const nowhere = " leads nowhere"
	assert.Equal(t, []string{"a/a.go:5: the link [C]" + nowhere, "a/a.go:5: the link [A.Walk]" + nowhere, "a/a.go:5: the link [C]" + nowhere,
		"a/a.go:5: the link [A]" + nowhere, "a/a.go:5: the link [Item]" + nowhere, "a/a.go:11: the link [F]" + nowhere}, problems)
}
