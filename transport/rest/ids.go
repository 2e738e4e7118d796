package rest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/transport"
)

// An idReader finds the id of a job in the answer to a create.
type idReader struct {
	at      string // Dialect.ID
	places  []place.Place
	set     *place.Set
	pattern []string // the parts of IDPattern before and after {id}
}

func newIDReader(d *Dialect) (r idReader, err error) {
	r.at = d.ID
	if r.places, err = place.ParseList(d.ID); err == nil {
		r.set, err = place.NewSet(r.places, 1)
	}
	if err != nil {
		return r, fmt.Errorf("field ID: %w", err)
	}
	if p := d.IDPattern; p != "" {
		if r.pattern = strings.Split(p, placeholder); len(r.pattern) != 2 {
			return r, fmt.Errorf("field IDPattern: %q must contain {id} once", p)
		}
	}
	return r, nil
}

// read returns the id in the answer to a create. The argument key is the key of the request.
func (r *idReader) read(a *place.Answer, key string) (string, error) {
	var found place.Found
	err := r.set.Find(a, &found)
	for i, v := range found.Values {
		v := place.Value(v)
		if r.places[i].Source == place.Key && key != "" {
			return key, nil
		}
		if v.IsEmpty() || v.Kind() == place.Nothing {
			continue
		}
		id := v.Text()
		if v.Kind() == place.Composite || id == "true" || id == "false" {
			return "", fmt.Errorf("the id at %s (Dialect.ID) is neither a string nor a number", r.at)
		}
		if id, err = r.cut(id); err != nil {
			return "", err
		}
		return id, transport.CheckID(id)
	}
	if err == nil {
		err = fmt.Errorf("%w at %s (Dialect.ID)", errNoID, r.at)
	}
	return "", err
}

var errNoID = errors.New("no id")

// inHeader reports whether the first place of an id is a header.
func (r *idReader) inHeader() bool { return r.places[0].Source == place.Header }

// takesAny reports whether any text counts as an id: a place is @text, and there is no IDPattern.
func (r *idReader) takesAny() bool {
	return r.pattern == nil && slices.ContainsFunc(r.places, func(p place.Place) bool { return p.Source == place.Text })
}

// misfit returns the error of a text that IDPattern does not match.
func (r *idReader) misfit() error {
	return fmt.Errorf("%w: the text at %s does not fit IDPattern %q", errNoID, r.at, r.pattern[0]+"{id}"+r.pattern[1])
}

// cut returns the id in a text, by IDPattern.
func (r *idReader) cut(text string) (string, error) {
	if r.pattern == nil {
		return text, nil
	}
	before, after := r.pattern[0], r.pattern[1]
	start, any := strings.CutPrefix(before, "*")
	end, open := strings.CutSuffix(after, "*")
	from := 0
	if any {
		if from = strings.Index(text, start); from < 0 {
			return "", r.misfit()
		}
	} else if !strings.HasPrefix(text, start) {
		return "", r.misfit()
	}
	rest := text[from+len(start):]
	to := len(rest) - len(end)
	if open && end != "" {
		to = strings.Index(rest, end)
	} else if open {
		to = len(rest)
	}
	if to < 0 || !open && !strings.HasSuffix(rest, end) {
		return "", r.misfit()
	}
	return unescape(text[:len(text)-len(rest)], rest[:to]), nil
}

// unescape returns an id that was cut from a text. If that text is a URL, the id is escaped there,
// and later calls would escape it again.
func unescape(before, id string) string {
	isURL := func(start string) bool { return strings.HasPrefix(before, start) }
	if !slices.ContainsFunc([]string{"/", "https://", "http://"}, isURL) {
		return id
	}
	decode := url.PathUnescape
	if strings.Contains(before, "?") {
		decode = url.QueryUnescape
	}
	if plain, err := decode(id); err == nil {
		return plain
	}
	return id
}
