package doccheck

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	faultRow  = regexp.MustCompile(`(?m)^\| (\d+) \|.*$`)
	faultTest = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	faultWord = regexp.MustCompile(`(?i)\bfaults? (\d+(?:(?:, | and |-)\d+)*)`)
	number    = regexp.MustCompile(`\d+`)
)

// Faults returns a problem for each row of a table of faults that names a test which does not exist
// or does not name the row, and for each fault that a test names and the table lacks.
func Faults(tree fs.FS, page string) (problems []string, err error) {
	text, err := fs.ReadFile(tree, page)
	if err != nil {
		return nil, err
	}
	covered, err := FaultsOfTests(tree)
	if err != nil {
		return nil, err
	}
	known := map[int]bool{}
	for _, m := range faultRow.FindAllStringSubmatch(string(text), -1) {
		n, _ := strconv.Atoi(m[1])
		if known[n] {
			problems = append(problems, fmt.Sprintf("%s: fault %d has two rows", page, n))
		}
		known[n] = true
		for _, test := range faultTest.FindAllStringSubmatch(m[0], -1) {
			if !slices.Contains(covered[n], test[1]) {
				problems = append(problems, fmt.Sprintf("%s: fault %d: no test %s names it in its doc comment", page, n, test[1]))
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(covered)) {
		if !known[n] {
			problems = append(problems, fmt.Sprintf("%s: there is no fault %d, which %s names", page, n, covered[n][0]))
		}
	}
	return problems, nil
}

// FaultsOfTests returns the names of the tests and fuzz targets whose doc comments name a fault, by
// the fault's number.
func FaultsOfTests(tree fs.FS) (tests map[int][]string, err error) {
	files, err := goFiles(tree)
	tests = map[int][]string{}
	for _, f := range files {
		if !strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		for _, d := range f.ast.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || d.Doc == nil || !regexp.MustCompile(`^(Test|Fuzz)`).MatchString(d.Name.Name) {
				continue
			}
			for n := range faultsIn(d.Doc.Text()) {
				tests[n] = append(tests[n], d.Name.Name)
			}
		}
	}
	for _, names := range tests {
		slices.Sort(names)
	}
	return tests, err
}

// faultsIn returns the numbers that a comment names, such as "fault 12" or "faults 46, 47 and 61".
func faultsIn(text string) map[int]bool {
	found := map[int]bool{}
	for _, m := range faultWord.FindAllStringSubmatch(strings.ReplaceAll(text, "\n", " "), -1) {
		last := 0
		for _, at := range number.FindAllStringIndex(m[1], -1) {
			n, _ := strconv.Atoi(m[1][at[0]:at[1]])
			if at[0] > 0 && m[1][at[0]-1] == '-' {
				for i := last; i < n; i++ {
					found[i] = true
				}
			}
			found[n], last = true, n
		}
	}
	return found
}
