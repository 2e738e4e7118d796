// Package resttest tests a [rest.Dialect] with recorded answers of its service.
//
//	func TestBuilds(t *testing.T) {
//		samples := []resttest.Sample{
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"done","outcome":"ok"}`, Means: "completed"},
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"done","outcome":"bad"}`, Means: "failed"},
//			{ID: "7", Code: 404, Body: `{"message":"Not Found"}`, Means: "not found"},
//			{ID: "7", Code: 202, Body: `{"id":7}`, Means: "pending", Create: true},
//		}
//		resttest.Check(t, builds, samples)
//		assert.Empty(t, resttest.Unreached(builds, samples))
//	}
package resttest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Sample is an answer of a service, together with its meaning. It answers a status call, or a
// create if Create is set.
type Sample struct {
	// Name names the sample in a report, beside its number. The default is no name.
	Name string
	// ID is the job's id. The default is "1". For a create, it is the id that the answer must name;
	// the default is any id.
	ID string
	// Create says that the sample answers a create. A Dialect with Find cannot be tested in this way.
	Create bool
	// Code is the HTTP status code. The default is 200.
	Code int
	// Header is the answer's header.
	Header http.Header
	// Body is the answer's body.
	Body string
	// Means is the meaning of the answer. It is the name of a [transport.State], such as
	// "completed", or of a [transport.Class] of errors, such as "not found". The words "unknown_id"
	// and "denied" stand for "not found" and "permanent". A job that was only just created is pending.
	//
	// "never fails" stands for no answer, but says that jobs of the service cannot fail. The Name of
	// such a Sample says where the service promises it, and the other fields are zero.
	Means string
	// Message and Result are the expected Message and Result of the Status. If one is empty, it is not
	// compared. Result is compared as JSON.
	Message, Result string
	// RetryAfter is the expected RetryAfter of the Status or of the error. If it is zero, it is not
	// compared.
	RetryAfter time.Duration
	// Stage selects the dialect that reads the answer: 0, the default, is the first, 1 is its
	// NextDialect, and so on.
	Stage int
}

// meaning returns the state or the class that a word stands for. The error lists the words.
func meaning(word string) (state transport.State, class transport.Class, isError bool, err error) {
	switch word {
	case "unknown_id":
		return 0, transport.NotFound, true, nil
	case "denied":
		return 0, transport.Permanent, true, nil
	}
	var words []string
	for s := transport.Unknown; s <= transport.Blocked; s++ {
		if words = append(words, s.String()); word == s.String() {
			return s, 0, false, nil
		}
	}
	for c := transport.Transient; c <= transport.Unauthorized; c++ {
		if words = append(words, c.String()); word == c.String() {
			return 0, c, true, nil
		}
	}
	return 0, 0, false, fmt.Errorf("%q is neither a state nor a class of errors: the words are %s", word, strings.Join(words, ", "))
}

// T is the part of [testing.T] that [Check] needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

var _ T = (testing.TB)(nil)

// neverFails is the meaning of a Sample that says that no job can fail.
const neverFails = "never fails"

// Check reports each sample that the Dialect reads differently from its meaning, and how the
// Dialect came to it. At least one sample must mean failed, because an untested dialect may report
// a failed job as completed. For a service whose jobs cannot fail, one sample must say so: see
// [Sample.Means]. Check also puts null, 0, false, "" and a zero time at all places of the state of
// each completed sample. If the answer still counts as completed and no sample shows it, Check
// reports that, too. It also reports a progress beyond the ProgressScale, and a Dialect that
// [rest.New] refuses. See [Unreached] for the
// rules, and [Unread] for the places, that no sample shows.
func Check(t T, d rest.Dialect, samples []Sample) {
	t.Helper()
	if err := refused(d); err != nil {
		t.Errorf("resttest: the dialect is refused: %v", err)
		return
	}
	failed, never := false, false
	for i := range samples {
		s := &samples[i]
		if s.Means == neverFails {
			never = true
			if s.Name == "" || !reflect.DeepEqual(*s, Sample{Name: s.Name, Means: neverFails}) {
				t.Errorf("resttest: samples[%d]%s: %q is no answer: set only its Name, to where the service promises it", i, s.label(), neverFails)
			}
			continue
		}
		failed = failed || s.Means == transport.Failed.String() && !s.Create
		problem := s.check(d)
		if problem == "" {
			problem = s.hollow(d, samples)
		}
		if problem != "" {
			t.Errorf("resttest: samples[%d]%s (%d %.200s): %s", i, s.label(), cmp.Or(s.Code, http.StatusOK), strings.Join(strings.Fields(s.Body), " "), problem)
		}
	}
	switch {
	case never && (failed || hasFailures(d)):
		t.Errorf("resttest: a sample says that jobs never fail, but another sample or the dialect (States, Error) has a failure")
	case !never && !failed:
		t.Errorf("resttest: no sample means failed; record the answer about a job that failed, so that it is never told as completed")
	}
}

// hasFailures reports whether a Dialect or one of those that follow it has a way to say failed that
// is not a default.
func hasFailures(d rest.Dialect) bool {
	for next := &d; next != nil; next = next.NextDialect {
		if next.Error != "" && next.Error != "-" {
			return true
		}
		for _, state := range next.States {
			if state == transport.Failed {
				return true
			}
		}
	}
	return false
}

func refused(d rest.Dialect) error {
	_, err := rest.New("http://service.invalid", rest.WithDialect(d))
	return err
}

func (s *Sample) label() string {
	if s.Name == "" {
		return ""
	}
	return fmt.Sprintf(", %q", s.Name)
}

// Unreached returns the rules of the Dialect's States and Faults that decide about no sample, such
// as `States "done, bad"`, sorted. Rules of its NextDialect begin with "stage 1: ", and so on.
// Record an answer for each such rule or remove the rule, because it may be misspelled. If
// [rest.New] refuses the Dialect, Unreached returns nil.
func Unreached(d rest.Dialect, samples []Sample) (rules []string) {
	eachStage(d, samples, func(prefix string, d rest.Dialect, told []*rest.Explanation) {
		for _, rule := range rulesOf(d) {
			if !slices.ContainsFunc(told, func(e *rest.Explanation) bool { return e.Rule == rule }) {
				rules = append(rules, prefix+rule)
			}
		}
	})
	return rules
}

// Unread returns the places of the Dialect at which no sample has a value, such as `Finished
// "endTime"`, in the order of the fields. Places of its NextDialect begin with "stage 1:", and so
// on. Such a place may be misspelled. If [rest.New] refuses the Dialect, Unread returns nil.
func Unread(d rest.Dialect, samples []Sample) (places []string) {
	eachStage(d, samples, func(prefix string, d rest.Dialect, told []*rest.Explanation) {
		if e, err := (&Sample{}).explain(d); err == nil && len(told) == 0 {
			told = append(told, e)
		}
		var all []rest.Reading // none of an answer that is too long
		for _, e := range told {
			if len(e.Places) > 0 {
				all = e.Places
			}
		}
		for i, p := range all {
			isNamed := p.Field == "AnswerID" && d.ID != "" || reflect.ValueOf(d).FieldByName(p.Field).String() != ""
			hasValue := slices.ContainsFunc(told, func(e *rest.Explanation) bool { return i < len(e.Places) && e.Places[i].Value != "" })
			if isNamed && !hasValue {
				places = append(places, fmt.Sprintf("%s%s %q", prefix, p.Field, p.Place))
			}
		}
	})
	return places
}

// eachStage calls f for a Dialect and each NextDialect, with what each makes of its samples.
func eachStage(d rest.Dialect, samples []Sample, f func(prefix string, d rest.Dialect, told []*rest.Explanation)) {
	if refused(d) != nil {
		return
	}
	prefix := ""
	for stage, next := 0, &d; next != nil; stage, next = stage+1, next.NextDialect {
		var told []*rest.Explanation
		for i := range samples {
			if samples[i].Stage != stage || samples[i].Means == neverFails {
				continue
			}
			if e, err := samples[i].explain(*next); err == nil {
				told = append(told, e)
			}
		}
		f(prefix, *next, told)
		prefix = fmt.Sprintf("stage %d: ", stage+1)
	}
}

// rulesOf returns the rules of a Dialect, as an Explanation names them.
func rulesOf(d rest.Dialect) (rules []string) {
	for key := range d.Faults {
		rules = append(rules, fmt.Sprintf("Faults %q", key))
	}
	for key := range d.States {
		rules = append(rules, fmt.Sprintf("States %q", key))
	}
	slices.Sort(rules)
	return rules
}

var errFind = errors.New("a create with Find cannot be tested by one answer")

// check returns how s is told wrongly, "" if it is not.
func (s *Sample) check(d rest.Dialect) string {
	for n := range s.Stage {
		if d.NextDialect == nil {
			return fmt.Sprintf("the dialect has no stage %d", n+1)
		}
		d = *d.NextDialect
	}
	if s.Create && d.Find.Path != "" {
		return errFind.Error()
	}
	state, class, isError, err := meaning(s.Means)
	if err != nil {
		return fmt.Sprintf("Means: %v", err)
	}
	got, err := s.ask(d)
	problem := s.compare(got, err, state, class, isError)
	if problem == "" && !isError {
		problem = s.overdone(d)
	}
	if problem == "" {
		return ""
	}
	if e, failed := s.explain(d); failed == nil {
		return problem + "\n" + e.String()
	}
	if err != nil {
		return problem + ": " + err.Error()
	}
	return problem
}

// overdone returns what is wrong with a progress that is more than all, "" if it is not. A Client
// would say of a job in the middle that all is done.
func (s *Sample) overdone(d rest.Dialect) string {
	e, err := s.explain(d)
	if err != nil || strings.Contains(d.Progress, " / ") {
		return ""
	}
	scale := cmp.Or(d.ProgressScale, 1)
	for _, p := range e.Places {
		value, err := strconv.ParseFloat(p.Value, 64)
		if p.Field == "Progress" && err == nil && value > scale {
			return fmt.Sprintf("the progress is %v, more than all, which is %v: set ProgressScale", value, scale)
		}
	}
	return ""
}

// compare returns how what the Dialect makes of s differs from what s means, "" if it does not.
func (s *Sample) compare(got transport.Status, err error, state transport.State, class transport.Class, isError bool) string {
	wait := got.RetryAfter
	var e *transport.Error
	if errors.As(err, &e) {
		wait = e.RetryAfter
	}
	switch {
	case isError && e == nil:
		return fmt.Sprintf("told as %v, and means %s", got.State, s.Means)
	case e != nil && (!isError || e.Class != class):
		return fmt.Sprintf("told as the error %q, and means %s", e.Class, s.Means)
	case !isError && err != nil:
		return fmt.Sprintf("told as an error, and means %s", s.Means)
	case !isError && got.State != state:
		return fmt.Sprintf("told as %v, and means %s", got.State, s.Means)
	case s.RetryAfter != 0 && wait != s.RetryAfter:
		return fmt.Sprintf("the wait is %v, not %v", wait, s.RetryAfter)
	case isError:
		return ""
	case s.Create && s.ID != "" && got.ID != s.ID:
		return fmt.Sprintf("the id is %q, not %q", got.ID, s.ID)
	case s.Message != "" && got.Message != s.Message:
		return fmt.Sprintf("the message is %q, not %q", got.Message, s.Message)
	case s.Result != "" && !sameJSON(got.Result, []byte(s.Result)):
		return fmt.Sprintf("the result is %.200s, not %.200s", cmp.Or(string(got.Result), "empty"), s.Result)
	}
	return ""
}

// explain returns what a Dialect makes of s.
func (s *Sample) explain(d rest.Dialect) (*rest.Explanation, error) {
	if s.Create {
		return s.explainCreate(d)
	}
	return s.explainAs(cmp.Or(s.ID, "1"), d)
}

func (s *Sample) explainAs(id string, d rest.Dialect) (*rest.Explanation, error) {
	return d.Explain(id, rest.Answer{Code: cmp.Or(s.Code, http.StatusOK), Header: s.Header, Body: []byte(s.Body)})
}

// explainCreate returns what a Dialect makes of the answer to a create. Unless the Dialect has
// CreateHasState, that is no more than whether the answer is an error.
func (s *Sample) explainCreate(d rest.Dialect) (*rest.Explanation, error) {
	if d.Find.Path != "" {
		return nil, errFind
	}
	got, err := s.ask(d)
	d.Status.Fault, d.Status.Faults = d.Create.Fault, d.Create.Faults
	e, failed := s.explainAs(cmp.Or(got.ID, "1"), d)
	if failed != nil {
		return nil, failed
	}
	if e.Status, e.Err = got, err; !d.CreateHasState && !strings.HasPrefix(e.Rule, "Faults ") {
		e.Rule = ""
	}
	for i := range e.Places {
		if p := &e.Places[i]; p.Field == "AnswerID" || p.Field != "Fault" && !d.CreateHasState {
			p.Value = ""
		}
	}
	return e, nil
}

func sameJSON(a, b []byte) bool {
	var one, other any
	if json.Unmarshal(a, &one) != nil || json.Unmarshal(b, &other) != nil {
		return bytes.Equal(a, b)
	}
	first, _ := json.Marshal(one)
	second, _ := json.Marshal(other)
	return bytes.Equal(first, second)
}

// ask has a Client of the Dialect make the call that s answers.
func (s *Sample) ask(d rest.Dialect) (transport.Status, error) {
	c, err := rest.New("http://service.invalid", rest.WithDialect(d), rest.WithRetries(rest.NoRetries), rest.WithRoundTripper(recorded(*s)))
	if err != nil {
		return transport.Status{}, err
	}
	if s.Create {
		return c.Start(context.Background(), transport.CreateRequest{IdempotencyKey: cmp.Or(s.ID, "1")})
	}
	return c.Status(context.Background(), cmp.Or(s.ID, "1"))
}

// recorded answers with a Sample.
type recorded Sample

func (s recorded) RoundTrip(r *http.Request) (*http.Response, error) {
	h := http.Header{}
	for name, values := range s.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if h.Get("Content-Type") == "" && s.Body != "" && s.Body[0] != '<' {
		h.Set("Content-Type", "application/json")
	}
	return &http.Response{StatusCode: cmp.Or(s.Code, http.StatusOK), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(strings.NewReader(s.Body)), ContentLength: int64(len(s.Body)), Request: r}, nil
}

const (
	emptyText = `""`
	zeroTime  = `"0001-01-01T00:00:00Z"`
)

// hollows are values that say nothing, as JSON. Some services send them before a job has ended.
var hollows = []string{"null", "0", "false", emptyText, zeroTime}

// hollow returns what is wrong if s means completed, and is told so even with values that say
// nothing at all places of the state. It returns "" if a sample shows such an answer.
func (s *Sample) hollow(d rest.Dialect, samples []Sample) string {
	if s.Means != transport.Completed.String() || s.Create {
		return ""
	}
	for range s.Stage {
		d = *d.NextDialect
	}
	for _, value := range hollows {
		hollow := *s
		if !hollow.empty(d, value) {
			continue
		}
		state, said := hollow.states(d)
		isShown := func(shown Sample) bool {
			same, values := shown.states(d)
			return same == state && shown.Means == s.Means && shown.Stage == s.Stage && slices.EqualFunc(values, said, alike)
		}
		if state == transport.Completed && !slices.ContainsFunc(samples, isShown) {
			return fmt.Sprintf("told as completed even with %s at %s: record such an answer if it means completed", value, d.State)
		}
	}
	return ""
}

// alike reports whether two values are equal, or rules cannot tell them apart because both are
// nothing.
func alike(a, b string) bool {
	isNothing := func(v string) bool { return v == "" || v == emptyText || v == zeroTime }
	return a == b || isNothing(a) && isNothing(b)
}

// empty puts a value in place of each value of the state in the body, and reports whether it could.
func (s *Sample) empty(d rest.Dialect, value string) (done bool) {
	_, values := s.states(d)
	for i, old := range values {
		if old == "" || old == value {
			continue
		}
		for at, found := 0, false; !found; at++ {
			n := strings.Index(s.Body[min(at, len(s.Body)):], old)
			if n < 0 {
				return false
			}
			at += n
			next := *s
			next.Body = s.Body[:at] + value + s.Body[at+len(old):]
			_, got := next.states(d)
			if found = len(got) > i && (got[i] == value || got[i] == "" && value == "null"); found {
				*s, done = next, true
			}
		}
	}
	return done
}

// states returns the state that s is told as, and the values at the places of the state.
func (s *Sample) states(d rest.Dialect) (state transport.State, values []string) {
	e, err := s.explain(d)
	if err != nil {
		return state, nil
	}
	for _, r := range e.Places {
		if r.Field == "State" {
			values = append(values, r.Value)
		}
	}
	return e.Status.State, values
}
