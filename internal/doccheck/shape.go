package doccheck

import (
	"fmt"
	"go/ast"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	// MaxFunction is the number of lines that a function has at most.
	MaxFunction = 50
	// MaxMethods is the number of methods that a type has at most.
	MaxMethods = 15
)

// Shape returns a problem for each function that is longer than MaxFunction, and for each type that
// has more methods than MaxMethods. Tests may be longer.
func Shape(tree fs.FS) (problems []string, err error) {
	files, err := goFiles(tree)
	methods := map[string]int{}
	for _, f := range files {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		for _, d := range f.ast.Decls {
			function, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := f.set.Position(d.End()).Line - f.set.Position(d.Pos()).Line + 1; lines > MaxFunction {
				problems = append(problems, fmt.Sprintf("%s: function %s has %d lines, at most %d", f.line(d.Pos()), function.Name.Name, lines, MaxFunction))
			}
			if function.Recv != nil {
				methods[path.Dir(f.path)+"."+receiver(function.Recv.List[0].Type)]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if n := methods[name]; n > MaxMethods {
			problems = append(problems, fmt.Sprintf("%s has %d methods, at most %d", name, n, MaxMethods))
		}
	}
	return problems, err
}
