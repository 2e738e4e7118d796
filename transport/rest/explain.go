package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Explanation says how a Dialect reads one answer. It is for the author of the Dialect. Its text
// quotes the answer, which may hold secrets.
type Explanation struct {
	// Status and Err are the results of a status call with this answer.
	Status transport.Status
	Err    error
	// Rule is the rule of the Dialect that decided, after the name of its field, Faults or States. It
	// is "Error" if the value at Error kept the job from being completed. It is empty if no rule
	// decided, as for most status codes that are errors.
	Rule string
	// Places are the places that were read, in the order of the Dialect's fields.
	Places []Reading
	// Next is the job's next id. It is empty if the answer names none.
	Next string
}

// Reading is the value at one place of an answer.
type Reading struct {
	// Field is the field of the Dialect, such as "State".
	Field string
	// Place is the place, as it was written.
	Place string
	// Value is the value there, as JSON. It is empty if there is none.
	Value string
}

// String returns the explanation in several lines. These are the status, or the error with its
// class, the wait that the service asks for, the rule, and the value at each place. It leaves out
// default places without a value.
func (e *Explanation) String() string {
	if e == nil {
		return "<nil>"
	}
	var b strings.Builder
	wait := e.Status.RetryAfter
	if f := (*transport.Error)(nil); errors.As(e.Err, &f) {
		wait = f.RetryAfter
		fmt.Fprintf(&b, "class: %v\n", f.Class)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, "error: %v\n", e.Err)
	} else {
		fmt.Fprintf(&b, "status: %v\n", e.Status)
	}
	switch {
	case wait > 0:
		fmt.Fprintf(&b, "retry after: %v\n", wait)
	case wait == transport.NoWait:
		b.WriteString("retry after: no wait\n")
	}
	if e.Rule == "Error" {
		b.WriteString("rule: Error (a job with a value there has failed; a text that is no error belongs to Message)\n")
	} else if e.Rule != "" {
		fmt.Fprintf(&b, "rule: %s\n", e.Rule)
	}
	if e.Next != "" {
		fmt.Fprintf(&b, "next id: %q\n", e.Next)
	}
	for _, r := range e.Places {
		if r.Value == "" && r.Place == defaultPlaces[r.Field] {
			continue
		}
		value := cmp.Or(r.Value, "nothing")
		fmt.Fprintf(&b, "%-10s %-30s %.200s\n", r.Field, r.Place, value)
	}
	return b.String()
}

// defaultPlaces are the default places of optional fields.
var defaultPlaces = func() map[string]string {
	d := Dialect{}.WithDefaults()
	return map[string]string{"Progress": d.Progress, "Message": d.Message, "Error": d.Error, "Result": d.Result}
}()

// Explain returns how the Dialect reads an answer to a status call about the job with the given id.
// It makes no request. A Code of zero counts as 200. The error says what is wrong with the Dialect
// or the id; an error in the answer is the Explanation's Err.
func (d Dialect) Explain(id string, a Answer) (*Explanation, error) {
	c, err := New("http://service.invalid", WithDialect(d))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	k, err := c.begin(context.Background(), transport.CheckID(id))
	if err != nil {
		return nil, err
	}
	defer k.end(&c.calls)
	if err := k.ask(k.stage.status, &template.Vars{ID: id}); err != nil {
		return nil, err
	}
	said := &k.answer
	said.id, said.asked = id, id
	code, header := cmp.Or(a.Code, http.StatusOK), http.Header{}
	for name, values := range a.Header {
		header[http.CanonicalHeaderKey(name)] = append(header[http.CanonicalHeaderKey(name)], values...)
	}
	k.wire.Answer = exchange.Answer{
		Code: code, Header: header, Body: bytes.TrimPrefix(a.Body[:min(len(a.Body), c.MaxBody)], exchange.ByteOrderMark), Large: len(a.Body) > c.MaxBody,
		Wait: web.RetryAfter(code, header, time.Now),
	}
	said.judge = readStatus
	e := &Explanation{Err: said.Read()}
	e.Status, e.Next = said.status, said.reading.next
	if !k.wire.Answer.Large {
		e.explain(said)
	}
	return e, nil
}

// explain adds the rule, and the value at each place of an answer.
func (e *Explanation) explain(a *answer) {
	r := a.reader
	o, isFault := a.fault(a.asked)
	switch state := r.states.Find(a.reading.values(r, inState)); {
	case isFault:
		e.Rule = fmt.Sprintf("Faults %q", o.Rule)
	case e.Err != nil || !state.Fits:
	case state.Means == transport.Completed && e.Status.State == transport.Failed && r.dialect.Classify == nil:
		e.Rule = "Error"
	default:
		e.Rule = fmt.Sprintf("States %q", state.Rule)
	}
	for i, name := range fieldNames {
		values := a.reading.values(r, i)
		for j, p := range r.field(i) {
			e.Places = append(e.Places, Reading{name, p.Text, string(values[j])})
		}
	}
}
