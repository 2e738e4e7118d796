package doccheck

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// module is the path of the module, with which the paths of its packages begin.
const module = "github.com/iamber12/job-status-monitoring"

// linkLike is text that looks like a link to a name: a name, a name and a method, or a package and
// a name, in brackets.
var linkLike = regexp.MustCompile(`(?:^|[\s(])\[(\*?(?:\w+\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\]`)

// DocLinks returns a problem for each link in a comment that resolves to nothing, and for each link
// in a preformatted block, where its brackets are shown.
func DocLinks(tree fs.FS) (problems []string, err error) {
	files, err := goFiles(tree)
	folders := map[string][]file{}
	for _, f := range files {
		if !strings.HasSuffix(f.path, "_test.go") {
			folders[path.Dir(f.path)] = append(folders[path.Dir(f.path)], f)
		}
	}
	parsers := map[string]*comment.Parser{} // by import path
	for folder, files := range folders {
		if parsers[path.Join(module, folder)], err = parserOf(folder, files); err != nil {
			return nil, err
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		for _, f := range folders[folder] {
			for _, group := range f.ast.Comments {
				for _, link := range lost(parsers[path.Join(module, folder)].Parse(group.Text()).Content, parsers) {
					problems = append(problems, fmt.Sprintf("%s: the link [%s] leads nowhere", f.line(group.Pos()), link))
				}
			}
		}
	}
	return problems, err
}

// parserOf returns a parser that resolves the links in the comments of a package.
func parserOf(folder string, files []file) (*comment.Parser, error) {
	parsed := make([]*ast.File, len(files))
	for i, f := range files {
		parsed[i] = f.ast
	}
	p, err := doc.NewFromFiles(files[0].set, parsed, path.Join(module, folder), doc.AllDecls|doc.PreserveAST)
	if err != nil {
		return nil, err
	}
	return p.Parser(), nil
}

// lost returns the links in a text that lead nowhere: what only looks like a link, and links to
// names that other packages of the module do not have.
func lost(content []comment.Block, parsers map[string]*comment.Parser) (links []string) {
	find := func(text ...comment.Text) {
		for _, t := range text {
			switch t := t.(type) {
			case comment.Plain:
				for _, m := range linkLike.FindAllStringSubmatch(string(t), -1) {
					links = append(links, m[1])
				}
			case *comment.DocLink:
				if p := parsers[t.ImportPath]; p != nil && t.Name != "" && !p.LookupSym(t.Recv, t.Name) {
					links = append(links, strings.TrimPrefix(t.Recv+"."+t.Name, "."))
				}
			}
		}
	}
	for _, block := range content {
		switch b := block.(type) {
		case *comment.Code:
			find(comment.Plain(b.Text))
		case *comment.Heading:
			find(b.Text...)
		case *comment.Paragraph:
			find(b.Text...)
		case *comment.List:
			for _, item := range b.Items {
				links = append(links, lost(item.Content, parsers)...)
			}
		}
	}
	return links
}
