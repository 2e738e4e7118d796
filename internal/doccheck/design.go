package doccheck

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

var (
	tableRow = regexp.MustCompile(`(?m)^\|.*$`)
	goName   = regexp.MustCompile("`([A-Za-z]\\w*)`")
	goWord   = regexp.MustCompile(`[A-Za-z]\w*`)
)

// Design returns a problem for each name in a table of a page that no Go file has, and for each
// package directly below the folder internal that the page does not name. A name stands in
// backquotes.
func Design(tree fs.FS, page string) (problems []string, err error) {
	text, err := fs.ReadFile(tree, page)
	if err != nil {
		return nil, err
	}
	words, packages := map[string]bool{}, map[string]bool{}
	err = walk(tree, ".go", func(name string, source []byte) error {
		for _, w := range goWord.FindAllString(string(source), -1) {
			words[w] = true
		}
		if folder := path.Dir(name); path.Dir(folder) == "internal" && !packages[folder] {
			packages[folder] = true
			if !strings.Contains(string(text), folder+"`") {
				problems = append(problems, fmt.Sprintf("%s: package %s is not on the page", page, folder))
			}
		}
		return nil
	})
	for _, row := range tableRow.FindAllString(string(text), -1) {
		for _, m := range goName.FindAllStringSubmatch(row, -1) {
			if !words[m[1]] {
				problems = append(problems, fmt.Sprintf("%s: no Go file has the name %s", page, m[1]))
			}
		}
	}
	return problems, err
}
