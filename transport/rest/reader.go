package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/transport"
)

// The order of the paths that a reader looks for.
const (
	inState = iota
	inProgress
	inMessage
	inError
	inResult
	inRevision
	inCreated
	inUpdated
	inFinished
	places
)

// maxWord bounds the service's word for a state, which is kept for as long as the job is watched.
const maxWord = 256

// reader reads answers in one dialect.
type reader struct {
	dialect  Dialect
	words    *words
	status   *jsonscan.Paths
	id       *jsonscan.Paths
	noStatus error // that the state is null or absent
}

// newReader returns the reader of a dialect that has its defaults, or all that is wrong with the
// dialect.
func newReader(d Dialect) (*reader, error) {
	r := &reader{dialect: d, words: newWords(d.States), noStatus: fmt.Errorf("no status at %s (Dialect.State)", d.State)}
	var problems []error
	if d.State == "-" || d.ID == "-" {
		problems = append(problems, errors.New(`fields State and ID must be read: "-" is for the other fields`))
	}
	if !(d.ProgressScale > 0) || d.ProgressScale > 1e9 {
		problems = append(problems, fmt.Errorf("field ProgressScale: %v: must be above zero and at most 1e9", d.ProgressScale))
	}
	if len(d.States) == 0 {
		problems = append(problems, errors.New("field States is empty"))
	}
	for _, raw := range slices.Sorted(maps.Keys(d.States)) {
		if state := d.States[raw]; state > transport.Canceled {
			problems = append(problems, fmt.Errorf("field States: %q: no such state: %d", raw, state))
		}
	}
	if err := r.compile(); err != nil {
		problems = append(problems, err)
	}
	return r, errors.Join(problems...)
}

// compile prepares the places of the dialect. Its error names the field of each place that is none.
func (r *reader) compile() error {
	d := &r.dialect
	var problems []error
	paths := [places]string{}
	for i, field := range [places]struct{ name, path string }{
		inState: {"State", d.State}, inProgress: {"Progress", d.Progress}, inMessage: {"Message", d.Message}, inError: {"Error", d.Error},
		inResult: {"Result", d.Result}, inRevision: {"Revision", d.Revision}, inCreated: {"Created", d.Created},
		inUpdated: {"Updated", d.Updated}, inFinished: {"Finished", d.Finished},
	} {
		if _, err := place(field.path); err != nil {
			problems = append(problems, fmt.Errorf("field %s: %w", field.name, err))
			continue
		}
		if field.path != "-" {
			paths[i] = field.path
		}
	}
	var err error
	if r.id, err = place(d.ID); err != nil {
		problems = append(problems, fmt.Errorf("field ID: %w", err))
	}
	if len(problems) == 0 {
		r.status, err = jsonscan.Compile(paths[:]...)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// place prepares the search for one path, "-" for none.
func place(path string) (*jsonscan.Paths, error) {
	if path == "-" {
		path = ""
	}
	return jsonscan.Compile(path)
}

// readStatus reads the body of an answer to a status call into s, which is zero. It needs found for
// a while. If the error is noStatus, the rest of s is what the answer says.
func (r *reader) readStatus(s *transport.Status, body []byte, found *[places][]byte) error {
	if err := r.status.Find(body, found[:]); err != nil {
		return err
	}
	said, err := r.readState(found[inState])
	if err != nil && !errors.Is(err, r.noStatus) {
		return err
	}
	s.State, s.Raw = said.state, said.raw
	r.readRest(s, found)
	return err
}

// readRest reads all but the state. Most answers say little of it.
func (r *reader) readRest(s *transport.Status, found *[places][]byte) {
	if raw := found[inProgress]; raw != nil {
		s.Progress = r.readProgress(raw)
	}
	if raw := found[inMessage]; raw != nil {
		s.Message = jsonscan.Text(raw)
	}
	if raw := found[inError]; raw != nil && (s.State == transport.Failed || s.State == transport.Canceled) {
		s.Message = jsonscan.Text(raw)
	}
	if raw := found[inResult]; raw != nil {
		s.Result = append(s.Result, raw...)
	}
	if raw := found[inRevision]; raw != nil {
		s.Revision = jsonscan.Text(raw)
	}
	for i, at := range [...]*time.Time{&s.Created, &s.Updated, &s.Finished} {
		if raw := found[inCreated+i]; raw != nil {
			*at = readTime(raw)
		}
	}
}

// saysNothing reports whether err is that of an answer which says nothing about a state: it has
// none, or it is not JSON.
func (r *reader) saysNothing(err error) bool { return errors.Is(err, r.noStatus) || isNotJSON(err) }

func isNotJSON(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax)
}

func (r *reader) readState(raw []byte) (word, error) {
	if raw == nil {
		if w, ok := r.words.none(); ok {
			return w, nil
		}
		return word{}, r.noStatus
	}
	const at = "the status at %s (Dialect.State) "
	switch {
	case raw[0] == '{' || raw[0] == '[':
		return word{}, fmt.Errorf(at+"is neither a string nor a number nor a boolean", r.dialect.State)
	case len(raw) > maxWord:
		return word{}, fmt.Errorf(at+"has %d bytes, at most %d", r.dialect.State, len(raw), maxWord)
	}
	w, ok := r.words.find(raw)
	if !ok && r.dialect.Strict {
		return word{}, fmt.Errorf(at+"is a word that the dialect lacks", r.dialect.State)
	}
	return w, nil
}

func (r *reader) readProgress(raw []byte) float64 {
	p, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0
	}
	return min(max(p/r.dialect.ProgressScale, 0), 1)
}

// readTime returns the zero time for what is not a time.
func readTime(raw []byte) time.Time {
	if raw[0] == '"' {
		t, _ := time.Parse(time.RFC3339, jsonscan.Text(raw))
		return t
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(seconds >= 0 && seconds < 1<<40) {
		return time.Time{}
	}
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9)).UTC()
}

// readID reads the body of an answer to a create.
func (r *reader) readID(body []byte) (string, error) {
	var found [1][]byte
	if err := r.id.Find(body, found[:]); err != nil {
		return "", err
	}
	switch id := idText(found[0]); {
	case found[0] == nil:
		return "", fmt.Errorf("no id at %s (Dialect.ID)", r.dialect.ID)
	case id == "" && found[0][0] != '"':
		return "", fmt.Errorf("the id at %s (Dialect.ID) is neither a string nor a number", r.dialect.ID)
	default:
		return id, transport.CheckID(id)
	}
}

// idText returns the id that stands in an answer as a string or a number, and "" for what is
// neither.
func idText(raw []byte) string {
	if len(raw) == 0 || raw[0] != '"' && raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return ""
	}
	return jsonscan.Text(raw)
}
