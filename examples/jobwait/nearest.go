package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// maxNearest is the largest number of names that are proposed.
const maxNearest = 3

// nearest returns the known names that are most similar to an unknown one, the most similar first.
func nearest(name string, all []dialects.Entry) []string {
	name = strings.ToLower(name)
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, e := range all {
		d := distance(name, e.Name)
		if len(name) > 2 && (strings.Contains(e.Name, name) || sharesWord(name, e.Name)) {
			d = min(d, 2)
		}
		if d <= max(2, len(name)/3) {
			near = append(near, candidate{e.Name, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range near[:min(len(near), maxNearest)] {
		names = append(names, c.name)
	}
	return names
}

// sharesWord reports whether two names begin with the same word.
func sharesWord(a, b string) bool {
	first := func(s string) string {
		word, _, _ := strings.Cut(strings.ReplaceAll(s, "_", "-"), "-")
		return word
	}
	return first(a) == first(b)
}

// maxCompared bounds the names that are compared.
const maxCompared = 64

// distance returns the least number of edits that turn a into b. An edit adds, drops or replaces a
// letter, or swaps two neighbors.
func distance(a, b string) int {
	if len(a) > maxCompared {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range len(a) {
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(rows[i][j]+cost, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
