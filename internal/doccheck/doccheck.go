// Package doccheck checks what a reader of the repository meets first. Its test runs it over the
// repository, and requires that:
//
//   - links of pages and of comments lead somewhere
//   - exported names are documented, and comments fit the page
//   - functions, types and packages are small
//   - the table of faults names tests that exist
//   - the page on the design names what exists
package doccheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxComment is the number of columns that a line of comment has at most; a tab counts as one.
const MaxComment = 100

// file is a parsed Go file.
type file struct {
	path string
	set  *token.FileSet
	ast  *ast.File
}

// line returns the file and line of a position, as compilers print it.
func (f *file) line(p token.Pos) string { return fmt.Sprintf("%s:%d", f.path, f.set.Position(p).Line) }

// goFiles parses the Go files of a tree. It passes over testdata and hidden folders.
func goFiles(tree fs.FS) (files []file, err error) {
	set := token.NewFileSet()
	err = walk(tree, ".go", func(name string, text []byte) error {
		parsed, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{name, set, parsed})
		return nil
	})
	return files, err
}

// walk calls f with each file of a tree whose name ends so.
func walk(tree fs.FS, suffix string, f func(name string, text []byte) error) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(name) > 1 && d.Name()[0] == '.' && d.Name() != ".github"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, suffix):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return f(name, text)
	})
}

// Width returns a problem for each line of comment in a Go file that is wider than MaxComment.
// Directives such as //go:build may be wider, and so may a single word such as a link.
func Width(tree fs.FS) (problems []string, err error) {
	files, err := goFiles(tree)
	for _, f := range files {
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				problems = append(problems, tooWide(tree, f, c)...)
			}
		}
	}
	return problems, err
}

// tooWide returns a problem for each line of a comment that is too wide.
func tooWide(tree fs.FS, f file, c *ast.Comment) (problems []string) {
	at := f.set.Position(c.Pos())
	for i, text := range strings.Split(c.Text, "\n") {
		width := utf8.RuneCountInString(text)
		if i == 0 {
			width += at.Column - 1
		}
		mayBeWide := strings.HasPrefix(text, "//go:") || len(strings.Fields(strings.TrimPrefix(text, "//"))) == 1
		if width > MaxComment && !mayBeWide && standsAlone(tree, f, c) {
			problems = append(problems, fmt.Sprintf("%s:%d: the comment is %d columns wide, at most %d", f.path, at.Line+i, width, MaxComment))
		}
	}
	return problems
}

// standsAlone reports whether nothing but space stands before a comment on its line. A comment
// after code is as wide as the code makes it.
func standsAlone(tree fs.FS, f file, c *ast.Comment) bool {
	text, err := fs.ReadFile(tree, f.path)
	if err != nil {
		return true
	}
	at := f.set.Position(c.Pos())
	return strings.TrimSpace(string(text[at.Offset-at.Column+1:at.Offset])) == ""
}

// Undocumented returns a problem for each exported name without a doc comment that names it, in
// packages that users can import.
func Undocumented(tree fs.FS) (problems []string, err error) {
	files, err := goFiles(tree)
	packages := map[string]bool{} // by folder, whether any file has a package comment
	for _, f := range files {
		if !isPublic(f) {
			continue
		}
		folder := path.Dir(f.path)
		packages[folder] = packages[folder] || f.ast.Doc != nil
		for _, d := range f.ast.Decls {
			for _, n := range names(d) {
				if !n.documented() {
					problems = append(problems, fmt.Sprintf("%s: %s has no doc comment that begins with its name", f.line(n.ident.Pos()), n.ident.Name))
				}
			}
		}
	}
	for folder, documented := range packages {
		if !documented {
			problems = append(problems, folder+": the package has no doc comment")
		}
	}
	slices.Sort(problems)
	return problems, err
}

// isPublic reports whether users can import what a file declares.
func isPublic(f file) bool {
	return !strings.HasSuffix(f.path, "_test.go") && f.ast.Name.Name != "main" &&
		!slices.Contains(strings.Split(path.Dir(f.path), "/"), "internal")
}

// name is an exported name with the comments that may document it.
type name struct {
	ident *ast.Ident
	own   *ast.CommentGroup // of the name alone
	group *ast.CommentGroup // of the declaration that it stands in
}

// names returns the exported names of a declaration: also methods, if their type is exported.
func names(d ast.Decl) (all []name) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			all = append(all, name{d.Name, d.Doc, nil})
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					all = append(all, name{s.Name, either(s.Doc, either(d.Doc, s.Comment)), nil})
				}
			case *ast.ValueSpec:
				for _, ident := range s.Names {
					if ident.IsExported() {
						all = append(all, name{ident, s.Doc, either(d.Doc, s.Comment)})
					}
				}
			}
		}
	}
	return all
}

func either(a, b *ast.CommentGroup) *ast.CommentGroup {
	if a != nil {
		return a
	}
	return b
}

// receiver returns the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// documented reports whether a comment documents n. Constants and variables without a comment of
// their own have that of their group.
func (n name) documented() bool {
	if n.own == nil {
		return n.group != nil
	}
	text := n.own.Text()
	for _, article := range []string{"", "A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(text, article+n.ident.Name); ok && (rest == "" || strings.ContainsAny(rest[:1], " ,.:'\n")) {
			return true
		}
	}
	return false
}

// Size is how much a package holds.
type Size struct {
	Lines   int // of code: without blank lines, comments and tests
	Exports int // declarations of exported names, as go doc -short lists them: a group counts once
}

// SizeOf returns the size of the package in a folder.
func SizeOf(tree fs.FS, folder string) (s Size, err error) {
	sub, err := fs.Sub(tree, folder)
	if err != nil {
		return s, err
	}
	entries, err := fs.Glob(sub, "*.go")
	for _, entry := range entries {
		if strings.HasSuffix(entry, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(sub, entry)
		if err != nil {
			return s, err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, entry, text, parser.SkipObjectResolution)
		if err != nil {
			return s, err
		}
		for _, d := range parsed.Decls {
			s.Exports += exports(d)
		}
		s.Lines += codeLines(string(text))
	}
	return s, err
}

// exports returns how many entries of go doc -short a declaration makes.
func exports(d ast.Decl) int {
	n := len(names(d))
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			return 0
		}
	case *ast.GenDecl:
		if d.Tok != token.TYPE {
			return min(n, 1)
		}
	}
	return n
}

var lineComment = regexp.MustCompile(`^\s*(//.*)?$`)

func codeLines(text string) (n int) {
	for line := range strings.Lines(text) {
		if !lineComment.MatchString(strings.TrimSuffix(line, "\n")) {
			n++
		}
	}
	return n
}
