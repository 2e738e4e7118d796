package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/rules"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// utterance is how a service says a state: a text for each place of State, "" for nothing.
type utterance []string

// utterances returns how a dialect's service says each state. Of several ways it takes the one that
// usualWords has, or else that whose rule comes first in the alphabet.
// A failure that the dialect has no way to say is not in the result.
func utterances(d *rest.Dialect) (map[transport.State]utterance, error) {
	places, err := place.ParseList(d.State)
	if err != nil {
		return nil, fmt.Errorf("field State: %w", err)
	}
	said, err := sayings(places, d.States)
	if err != nil {
		return nil, err
	}
	if said[transport.Completed] == nil && d.NextDialect == nil {
		return nil, fmt.Errorf("the dialect has no word for a job that is %v", transport.Completed)
	}
	return said, nil
}

// sayings returns how each state is said that there is a way to say.
func sayings(places []place.Place, states map[string]transport.State) (map[transport.State]utterance, error) {
	table, err := rules.New(len(places), states)
	if err != nil {
		return nil, fmt.Errorf("field States: %w", err)
	}
	set, err := place.NewSet(places, 0)
	if err != nil {
		return nil, fmt.Errorf("field State: %w", err)
	}
	said := map[transport.State]utterance{}
	for _, key := range slices.Sorted(maps.Keys(states)) {
		texts, err := rules.Example(len(places), key)
		if err != nil || key == "" || len(places) == 1 && texts[0] == "" {
			continue
		}
		state := states[key]
		means := func() bool {
			o := table.Find(heard(places, set, texts))
			return o.Fits && o.Means == state
		}
		if !means() { // a more specific rule fits the example: say a word where any may stand
			for i, text := range texts {
				texts[i] = cmp.Or(text, usualWords[state])
			}
			if !means() {
				continue
			}
		}
		if said[state] == nil || len(places) == 1 && key == usualWords[state] {
			said[state] = texts
		}
	}
	for _, s := range [...]struct{ state, stand transport.State }{
		{transport.Pending, transport.Running}, {transport.Running, transport.Pending}, {transport.Canceled, transport.Failed},
		{transport.Pending, transport.Blocked}, {transport.Running, transport.Blocked}, {transport.Blocked, transport.Running},
	} {
		if texts, ok := said[s.stand]; ok && said[s.state] == nil {
			said[s.state] = texts
		}
	}
	return said, nil
}

// heard returns what stands at the places of State in an answer that says an utterance.
func heard(places []place.Place, set *place.Set, u utterance) [][]byte {
	w := &writing{id: "1", code: http.StatusOK, body: object{}}
	w.sayAt(places, u)
	body, _ := w.bytes() // it holds texts and numbers
	var found place.Found
	_ = set.Find(&place.Answer{Code: w.code, Header: w.header, Body: body, Name: w.id}, &found)
	return found.Values
}

// sayable returns a word as it stands at a place. The code is a number, and so is a word in the
// body that looks like one, as most services write it. The text "false" would say something at
// Dialect.Error, where the boolean says nothing.
func sayable(p place.Place, text string) any {
	if n, err := strconv.Atoi(text); err == nil && (p.Source == place.Code || p.Source == place.Body && strconv.Itoa(n) == text) {
		return n
	}
	if p.Source == place.Body && (text == "true" || text == "false") {
		return text == "true"
	}
	return text
}

// reply to a request while it is written.
type writing struct {
	id     string
	code   int
	header http.Header
	body   any
	text   string // in place of the body, if not empty
}

// bytes returns the body.
func (w *writing) bytes() ([]byte, error) {
	if w.text != "" {
		return []byte(w.text), nil
	}
	return json.Marshal(w.body)
}

// put sets what stands at the first of the places that a field of a Dialect names and that the
// state leaves free.
func (w *writing) put(text string, value any) {
	places, err := place.ParseList(text)
	if err != nil {
		return
	}
	for _, p := range places {
		if p.Source != place.Body || isFree(w.body, p.Steps, w.id, value) {
			w.putAt(p, value)
			return
		}
	}
}

func (w *writing) putAt(p place.Place, value any) {
	switch p.Source {
	case place.Body:
		if p.Other != nil { // two numbers that are equal, or not
			other := 1
			if value == false {
				other = 2
			}
			w.body = set(w.body, p.Other, w.id, other)
			value = 1
		}
		w.body = set(w.body, p.Steps, w.id, value)
	case place.Header:
		if w.header == nil {
			w.header = http.Header{}
		}
		w.header.Set(p.Name, fmt.Sprint(value))
	case place.Code:
		if code, ok := value.(int); ok {
			w.code = code
		}
	case place.Text:
		w.text = fmt.Sprint(value)
	case place.Nowhere, place.Link, place.Key:
	}
}

// say sets the places of State.
func (w *writing) say(d *rest.Dialect, u utterance) {
	places, err := place.ParseList(d.State)
	if err != nil {
		return
	}
	w.sayAt(places, u)
	for i, text := range u {
		if at := places[i].Text; text == rules.AnyText && (at == d.AnswerID || d.AnswerID == "" && at == d.ID) {
			w.putAt(places[i], sayable(places[i], w.id))
		}
	}
}

func (w *writing) sayAt(places []place.Place, u utterance) {
	for i, text := range u {
		if text == "" {
			continue
		}
		value := sayable(places[i], w.chosen(places[i], text))
		if part := w.part(places, u, i); part != nil {
			value = part
		}
		w.putAt(places[i], value)
	}
}

// part returns the element of a list that the place i names by its number, if another place must
// not choose it: steps[0] is a step whose state is done where steps[state!=done] has no value. It
// returns nil if any element will do.
func (w *writing) part(places []place.Place, u utterance, i int) (part any) {
	last := len(places[i].Steps) - 1
	if u[i] != rules.AnyText || last < 0 || places[i].Steps[last].Kind != jsonscan.Index {
		return nil
	}
	for j, p := range places {
		isOther := len(p.Steps) <= last || p.Steps[last].Kind != jsonscan.Where || !slices.EqualFunc(p.Steps[:last], places[i].Steps[:last], equal)
		if isOther || u[j] != "" {
			continue
		}
		for c := &p.Steps[last]; c != nil; c = c.And {
			if c.Not {
				part = set(part, keys(c.Field), w.id, named(c.Equal, w.id))
			}
		}
	}
	return part
}

func equal(a, b jsonscan.Step) bool { return a.Equals(&b) }

// chosen returns the text at a place that may be the very field by which its element is chosen, as
// in days[status=Failed].status. Nothing else can stand there then.
func (w *writing) chosen(p place.Place, text string) string {
	n := len(p.Steps)
	for i := range p.Steps {
		where := &p.Steps[i]
		if where.Kind != jsonscan.Where || where.Not || len(where.Field) == 0 || len(where.Field) != n-i-1 {
			continue
		}
		same := true
		for j, key := range where.Field {
			same = same && p.Steps[i+1+j].Kind == jsonscan.Key && named(p.Steps[i+1+j].Key, w.id) == key
		}
		if same {
			return named(where.Equal, w.id)
		}
	}
	return text
}

// object is a JSON object.
type object map[string]any

// inText is a value whose JSON a text holds.
type inText struct{ value any }

// MarshalJSON returns that text.
func (t inText) MarshalJSON() ([]byte, error) {
	held, err := json.Marshal(t.value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(held))
}

// union is an object with one key, which says a state. A second key would make it no state.
type union struct {
	key   string
	value any
}

// MarshalJSON returns the object.
func (u *union) MarshalJSON() ([]byte, error) { return json.Marshal(object{u.key: u.value}) }

// unionOf returns the union with a key. If in has a value at the key, the union has that value.
func unionOf(key string, in any) *union {
	if o, ok := in.(object); ok && o[key] != nil {
		return &union{key, o[key]}
	}
	return &union{key, object{}}
}

// isFree reports whether a value can be set at the end of some steps, so that each union on the way
// has still one key with a value.
func isFree(in any, steps []jsonscan.Step, id string, value any) bool {
	for i := range steps {
		switch v := in.(type) {
		case object:
			in = v[named(steps[i].Key, id)]
		case *union:
			if steps[i].Kind != jsonscan.Key || named(steps[i].Key, id) != v.key {
				return false
			}
			if in = v.value; i == len(steps)-1 {
				return value != nil && value != false
			}
		default:
			return true
		}
	}
	_, isUnion := in.(*union)
	return !isUnion
}

// set returns what stands at in with a value at the end of some steps.
func set(in any, steps []jsonscan.Step, id string, value any) any {
	if len(steps) == 0 {
		return value
	}
	step, rest := &steps[0], steps[1:]
	switch step.Kind {
	case jsonscan.Inside:
		t, _ := in.(inText)
		return inText{set(t.value, rest, id, value)}
	case jsonscan.Tag:
		return unionOf(fmt.Sprint(value), in)
	case jsonscan.Key:
		return setKey(in, named(step.Key, id), rest, id, value)
	}
	if o, ok := in.(object); ok && len(o) > 0 && step.Kind == jsonscan.Where {
		return setValue(o, step, rest, id, value)
	}
	a, _ := in.([]any)
	at := -1
	switch {
	case step.Kind == jsonscan.Index && step.Index >= 0:
		for len(a) <= step.Index {
			a = append(a, object{})
		}
		at = step.Index
	case step.Kind == jsonscan.Index:
		if len(a) == 0 {
			a = append(a, object{})
		}
		at = len(a) - 1
	case len(step.Field) == 0:
		return append(a, named(step.Equal, id))
	default:
		at = slices.IndexFunc(a, func(v any) bool { return fits(v, step, id) })
		if at < 0 {
			at = len(a)
			a = append(a, fitting(step, id))
		}
	}
	a[at] = set(a[at], rest, id, value)
	return a
}

// setKey is set for a step that is a key. Nothing changes if a list stands there.
func setKey(in any, key string, rest []jsonscan.Step, id string, value any) any {
	if _, isList := in.([]any); isList {
		return in // what stands there is no place of this answer
	}
	if u, ok := in.(*union); ok && u.key == key {
		return &union{key, set(u.value, rest, id, value)}
	}
	o, ok := in.(object)
	if !ok {
		o = object{}
	}
	o[key] = set(o[key], rest, id, value)
	return o
}

// setValue is set for a step that chooses among the values of an object which is not a list.
func setValue(o object, step *jsonscan.Step, rest []jsonscan.Step, id string, value any) any {
	at := "chosen"
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if fits(o[key], step, id) {
			at = key
		}
	}
	if o[at] == nil {
		o[at] = fitting(step, id)
	}
	o[at] = set(o[at], rest, id, value)
	return o
}

// fits reports whether an element is the one that a step leads to.
func fits(v any, step *jsonscan.Step, id string) bool {
	for c := step; c != nil; c = c.And {
		if (fmt.Sprint(get(v, c.Field)) == named(c.Equal, id)) == c.Not {
			return false
		}
	}
	return true
}

// fitting returns an element that a step leads to.
func fitting(step *jsonscan.Step, id string) any {
	var v any = object{}
	for c := step; c != nil; c = c.And {
		if !c.Not {
			v = set(v, keys(c.Field), id, named(c.Equal, id))
		}
	}
	return v
}

func keys(names []string) (steps []jsonscan.Step) {
	for _, name := range names {
		steps = append(steps, jsonscan.Step{Key: jsonscan.Name{Before: name}})
	}
	return steps
}

func get(v any, names []string) any {
	for _, name := range names {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// named returns a name with the id in its hole.
func named(n jsonscan.Name, id string) string {
	if !n.Hole {
		return n.Before
	}
	return n.Before + id + n.After
}

// progress sets where a share of the work is said.
func (w *writing) progress(d *rest.Dialect, share float64) {
	const whole = 1000
	if done, total, ok := strings.Cut(d.Progress, " / "); ok {
		w.put(done, share*whole)
		w.put(total, whole)
		return
	}
	w.put(d.Progress, share*cmp.Or(d.ProgressScale, 1))
}
