package rest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/rules"
)

// maxMisfit is the size, in bytes, from which the text of a misfit has no further place.
const maxMisfit = 512

// misfit is the error of an answer whose values at the places of State fit no rule together. The
// values are parts of the answer, so that a misfit must not outlive the call: see safe.
type misfit struct {
	places []place.Place
	values [][]byte
}

func (m *misfit) Error() string {
	return m.text(func(part []byte) string { return redact.Excerpt(part) })
}

// text returns the places with excerpts of their values, up to maxMisfit.
func (m *misfit) text(excerpt func([]byte) string) string {
	var b strings.Builder
	b.WriteString("the states fit no rule (Dialect.States)")
	separator := ": "
	for i, p := range m.places {
		if b.Len() > maxMisfit {
			fmt.Fprintf(&b, ", and %d places more", len(m.places)-i)
			break
		}
		fmt.Fprintf(&b, "%s%.64s is %s", separator, p.Text, quoteValue(p.Text, m.values[i], excerpt))
		separator = ", "
	}
	return b.String()
}

// quoteValue returns the value at a place for an error.
func quoteValue(name string, value []byte, excerpt func([]byte) string) string {
	switch {
	case len(value) == 0:
		return "nothing"
	case redact.IsSecretName(name):
		return redact.Mask
	case len(value) > rules.MaxWord:
		return fmt.Sprintf("%d bytes", len(value))
	default:
		return excerpt(value)
	}
}

// safe returns err. It replaces a misfit by an error that holds no part of the answer. The function
// excerpt must remove secrets.
func safe(err error, excerpt func([]byte) string) error {
	if m := (*misfit)(nil); errors.As(err, &m) {
		return errors.New(m.text(excerpt))
	}
	return err
}

// isNewWord reports whether just one place of State has a value, the code aside, and that value is
// a word that no rule names for this place. Such a word is new in the service.
func (r *reader) isNewWord(values [][]byte) bool {
	at := -1
	for i, v := range values {
		if i == r.code || !place.Value(v).IsSaid() {
			continue
		}
		if at >= 0 {
			return false
		}
		at = i
	}
	if at < 0 || len(values[at]) > rules.MaxWord {
		return false
	}
	kind := place.Value(values[at]).Kind()
	return (kind == place.Word || kind == place.Number) && !r.states.Names(at, values[at])
}
