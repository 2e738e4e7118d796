package rest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Event describes how a service reports a change of a job without being polled. The report is the
// body of a webhook, or an event of a stream. Its places begin at the whole event. With the zero
// Event, an event is read like the answer to a status call.
//
//	Event{At: "data.object"}                       the answer is a part of the event
//	Event{ID: "VideoGuid", State: "Status", States: words}
//	Event{At: "data", State: "-"}                  the event does not tell the state
//	Event{List: ".", At: "data"}                   the body is an array of events
//
// In an event, @header.NAME is a header of the webhook's request, or a field of the stream's event
// as package sse names it. The status code @code is 200.
type Event struct {
	// List is the place of an array of events, for a service that sends several at once. It is "." if
	// the whole body is the array. All other places then begin at an item of the array. If there is an
	// object in place of the array, it is the only event. The default is that the body is one event.
	List string
	// At is the place in the event of the object that a status call would return, such as
	// "data.object". The Dialect's places begin there. A text there is replaced by the JSON object
	// that it holds, plain or in base64. So At is "Message" for a notification of Amazon SNS, and
	// "message.data" for one of Google Pub/Sub. The default is ".", the whole event.
	At string
	// ID is the place of the job's id in the whole event, also if At is set: with At "data", that is
	// "data.id" and not "id". The default is the Dialect's AnswerID within At, or else its ID. An
	// event without a value there is ignored.
	ID string
	// State is the place of the state in the whole event. The default is the Dialect's State within
	// At. Set it to "-" if events have no state: a Watcher then polls the job after each event.
	State string
	// States maps the words at State to states, as [Dialect.States] does. The default is
	// Dialect.States.
	States map[string]transport.State
	// Updated is the place of the time of the event. The default is the Dialect's Updated within At.
	Updated string
}

func (e Event) isZero() bool {
	return e.List == "" && e.At == "" && e.ID == "" && e.State == "" && e.States == nil && e.Updated == ""
}

// withDefaults returns e with a default for each field that is zero, as d has its own defaults
// except for AnswerID.
func (e Event) withDefaults(d Dialect) Event {
	e.At = cmp.Or(e.At, ".")
	if e.ID == "" {
		e.ID = "-"
		if id := eventID(d); id != "" {
			e.ID = within(e.At, id)
		}
	}
	e.State = cmp.Or(e.State, within(e.At, d.State))
	if e.States == nil {
		e.States = d.States
	}
	e.Updated = cmp.Or(e.Updated, within(e.At, d.Updated))
	return e
}

// eventID returns the place at which the answer to a status call, or else that to a create, names
// the job; "" if that is in no body.
func eventID(d Dialect) string {
	for _, text := range []string{d.AnswerID, d.ID} {
		places, err := place.ParseList(text)
		inBody := err == nil
		for _, p := range places {
			inBody = inBody && p.Source == place.Body && !p.HasHole()
		}
		if inBody {
			return text
		}
	}
	return ""
}

// within returns the places of a field relative to a body that contains their body at the place at.
// It returns a text that does not parse unchanged.
func within(at, text string) string {
	places, err := place.ParseList(text)
	if err != nil || at == "." || text == "" {
		return text
	}
	texts := make([]string, len(places))
	for i, p := range places {
		switch inner := strings.TrimSpace(p.Text); {
		case p.Source != place.Body:
			texts[i] = inner
		case len(p.Steps) == 0:
			texts[i] = at
		case p.Other != nil:
			texts[i] = joined(at, p.Sides[0]) + " = " + joined(at, p.Sides[1])
		default:
			texts[i] = joined(at, inner)
		}
	}
	return strings.Join(texts, ", ")
}

// joined returns the place inner within the place at.
func joined(at, inner string) string {
	if strings.HasPrefix(inner, "[") {
		return at + inner
	}
	return at + "." + inner
}

// events reads events in one dialect.
type events struct {
	reader *reader
	list   *place.Set // what stands at Event.List, nil for one event
	item   *place.Set // what stands at Event.At
	silent bool       // whether events do not say how the job stands
}

// newEvents returns what reads the events of a dialect, or nil if it has no place for their id. Of
// a dialect that is valid otherwise, it returns all that is wrong with its Event.
func newEvents(d Dialect) (*events, error) {
	isSet := !d.Event.isZero()
	d = d.WithDefaults()
	e := d.Event
	item, err := bodySet("At", e.At)
	list, listErr := bodySet("List", e.List)
	switch {
	case err != nil || listErr != nil:
		return nil, errors.Join(listErr, err)
	case e.ID == "-" && isSet:
		return nil, errors.New("field ID must be set: the answers to status calls name no job in their body")
	case e.ID == "-":
		return nil, nil
	}
	ids, err := place.ParseList(e.ID)
	if err != nil {
		return nil, fmt.Errorf("field ID: %w", err)
	}
	for _, p := range ids {
		if p.HasHole() {
			return nil, fmt.Errorf("field ID: %q: no id is known before it is read", e.ID)
		}
	}
	r := &events{list: list, item: item, silent: e.State == "-"}
	r.reader, err = newReader(d.inEvent())
	return r, err
}

// bodySet returns the Set of the one place in the body that a field of Event names, or nil if it is
// empty.
func bodySet(field, text string) (*place.Set, error) {
	if text == "" {
		return nil, nil
	}
	p, err := place.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("field %s: %w", field, err)
	case p.Source != place.Body || p.HasHole():
		return nil, fmt.Errorf("field %s: %q: must be a place in the body, without {id}", field, text)
	}
	return place.NewSet([]place.Place{p}, 0)
}

// each yields the events in a body.
func (e *events) each(a *place.Answer) iter.Seq2[*place.Answer, error] {
	return func(yield func(*place.Answer, error) bool) {
		if e.list == nil {
			yield(a, nil)
			return
		}
		var found place.Found
		if err := e.list.Find(a, &found); err != nil {
			yield(nil, err)
			return
		}
		items := jsonscan.Items(found.Values[0])
		if bytes.HasPrefix(found.Values[0], []byte("{")) {
			items = func(yield func(_, item []byte) bool) { yield(nil, found.Values[0]) }
		}
		for _, item := range items {
			event := *a
			event.Body, event.Text = item, nil
			if !yield(&event, nil) {
				return
			}
		}
	}
}

// inEvent returns the dialect in which a whole event is read like the answer to a status call.
func (d Dialect) inEvent() Dialect {
	e := d.Event
	in := func(text string) string { return within(e.At, text) }
	if e.ID != in(d.ID) {
		d.IDPattern = ""
	}
	if e.State == "-" {
		e.State, e.States = in(d.State), d.States
	}
	if done, total, ok := cutQuotient(d.Progress); ok {
		d.Progress = in(done) + " / " + in(total)
	} else {
		d.Progress = in(d.Progress)
	}
	d.ID, d.State, d.States, d.Updated = e.ID, e.State, e.States, e.Updated
	d.Message, d.Error, d.Result, d.Revision = in(d.Message), in(d.Error), in(d.Result), in(d.Revision)
	d.Created, d.Finished, d.Next = in(d.Created), in(d.Finished), in(d.Next)
	d.AnswerID, d.Fault, d.Faults, d.RetryAfter = "-", "", nil, "-"
	return d
}

// opened returns an event with an object in place of the text at Event.At that holds the object. It
// returns any other event as it is.
func (e *events) opened(a *place.Answer) *place.Answer {
	var found place.Found
	if e.item.Find(a, &found) != nil || place.Value(found.Values[0]).Kind() != place.Word {
		return a
	}
	quoted := found.Values[0]
	held := []byte(jsonscan.Text(quoted))
	if plain, err := base64.StdEncoding.DecodeString(string(held)); err == nil {
		held = plain
	}
	held = bytes.Trim(held, " \t\r\n") // the white space of JSON
	at := cap(a.Body) - cap(quoted)
	isPart := at >= 0 && at < len(a.Body) && &a.Body[at] == &quoted[0] // what stands behind @json is not
	if !isPart || !bytes.HasPrefix(held, []byte("{")) || !json.Valid(held) {
		return a
	}
	whole := *a
	whole.Body = slices.Concat(a.Body[:at], held, a.Body[at+len(quoted):])
	return &whole
}

// An eventReader reads events of all stages of a job.
type eventReader struct {
	stages   []*stage
	followed *followed
}

// read returns what the events in a body say, and the first error of those that can't be read.
func (r eventReader) read(header http.Header, body []byte) (statuses []transport.Status, first error) {
	body = bytes.TrimPrefix(body, exchange.ByteOrderMark)
	text, isOther, err := asJSON(header, body)
	if err != nil {
		return nil, err
	}
	a := &place.Answer{Code: http.StatusOK, Header: header, Body: text, Text: body, Siblings: isOther && isMarkup(body)}
	for event, err := range r.first().each(a) {
		var s transport.Status
		if err == nil {
			s, err = r.readOne(event)
		}
		if first == nil {
			first = err
		}
		if err == nil && s.ID != "" {
			statuses = append(statuses, s)
		}
	}
	return statuses, first
}

// first returns the events of the first stage that reads any. All stages have the same Event.List.
func (r eventReader) first() *events {
	i := slices.IndexFunc(r.stages, func(s *stage) bool { return s.events != nil })
	return r.stages[i].events
}

// readOne returns what an event says, and the zero Status if it is about no job. The event may name
// a job by the id that it has got on the way. Its status has the id that the caller knows.
func (r eventReader) readOne(a *place.Answer) (transport.Status, error) {
	for stage := len(r.stages) - 1; stage > 0; stage-- {
		e := r.stages[stage].events
		if e == nil {
			continue
		}
		a := e.opened(a)
		named, err := e.reader.ids.read(a, "")
		if err != nil {
			continue // it is about an earlier part of a job, or about none
		}
		if id, ok := r.followed.whose(stage, named); ok {
			return r.readOf(stage, a, id, named)
		}
	}
	e := r.stages[0].events
	if e == nil {
		return transport.Status{}, nil
	}
	a = e.opened(a)
	named, err := e.reader.ids.read(a, "")
	switch {
	case errors.Is(err, errNoID):
		return transport.Status{}, nil
	case err != nil:
		return transport.Status{}, err
	}
	id, ok := r.followed.whose(0, named)
	if !ok {
		id = named
	}
	return r.readOf(0, a, id, named)
}

// readOf returns what an event of a stage says of the job with an id, which the event names
// otherwise.
func (r eventReader) readOf(stage int, a *place.Answer, id, named string) (transport.Status, error) {
	e := r.stages[stage].events
	if e.silent {
		return transport.Status{ID: id}, nil
	}
	a.Name = named
	var g reading
	s, err := e.read(a, &g)
	if err != nil {
		return transport.Status{}, err
	}
	at := r.followed.where(id)
	isBehind := g.next != "" && at.stage == stage && (at.id != g.next || e.reader.dialect.NextDialect != nil)
	if isBehind || s.State.Terminal() && e.reader.dialect.Next != "" {
		return transport.Status{ID: id}, nil // only a poll tells whether it goes on, and follows it
	}
	s.ID = id
	return s, nil
}

// read returns the status that an event about the job a.Name holds.
func (e *events) read(a *place.Answer, g *reading) (s transport.Status, err error) {
	e.reader.find(a, g)
	if err = e.reader.readStatus(&s, g); errors.Is(err, e.reader.noStatus) {
		s.State, err = transport.Unknown, nil
	}
	if classify := e.reader.dialect.Classify; classify != nil {
		var found place.Found
		_ = e.item.Find(a, &found) // the body was read already
		s, err = classify(Answer{http.StatusOK, a.Header, found.Values[0]}, s, err)
	}
	return s, err
}

// ReadEvents returns the statuses in the body of a webhook, or in the data of an event of a stream,
// which the Dialect's Event describes. The header is the header of the webhook's request. The body
// must not be longer than [WithMaxBody] allows. ReadEvents makes no request, and keeps neither the
// header nor the body.
//
// A State of [transport.Unknown] means that the job has changed, but the event does not have its
// state. An event that names no job gives no status. If an event cannot be read, the error matches
// [transport.ErrMalformed], or is that of the Dialect's Classify. The statuses are then those of
// the other events. If the Dialect has no place for the job's id in an event, the error matches
// [errors.ErrUnsupported].
//
// If the Dialect has Next, an event with a terminal state or a new id also gives the State Unknown.
// Only a poll can tell whether the job goes on. An event about a new id is read with the
// NextDialect, if this Client has seen the new id in a poll. Its status has the id that the job had
// first. So this Client should also be the Transport of the Watcher.
//
// ReadEvents does not check who sent the events. Packages webhook and sse do that.
func (c *Client) ReadEvents(header http.Header, body []byte) ([]transport.Status, error) {
	switch {
	case c == nil || c.settings == nil:
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", errNotMade)}
	case !c.told:
		return nil, unsupported("Event")
	case len(body) > c.MaxBody:
		return nil, unreadEvent(c.settings, fmt.Errorf("%w: at most %d bytes (WithMaxBody)", exchange.ErrTooLarge, c.MaxBody), nil)
	}
	statuses, err := eventReader{c.stages, &c.followed}.read(header, body)
	if err != nil {
		err = unreadEvent(c.settings, err, body)
	}
	return statuses, err
}

// unreadEvent returns the error of an event that can't be read.
func unreadEvent(s *settings, err error, body []byte) error {
	if e := (*transport.Error)(nil); errors.As(err, &e) {
		return err // of Classify
	}
	err = web.Safe(safe(err, func(part []byte) string { return redact.Excerpt(part, s.Secrets()...) }), s.Secrets()...)
	if len(body) > 0 {
		err = fmt.Errorf("%w: %s", err, redact.Excerpt(body, s.Secrets()...))
	}
	return &transport.Error{Class: transport.Malformed, Err: fmt.Errorf("rest: event: %w", err)}
}
