package rest

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/transport"
)

// match yields the items about the jobs with the given ids. Each item comes with the index of its
// id.
func (b *batch) match(ids []string, items []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		order := make(map[string]int, len(ids))
		for i, id := range ids {
			order[id] = i
		}
		named := make([]bool, len(ids))
		var others []row
		var found place.Found
		for key, item := range jsonscan.Items(items) {
			id := b.job(key, item, &found)
			i, asked := order[id]
			if !asked && id != "" && b.id != nil && place.Value(found.Values[0]).Kind() == place.Number {
				i, asked = order[wholeNumber(id)]
			}
			if !asked {
				if id != "" {
					others = append(others, row{id, item})
				}
				continue
			}
			if named[i] = true; !yield(i, item) {
				return
			}
		}
		if len(others) > 0 {
			matchFolded(ids, named, others, yield)
		}
	}
}

// wholeNumber returns a number without its fraction and exponent, if it is a whole number. Some
// services write 42 as 42.0. A number so large that its digits may be rounded is returned as it is.
func wholeNumber(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) >= 1<<53 {
		return text
	}
	return strconv.FormatInt(int64(n), 10)
}

// row is an item whose id does not exactly match an id that was asked about.
type row struct {
	id   string
	item []byte
}

// matchFolded yields the rows whose id differs only by case from the id of a job without an item.
// If two jobs, or the ids of two rows, differ only by case, they are ambiguous and left out.
func matchFolded(ids []string, named []bool, rows []row, yield func(int, []byte) bool) {
	const ambiguous = -1
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		key := strings.ToLower(id)
		if _, twice := place[key]; twice || named[i] {
			i = ambiguous
		}
		place[key] = i
	}
	spelled := make(map[string]string)
	for _, r := range rows {
		key := strings.ToLower(r.id)
		if first, ok := spelled[key]; ok && first != r.id {
			place[key] = ambiguous
		}
		spelled[key] = r.id
	}
	for _, r := range rows {
		if i, ok := place[strings.ToLower(r.id)]; ok && i != ambiguous && !yield(i, r.item) {
			return
		}
	}
}

// alike reports whether two items about a job are equal.
func alike(a, b *transport.Answer) bool {
	if a.Err != nil || b.Err != nil {
		return a.Err != nil && b.Err != nil && classOf(a.Err) == classOf(b.Err)
	}
	s, t := &a.Status, &b.Status
	return s.State == t.State && s.Raw == t.Raw && s.Progress == t.Progress && s.Message == t.Message && bytes.Equal(s.Result, t.Result) &&
		s.Revision == t.Revision && s.Created.Equal(t.Created) && s.Updated.Equal(t.Updated) && s.Finished.Equal(t.Finished)
}

// classOf returns the class of an error. An error of another type is Transient.
func classOf(err error) transport.Class {
	if e := (*transport.Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return transport.Transient
}
