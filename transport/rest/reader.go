package rest

import (
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
	dialect Dialect
	words   map[string]word
	status  *jsonscan.Paths
	id      *jsonscan.Paths
}

// word is a state together with the one copy of its name that all statuses share.
type word struct {
	raw   string
	state transport.State
}

// newReader returns the reader of a dialect that has its defaults, or all that is wrong with the dialect.
func newReader(d Dialect) (*reader, error) {
	r := &reader{dialect: d, words: make(map[string]word, len(d.States))}
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
		state := d.States[raw]
		if state > transport.Canceled {
			problems = append(problems, fmt.Errorf("field States: %q: no such state: %d", raw, state))
		}
		r.words[raw] = word{raw, state}
	}
	compile := func(paths ...string) *jsonscan.Paths {
		for i := range paths {
			if paths[i] == "-" {
				paths[i] = ""
			}
		}
		p, err := jsonscan.Compile(paths...)
		if err != nil {
			problems = append(problems, err)
		}
		return p
	}
	r.status = compile(d.State, d.Progress, d.Message, d.Error, d.Result, d.Revision, d.Created, d.Updated, d.Finished)
	r.id = compile(d.ID)
	return r, errors.Join(problems...)
}

// readStatus reads the body of an answer to a status call into s, which is zero. It needs found for a while.
func (r *reader) readStatus(s *transport.Status, body []byte, found *[places][]byte) (err error) {
	if err := r.status.Find(body, found[:]); err != nil {
		return err
	}
	if s.State, s.Raw, err = r.readState(found[inState]); err != nil {
		return err
	}
	s.Progress = r.readProgress(found[inProgress])
	s.Message = jsonscan.Text(found[inMessage])
	if found[inError] != nil && (s.State == transport.Failed || s.State == transport.Canceled) {
		s.Message = jsonscan.Text(found[inError])
	}
	if found[inResult] != nil {
		s.Result = append(s.Result, found[inResult]...)
	}
	s.Revision = jsonscan.Text(found[inRevision])
	s.Created = readTime(found[inCreated])
	s.Updated = readTime(found[inUpdated])
	s.Finished = readTime(found[inFinished])
	return nil
}

func (r *reader) readState(raw []byte) (transport.State, string, error) {
	switch {
	case raw == nil:
		return 0, "", fmt.Errorf("no status at %s", r.dialect.State)
	case raw[0] == '{' || raw[0] == '[':
		return 0, "", fmt.Errorf("the status at %s is neither a string nor a number nor a boolean", r.dialect.State)
	case len(raw) > maxWord:
		return 0, "", fmt.Errorf("the status at %s has %d bytes, at most %d", r.dialect.State, len(raw), maxWord)
	}
	if w, ok := r.words[string(jsonscan.Inner(raw))]; ok {
		return w.state, w.raw, nil
	}
	text := jsonscan.Text(raw)
	w, ok := r.words[text]
	switch {
	case ok:
		return w.state, w.raw, nil
	case r.dialect.Strict:
		return 0, "", fmt.Errorf("the status at %s is a word that the dialect lacks", r.dialect.State)
	default:
		return transport.Unknown, text, nil
	}
}

func (r *reader) readProgress(raw []byte) float64 {
	if len(raw) == 0 {
		return 0
	}
	p, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0
	}
	return min(max(p/r.dialect.ProgressScale, 0), 1)
}

// readTime returns the zero time for what is not a time.
func readTime(raw []byte) time.Time {
	if len(raw) == 0 {
		return time.Time{}
	}
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
		return "", fmt.Errorf("no id at %s", r.dialect.ID)
	case id == "" && found[0][0] != '"':
		return "", fmt.Errorf("the id at %s is neither a string nor a number", r.dialect.ID)
	default:
		return id, transport.CheckID(id)
	}
}

// idText returns the id that stands in an answer as a string or a number, and "" for what is neither.
func idText(raw []byte) string {
	if len(raw) == 0 || raw[0] != '"' && raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return ""
	}
	return jsonscan.Text(raw)
}
