package rest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/template"
)

// Fit returns how many of ids, counted from the first, fit into one request of
// [Client.StatusBatch]: at least one if ids is not empty. The limits are MaxBatch and a URL of
// 8,000 bytes. Fit also stops before an id that the Separator cannot set apart from the id before
// it, and before and after a job in a later stage, whose Dialect is a NextDialect.
func (c *Client) Fit(ids []string) int {
	if c.MaxBatch() == 0 {
		return min(len(ids), 1)
	}
	if c.followed.on {
		ids = slices.Clone(ids[:min(len(ids), c.batch.Max)])
		for i := range ids {
			at := c.followed.where(ids[i])
			if at.stage > 0 {
				ids = ids[:max(i, 1)]
				break
			}
			ids[i] = at.id
		}
	}
	return c.batch.fit(ids)
}

// fit returns how many of ids, counted from the first, fit into one request: at least one if ids is
// not empty.
func (b *batch) fit(ids []string) int {
	most := min(len(ids), b.Max)
	if b.Body != nil || b.lists || most < 2 {
		return most
	}
	length := b.length - len(b.between)
	for i, id := range ids[:most] {
		length += len(b.between) + len(b.each[0]) + b.escapedLen(id) + len(b.each[1])
		if i > 0 && (length > maxURL || b.joined && !b.tells(ids[i-1], id)) {
			return i
		}
	}
	return most
}

// escapedLen returns the length of an id in the URL.
func (b *batch) escapedLen(id string) int {
	if b.inPath {
		return len(url.PathEscape(id))
	}
	return template.EscapedLen(id)
}

// tells reports whether the Separator sets two ids apart.
func (b *batch) tells(id, next string) bool {
	parts := strings.SplitN(id+b.Separator+next, b.Separator, 3)
	return len(parts) == 2 && parts[0] == id
}
