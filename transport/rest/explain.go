package rest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Explanation says how a Dialect reads one answer, for the person who writes the Dialect. It quotes
// the answer.
type Explanation struct {
	// Status and Err are what a status call would return for the answer.
	Status transport.Status
	Err    error
	// Rule is the rule of Faults or States that decided, after the name of the field. It is empty if
	// no rule did.
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

// String returns the explanation in several lines: the status or error, the rule, and the value at
// each place.
func (e *Explanation) String() string {
	if e == nil {
		return "<nil>"
	}
	var b strings.Builder
	if e.Err != nil {
		fmt.Fprintf(&b, "error: %v\n", e.Err)
	} else {
		fmt.Fprintf(&b, "status: %v\n", e.Status)
	}
	if e.Rule != "" {
		fmt.Fprintf(&b, "rule: %s\n", e.Rule)
	}
	if e.Next != "" {
		fmt.Fprintf(&b, "next id: %q\n", e.Next)
	}
	for _, r := range e.Places {
		value := r.Value
		if value == "" {
			value = "nothing"
		}
		fmt.Fprintf(&b, "%-10s %-30s %.200s\n", r.Field, r.Place, value)
	}
	return b.String()
}

// Explain says how the Dialect reads an answer to a status call about the job with the given id. It
// makes no request. The error says what is wrong with the Dialect or the id.
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
	k.wire.Answer = exchange.Answer{
		Code: a.Code, Header: a.Header, Body: a.Body[:min(len(a.Body), c.MaxBody)], Large: len(a.Body) > c.MaxBody,
		Wait: web.RetryAfter(a.Code, a.Header, time.Now),
	}
	e := &Explanation{Err: said.readStatus()}
	e.Status, e.Next = said.status, said.reading.next
	e.explain(said)
	return e, nil
}

// explain adds what stood at each place of an answer.
func (e *Explanation) explain(a *answer) {
	r := a.reader
	found := a.places(a.asked)
	r.find(found, &a.reading)
	if o, ok := a.fault(found); ok {
		e.Rule = fmt.Sprintf("Faults %q", o.Rule)
	} else if o := r.states.Find(a.reading.values(r, inState)); o.Fits {
		e.Rule = fmt.Sprintf("States %q", o.Rule)
	}
	for i, name := range fieldNames {
		values := a.reading.values(r, i)
		for j, p := range r.field(i) {
			e.Places = append(e.Places, Reading{name, p.Text, string(values[j])})
		}
	}
}
