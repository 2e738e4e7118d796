package rest

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// stage is a compiled Dialect. It applies to a job until the job gets its next id.
type stage struct {
	reader                        *reader
	create, status, cancel, fetch *form   // nil if there is no such call; status is never nil
	find                          *finder // nil if there is no Find
	events                        *events // nil if events cannot be read
}

// none is the Path of a call that a service does not have, and the IdempotencyHeader of a service
// without one.
const none = "-"

// maxStages is the maximum number of dialects that follow one another by NextDialect.
const maxStages = 8

// newStages returns the stages of a dialect. The error joins all problems with them.
func newStages(base *url.URL, allow []*url.URL, d Dialect) (stages []*stage, err error) {
	var problems []error
	prefix := ""
	for next := &d; next != nil; next = next.NextDialect {
		if len(stages) == maxStages {
			problems = append(problems, errors.New("field NextDialect: too many dialects follow one another"))
			break
		}
		s, errs := newStage(base, allow, *next)
		for _, err := range parts(errors.Join(errs...)) {
			problems = append(problems, fmt.Errorf("%s%w", prefix, err))
		}
		if next.NextDialect != nil && next.Next == "" {
			problems = append(problems, fmt.Errorf("%sfield NextDialect has no effect without Next", prefix))
		}
		stages = append(stages, s)
		prefix += "NextDialect: "
	}
	return stages, errors.Join(problems...)
}

func newStage(base *url.URL, allow []*url.URL, d Dialect) (*stage, []error) {
	var problems []error
	if places, err := place.ParseList(d.State); err == nil && len(places) > 1 && d.States == nil {
		return &stage{}, []error{fmt.Errorf("field States must be set: its default is for one place, and State names %d", len(places))}
	}
	d.AnswerID = cmp.Or(d.AnswerID, answerID(d))
	d = d.WithDefaults()
	if h := d.IdempotencyHeader; h != "" && h != none && !web.IsToken(h) {
		problems = append(problems, fmt.Errorf("IdempotencyHeader: %.80q: not a header's name", h))
	}
	d, err := d.withHeader()
	if err != nil {
		problems = append(problems, err)
	}
	s := &stage{}
	problems = append(problems, s.compile(base, allow, &d)...)
	if s.create != nil {
		if err := keyProblem(d.IdempotencyField, s.create.ContentType()); err != nil {
			problems = append(problems, err)
		}
	}
	if s.reader, err = newReader(d); err != nil {
		problems = append(problems, err)
	}
	if !d.Find.isZero() {
		if s.find, err = newFinder(base, allow, d); err != nil {
			problems = append(problems, fmt.Errorf("Find: %w", err))
		}
	}
	return s, problems
}

// withHeader returns d without its Header if that cannot be set, together with an error. So the
// error is not repeated for each call.
func (d Dialect) withHeader() (Dialect, error) {
	err := template.CheckHeader(d.Header)
	if err != nil {
		d.Header = nil
	}
	return d, err
}

// compile makes the forms of the calls.
func (s *stage) compile(base *url.URL, allow []*url.URL, d *Dialect) (problems []error) {
	for _, call := range []struct {
		name   string
		call   Call
		wants  bool
		holes  []string
		to     **form
		absent bool
	}{
		{"Create", d.Create, false, []string{template.Key}, &s.create, d.Create.Path == none},
		{"Status", d.Status, true, []string{template.ID, template.Rev, template.Hold}, &s.status, false},
		{"Cancel", d.Cancel, true, []string{template.ID}, &s.cancel, d.Cancel.Path == none},
		{"Fetch", d.Fetch, false, []string{template.Result, template.ID}, &s.fetch, d.Fetch.isZero()},
	} {
		if call.absent {
			if call.call.Path == none && (call.call.Header != nil || call.call.Body != nil || call.call.Faults != nil) {
				problems = append(problems, fmt.Errorf("%s: Path %q is no call, and has neither headers nor a body nor faults", call.name, none))
			}
			continue
		}
		t, err := newForm(base, allow, call.call, d.Header, call.wants, call.holes...)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", call.name, err))
			continue
		}
		*call.to = t
	}
	return problems
}

// keyProblem returns the error of an IdempotencyField that is not a path of keys, for a body of
// JSON. For a body of another type, any field is valid.
func keyProblem(field, contentType string) error {
	if field == "" || contentType != "" && !template.IsJSON(contentType) {
		return nil
	}
	p, err := place.Parse(field)
	if err != nil {
		return fmt.Errorf("field IdempotencyField: %w", err)
	}
	keys := make([]string, len(p.Steps))
	for i := range p.Steps {
		keys[i] = p.Steps[i].Key.Before
	}
	if p.Source != place.Body || p.HasHole() || strings.Join(keys, ".") != field {
		return fmt.Errorf("field IdempotencyField: %q: the key is put at a path of keys alone, such as \"data.token\"", field)
	}
	return nil
}

// answerID returns the default of AnswerID. The dialect must not have its defaults yet.
func answerID(d Dialect) string {
	places, err := place.ParseList(d.ID)
	if err != nil || d.ID == "" || d.Next != "" || d.IDPattern != "" || d.Status.Path == "{+id}" {
		return "-"
	}
	for _, p := range places {
		if p.Source != place.Body {
			return "-"
		}
	}
	return d.ID
}

// sensitive returns the words in the calls that may be credentials.
func (s *stage) sensitive() (words []string) {
	for _, t := range []*form{s.create, s.status, s.cancel, s.fetch} {
		if t != nil {
			words = append(words, t.Sensitive()...)
		}
	}
	if s.find != nil {
		words = append(words, s.find.call.Sensitive()...)
	}
	return words
}
