package rest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
)

// The fields of a Dialect that name places, in the order in which a reader looks for them.
const (
	inState = iota
	inFault
	inProgress
	inMessage
	inError
	inResult
	inRevision
	inRetryAfter
	inCreated
	inUpdated
	inFinished
	inNext
	inAnswerID
	fields
)

var fieldNames = [fields]string{"State", "Fault", "Progress", "Message", "Error", "Result", "Revision", "RetryAfter", "Created", "Updated",
	"Finished", "Next", "AnswerID"}

// layout has the places of all fields of a dialect.
type layout struct {
	places []place.Place
	at     [fields + 1]int // the index in places at which each field begins
	set    *place.Set
	errors *place.Set    // the places of Error, for keys in another case
	chosen bool          // whether a place of Error compares fields
	unit   time.Duration // the unit of RetryAfter
	ratio  bool          // whether Progress is a quotient
	code   int           // the index of @code among the places of State, or -1
	text   int           // the index of @text among the places of State, or -1
	inBody bool          // whether State is read from the body
	unread bool          // whether no place is in the body
}

// newLayout returns the layout of a dialect that has its defaults. The problems are those with its
// places.
func newLayout(d *Dialect) (l layout, problems []error) {
	l = layout{code: -1, text: -1, unit: time.Second}
	problems = append(unitProblems(d), l.compile(l.texts(d))...)
	return l, problems
}

// unitProblems returns an error for each text that looks like a unit or a quotient, but would be
// read as a part of a key.
func unitProblems(d *Dialect) (problems []error) {
	if _, unit, ok := strings.Cut(d.RetryAfter, " "); ok && unit != "ms" && unit != "s" && unit != "m" && !strings.ContainsAny(d.RetryAfter, `,["`) {
		problems = append(problems, fmt.Errorf("field RetryAfter: %q: the unit %q is none of ms, s and m (a key with a space is quoted)", d.RetryAfter, unit))
	}
	if strings.Contains(d.Progress, "/") && !strings.Contains(d.Progress, " / ") && !strings.ContainsAny(d.Progress, `["`) {
		problems = append(problems, fmt.Errorf("field Progress: %q: a quotient has spaces around its slash (a key with a slash is quoted)", d.Progress))
	}
	if done, total, ok := cutQuotient(d.Progress); ok && (done == "" || total == "" || strings.Contains(total, " / ")) {
		problems = append(problems, fmt.Errorf("field Progress: %q: a quotient has one place on each side of its slash", d.Progress))
	}
	return problems
}

// cutQuotient returns the two places of a Progress whose values are divided.
func cutQuotient(progress string) (done, total string, ok bool) {
	done, total, ok = strings.Cut(progress, " / ")
	return strings.TrimSpace(done), strings.TrimSpace(total), ok
}

// texts returns the places of the fields as texts, without units and the slash of a quotient.
func (l *layout) texts(d *Dialect) [fields]string {
	texts := [fields]string{d.State, d.Fault, d.Progress, d.Message, d.Error, d.Result, d.Revision, d.RetryAfter, d.Created, d.Updated,
		d.Finished, d.Next, d.AnswerID}
	if done, total, ok := cutQuotient(d.Progress); ok && done != "" && total != "" {
		l.ratio = true
		texts[inProgress] = done + "," + total
	}
	for word, unit := range map[string]time.Duration{" ms": time.Millisecond, " s": time.Second, " m": time.Minute} {
		if at, ok := strings.CutSuffix(d.RetryAfter, word); ok {
			texts[inRetryAfter], l.unit = at, unit
		}
	}
	return texts
}

// compile parses the places. Its errors name the field of each invalid place.
func (l *layout) compile(texts [fields]string) (problems []error) {
	for i, text := range texts {
		l.at[i] = len(l.places)
		places, err := place.ParseList(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("field %s: %w", fieldNames[i], err))
			continue
		}
		if len(places) == 1 && places[0].Source == place.Nowhere {
			continue
		}
		l.places = append(l.places, places...)
	}
	l.at[fields] = len(l.places)
	l.unread = !slices.ContainsFunc(l.places, place.Place.IsInBody)
	for _, p := range l.field(inError) {
		l.chosen = l.chosen || slices.ContainsFunc(p.Steps, func(s jsonscan.Step) bool { return s.Kind == jsonscan.Where })
	}
	for i, p := range l.field(inState) {
		switch p.Source {
		case place.Code:
			l.code = i
		case place.Text:
			l.text = i
		}
		l.inBody = l.inBody || p.Source == place.Body
	}
	if problems == nil {
		var err error
		if l.set, err = place.NewSet(l.places, l.at[inState+1]); err != nil {
			problems = append(problems, err)
		}
		if l.errors, err = place.NewSet(l.field(inError), len(l.field(inError))); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// field returns the places of a field.
func (l *layout) field(i int) []place.Place { return l.places[l.at[i]:l.at[i+1]] }
