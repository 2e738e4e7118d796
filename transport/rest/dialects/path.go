package dialects

import (
	"net/url"
	"strings"
)

// segment returns a parameter as one segment of a path.
func segment(s string) string { return url.PathEscape(s) }

// segments returns a parameter with slashes as segments of a path, with a text between them.
func segments(s, between string) string {
	parts := strings.Split(s, "/")
	for i := range parts {
		parts[i] = segment(parts[i])
	}
	return strings.Join(parts, between)
}
