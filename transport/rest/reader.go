package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/rules"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// reader reads answers in one dialect.
type reader struct {
	layout
	dialect  Dialect
	states   *rules.Table[transport.State]
	faults   *rules.Table[transport.Class] // nil if there are no Faults
	ids      idReader
	noStatus error // says that the state is null or absent

	redirects []int // status codes of redirects that a rule of States names
}

// newReader returns the reader of a dialect that has its defaults. The error joins all problems
// with the dialect.
func newReader(d Dialect) (*reader, error) {
	r := &reader{dialect: d, noStatus: fmt.Errorf("no status at %s (Dialect.State)", d.State)}
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
		if state := d.States[raw]; state > transport.Blocked {
			problems = append(problems, fmt.Errorf("field States: %q: no such state: %d", raw, state))
		}
	}
	var wrong []error
	r.layout, wrong = newLayout(&d)
	problems = append(problems, wrong...)
	var err error
	if r.ids, err = newIDReader(&r.dialect); err != nil {
		problems = append(problems, err)
	}
	if len(problems) == 0 {
		problems = append(problems, r.compileRules()...)
	}
	return r, errors.Join(problems...)
}

// compileRules prepares the rules of States and Faults.
func (r *reader) compileRules() (problems []error) {
	var err error
	if r.states, err = rules.New(r.at[inState+1]-r.at[inState], r.dialect.States); err != nil {
		problems = append(problems, fmt.Errorf("field States: %w", err))
	} else if r.code >= 0 {
		for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			if r.states.Names(r.code, place.Value(strconv.Itoa(code))) {
				r.redirects = append(r.redirects, code)
			}
		}
	}
	var wrong []error
	r.faults, wrong = newFaultTable(r.at[inFault+1]-r.at[inFault], r.dialect.Faults)
	return append(problems, wrong...)
}

// shareStates makes r use the compiled rules of another reader if the rules are equal. They take
// about 20 KB.
func shareStates(r, other *reader) {
	places := func(r *reader) int { return len(r.field(inState)) }
	if places(r) == places(other) && maps.Equal(r.dialect.States, other.dialect.States) {
		r.states = other.states
	}
}

// reading is what a reader has found in one answer.
type reading struct {
	found place.Found
	err   error // the error of the body
	state rules.Outcome[transport.State]
	next  string // the next id of the job, or ""
	asked string // the id that the job has now
	body  []byte
	// bodiless is whether the status code alone may mean a state.
	bodiless bool
}

// find looks for all places.
func (r *reader) find(a *place.Answer, g *reading) {
	g.next, g.asked, g.body = "", a.Name, a.Body
	g.bodiless = a.Code/100 != 2 || len(a.Body) == 0
	g.err = r.set.Find(a, &g.found)
}

func (g *reading) values(r *reader, i int) [][]byte { return g.found.Values[r.at[i]:r.at[i+1]] }

// said returns the first value of a field that is present.
func (g *reading) said(r *reader, i int) (place.Value, bool) {
	for _, v := range g.values(r, i) {
		if v != nil {
			return v, true
		}
	}
	return nil, false
}

// fault returns the outcome of the dialect's Faults for an answer.
func (r *reader) fault(g *reading) rules.Outcome[transport.Class] {
	if r.faults == nil {
		return rules.Outcome[transport.Class]{}
	}
	return class(r.faults.Find(g.values(r, inFault)))
}

// namesCode reports whether the rule that fits the answer names its status code.
func (r *reader) namesCode(g *reading) bool {
	return r.code >= 0 && g.state.Fits && g.state.Named&(1<<r.code) != 0
}

// namesMore reports whether the rule that fits the answer names more than its status code: the body
// as a text, a header, or a part of either.
func (r *reader) namesMore(g *reading) bool {
	named := g.state.Named | g.state.Parts
	if r.code >= 0 {
		named &^= 1 << r.code
	}
	return g.state.Fits && named != 0
}

// readStatus reads an answer to a status call into s, which must be zero. If the error is noStatus,
// the other fields of s are set.
func (r *reader) readStatus(s *transport.Status, g *reading) error {
	if g.err != nil && r.inBody && !(r.code >= 0 && g.bodiless && isNotJSON(g.err)) {
		g.state = rules.Outcome[transport.State]{}
		return g.err
	}
	err := r.readState(s, g)
	if err != nil && !errors.Is(err, r.noStatus) {
		return err
	}
	r.readRest(s, g)
	return err
}

func (r *reader) readState(s *transport.Status, g *reading) error {
	values := g.values(r, inState)
	g.state = r.states.Find(values)
	if g.state.Fits && g.state.Rule != "null" {
		s.State, s.Raw = g.state.Means, g.state.Raw
		return nil
	}
	first := place.Value(values[0])
	alone := len(values) == 1 && !first.IsEmpty()
	isEmpty := alone && first.Kind() == place.Nothing // an object or an array
	switch {
	case g.state.Rival != "":
		return fmt.Errorf("the answer fits both %q and %q of Dialect.States", g.state.Rule, g.state.Rival)
	case g.state.Fits && !(isEmpty && g.state.Rule == "null"):
	case r.isSilent(values):
		return r.noStatus
	case isEmpty || alone && first.Kind() == place.Composite:
		return fmt.Errorf("the status at %s (Dialect.State) is neither a string nor a number nor a boolean", r.dialect.State)
	case alone && len(first) > rules.MaxWord:
		return fmt.Errorf("the status at %s (Dialect.State) has %d bytes, at most %d", r.dialect.State, len(first), rules.MaxWord)
	case r.dialect.Strict && len(values) == 1:
		return fmt.Errorf("the status at %s (Dialect.State) is a word that the dialect lacks", r.dialect.State)
	case len(values) > 1 && (r.dialect.Strict || !r.isNewWord(values)):
		return &misfit{r.field(inState), values}
	}
	s.State, s.Raw = g.state.Means, g.state.Raw
	return nil
}

// isSilent reports whether no place of State has a value, the code aside.
func (r *reader) isSilent(values [][]byte) bool {
	if r.code < 0 {
		return isNothing(values)
	}
	return isNothing(values[:r.code]) && isNothing(values[r.code+1:])
}

// isNothing reports whether all values are absent.
func isNothing(values [][]byte) bool {
	for _, v := range values {
		if v != nil {
			return false
		}
	}
	return true
}

// readRest reads all fields but the state. Most answers have few of them.
func (r *reader) readRest(s *transport.Status, g *reading) {
	if isNothing(g.found.Values[r.at[inProgress]:]) {
		r.readFolded(s, g)
		return
	}
	if values := g.values(r, inProgress); len(values) > 0 {
		s.Progress = readProgress(values, r.ratio, r.dialect.ProgressScale)
	}
	if v, ok := g.said(r, inMessage); ok {
		s.Message = v.Text()
	}
	r.readError(s, g)
	r.readFolded(s, g)
	if v, ok := g.said(r, inResult); ok {
		s.Result = append(s.Result, v...)
	}
	if v, ok := g.said(r, inRevision); ok {
		s.Revision = v.Text()
	}
	for i, at := range [...]*time.Time{&s.Created, &s.Updated, &s.Finished} {
		if v, ok := g.said(r, inCreated+i); ok {
			*at = v.Time()
		}
	}
	if v, ok := g.said(r, inNext); ok && v.IsSaid() && v.Kind() != place.Composite {
		r.readNext(s, g, v.Text())
	}
}

// readNext records the next id of a job, which means that the job has not ended. The present id of
// the job does not count, unless there is a NextDialect.
func (r *reader) readNext(s *transport.Status, g *reading, id string) {
	if id == g.asked && r.dialect.NextDialect == nil {
		return
	}
	g.next = id
	if s.State.Terminal() {
		s.State = transport.Running
	}
}

// readError reads the reason of a failure. If there is one, the job is not completed.
func (r *reader) readError(s *transport.Status, g *reading) {
	for _, v := range g.values(r, inError) {
		v := place.Value(v)
		if v.IsEmpty() {
			continue
		}
		if v.IsSaid() && s.State == transport.Completed {
			s.State = transport.Failed
		}
		if s.State != transport.Failed && s.State != transport.Canceled {
			continue
		}
		if v.Kind() == place.Number && !v.IsSaid() || v.Kind() == place.Nothing || v.Text() == "true" {
			continue // there is no text
		}
		s.Message = v.Text()
		return
	}
}

func isNotJSON(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax)
}

// saysNothing reports whether err means that the answer has no state, or is not JSON.
func (r *reader) saysNothing(err error) bool { return errors.Is(err, r.noStatus) || isNotJSON(err) }

// readWait returns the wait that the body names. The result is as of [web.RetryAfter].
func (r *reader) readWait(g *reading) time.Duration {
	v, ok := g.said(r, inRetryAfter)
	if !ok || v.Kind() == place.Composite {
		return 0
	}
	text := v.Text()
	if v.Kind() == place.Number && strings.ContainsAny(text, "eE") { // a notation that only JSON has
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(n, 'f', -1, 64)
		}
	}
	return web.Wait(text, r.unit)
}
