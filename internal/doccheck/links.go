package doccheck

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	code    = regexp.MustCompile("`[^`\n]*`")
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// Links returns a problem for each relative link of a Markdown page that leads nowhere: to no file,
// or to no heading of its page. It follows no link to another site.
func Links(tree fs.FS) (problems []string, err error) {
	err = walk(tree, ".md", func(name string, text []byte) error {
		page := code.ReplaceAllString(fenced.ReplaceAllString(string(text), ""), "")
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			if problem := follow(tree, name, m[1]); problem != "" {
				problems = append(problems, fmt.Sprintf("%s: link %s: %s", name, m[1], problem))
			}
		}
		return nil
	})
	return problems, err
}

// follow returns what is wrong with a link of a page, or "".
func follow(tree fs.FS, page, target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return "is no URL"
	case u.Scheme != "" || u.Host != "":
		return ""
	}
	to := page
	if u.Path != "" {
		to = path.Join(path.Dir(page), u.Path)
	}
	if _, err := fs.Stat(tree, to); err != nil {
		return "there is no such file"
	}
	if u.Fragment == "" || !strings.HasSuffix(to, ".md") {
		return ""
	}
	text, err := fs.ReadFile(tree, to)
	if err != nil {
		return err.Error()
	}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		if slug(m[1]) == u.Fragment {
			return ""
		}
	}
	return "there is no such heading"
}

// slug returns the fragment that GitHub gives a heading.
func slug(text string) string {
	return strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), ""), " ", "-")
}
