// Package resttest tests a [rest.Dialect] on recorded answers of its service.
//
//	func TestBuilds(t *testing.T) {
//		resttest.Check(t, builds, []resttest.Sample{
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"done","outcome":"ok"}`, Means: "completed"},
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"done","outcome":"bad"}`, Means: "failed"},
//			{ID: "7", Code: 404, Body: `{"message":"Not Found"}`, Means: "unknown_id"},
//		})
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
	"slices"
	"strings"
	"testing"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Sample is an answer of a service to a status call, together with its meaning.
type Sample struct {
	// ID is the job's id. The default is "1".
	ID string
	// Code is the HTTP status code. The default is 200.
	Code int
	// Header is the answer's header.
	Header http.Header
	// Body is the answer's body.
	Body string
	// Means is what the service means by it: a state (pending, running, blocked, completed, failed,
	// canceled, unknown), or a class of errors (unknown_id, throttled, transient, denied,
	// malformed, misdirected).
	Means string
	// Message and Result are the expected Message and Result of the Status. If one is empty, it is not
	// compared. Result is compared as JSON.
	Message, Result string
	// Stage selects the dialect that reads the answer: 0, the default, is the first, 1 is its Then,
	// and so on.
	Stage int
}

// classes are the words of Means for errors.
var classes = map[string]transport.Class{
	"unknown_id": transport.NotFound, "throttled": transport.Throttled, "transient": transport.Transient, "denied": transport.Permanent,
	"malformed": transport.Malformed, "misdirected": transport.Misdirected,
}

// T is the part of a [testing.T] that Check needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

var _ T = (testing.TB)(nil)

// Check reports each sample that the Dialect reads differently from its meaning. At least one
// sample must mean failed, because an untested dialect may tell a failed job as completed. It also
// reports a Dialect that [rest.New] refuses. See [Unreached] for the rules that no sample shows.
func Check(t T, d rest.Dialect, samples []Sample) {
	t.Helper()
	if _, err := rest.New("http://service.invalid", rest.WithDialect(d)); err != nil {
		t.Errorf("resttest: the dialect is refused: %v", err)
		return
	}
	failed := false
	for i, s := range samples {
		failed = failed || s.Means == transport.Failed.String()
		if problem := check(d, s); problem != "" {
			t.Errorf("resttest: sample %d (%d %.200s): %s", i, cmp.Or(s.Code, http.StatusOK), s.Body, problem)
		}
	}
	if !failed {
		t.Errorf("resttest: no sample means failed; record the answer about a job that failed, so that it is never told as completed")
	}
}

// Unreached returns the rules of the Dialect's States and Faults that match no sample, such as
// `States "done, bad"`, sorted. Rules of a Then begin with "stage 1: ", and so on. Record an answer
// for each such rule or remove the rule, because it may be misspelled.
func Unreached(d rest.Dialect, samples []Sample) (rules []string) {
	for stage := 0; ; stage++ {
		reached := map[string]bool{}
		for _, s := range samples {
			if s.Stage != stage {
				continue
			}
			answer := rest.Answer{Code: cmp.Or(s.Code, http.StatusOK), Header: s.Header, Body: []byte(s.Body)}
			if e, err := d.Explain(cmp.Or(s.ID, "1"), answer); err == nil {
				reached[e.Rule] = true
			}
		}
		prefix := ""
		if stage > 0 {
			prefix = fmt.Sprintf("stage %d: ", stage)
		}
		for _, rule := range rulesOf(d) {
			if !reached[rule] {
				rules = append(rules, prefix+rule)
			}
		}
		if d.Then == nil {
			return rules
		}
		d = *d.Then
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

// check returns how a sample is told wrongly, "" if it is not.
func check(d rest.Dialect, s Sample) string {
	for n := range s.Stage {
		if d.Then == nil {
			return fmt.Sprintf("the dialect has no stage %d", n+1)
		}
		d = *d.Then
	}
	var want transport.State
	class, isError := classes[s.Means]
	if !isError && want.UnmarshalText([]byte(s.Means)) != nil {
		return fmt.Sprintf("Means: %q is neither a state nor a class of errors", s.Means)
	}
	got, err := ask(d, s)
	var e *transport.Error
	switch errors.As(err, &e); {
	case isError && e == nil:
		return fmt.Sprintf("told as %v, and means %s", got.State, s.Means)
	case isError && e.Class != class:
		return fmt.Sprintf("told as the error %s, and means %s: %v", nameOf(e.Class), s.Means, err)
	case isError:
		return ""
	case err != nil:
		return fmt.Sprintf("told as an error, and means %s: %v", s.Means, err)
	case got.State != want:
		return fmt.Sprintf("told as %v, and means %s", got.State, s.Means)
	case s.Message != "" && got.Message != s.Message:
		return fmt.Sprintf("the message is %q, not %q", got.Message, s.Message)
	case s.Result != "" && !sameJSON(got.Result, []byte(s.Result)):
		return fmt.Sprintf("the result is %.200s, not %.200s", got.Result, s.Result)
	}
	return ""
}

func nameOf(class transport.Class) string {
	for name, c := range classes {
		if c == class {
			return name
		}
	}
	return fmt.Sprint(class)
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

// ask asks a Client of the dialect about the sample's job.
func ask(d rest.Dialect, s Sample) (transport.Status, error) {
	c, err := rest.New("http://service.invalid", rest.WithDialect(d), rest.WithRetries(rest.NoRetries), rest.WithRoundTripper(recorded(s)))
	if err != nil {
		return transport.Status{}, err
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
	if h.Get("Content-Type") == "" && s.Body != "" {
		h.Set("Content-Type", "application/json")
	}
	return &http.Response{StatusCode: cmp.Or(s.Code, http.StatusOK), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(strings.NewReader(s.Body)), ContentLength: int64(len(s.Body)), Request: r}, nil
}
