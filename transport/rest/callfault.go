package rest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/rules"
	"github.com/iamber12/job-status-monitoring/transport"
)

// callFaults are the Faults of one Call. They do not change.
type callFaults struct {
	set    *place.Set
	table  *rules.Table[transport.Class]
	places []place.Place
}

// newCallFaults returns the Faults of a Call, or nil if it has none.
func newCallFaults(c Call) (*callFaults, error) {
	if len(c.Faults) == 0 && c.Fault == "" {
		return nil, nil
	}
	places, err := place.ParseList(c.Fault)
	if err != nil {
		return nil, fmt.Errorf("field Fault: %w", err)
	}
	if len(places) == 1 && places[0].Source == place.Nowhere {
		places = nil
	}
	f := &callFaults{places: places}
	var problems []error
	if f.table, problems = newFaultTable(len(places), c.Faults); problems != nil {
		return nil, errors.Join(problems...)
	}
	f.set, err = place.NewSet(places, 0)
	return f, err
}

// newFaultTable returns the rules of Faults for a number of places, or nil if there are none.
func newFaultTable(places int, faults map[string]transport.Class) (table *rules.Table[transport.Class], problems []error) {
	switch {
	case places == 0 && len(faults) == 0:
		return nil, nil
	case places == 0:
		return nil, []error{errors.New("field Faults is set, but Fault names no place to read them from")}
	case len(faults) == 0:
		return nil, []error{errors.New("field Fault is set, but Faults has no rules")}
	}
	table, err := rules.New(places, faults)
	if err != nil {
		problems = append(problems, fmt.Errorf("field Faults: %w", err))
	}
	for _, key := range slices.Sorted(maps.Keys(faults)) {
		if class := faults[key]; class > transport.Unauthorized {
			problems = append(problems, fmt.Errorf("field Faults: %q: no such class: %d", key, class))
		}
	}
	return table, problems
}

// find returns the rule that an answer fits.
func (f *callFaults) find(a place.Answer) rules.Outcome[transport.Class] {
	var found place.Found
	_ = f.set.Find(&a, &found) // the reader reports an error in the body
	return class(f.table.Find(found.Values))
}

// class returns the class of an outcome of Faults. An answer that fits two rules of different
// classes is malformed.
func class(o rules.Outcome[transport.Class]) rules.Outcome[transport.Class] {
	if o.Rival != "" {
		o.Means, o.Fits, o.Rule = transport.Malformed, true, o.Rule+" and "+o.Rival
	}
	return o
}

// fault looks up the dialect's places as find does, and returns the rule for errors that the answer
// fits. The rules of the call take precedence over those of the dialect. A rule that means NotFound
// does not apply to a page for a person with a 2xx, such as one of a gateway, unless the rule names
// its text.
func (a *answer) fault(name string) (o rules.Outcome[transport.Class], fits bool) {
	a.find(name)
	o, places := a.anyFault(name)
	if o.Means == transport.NotFound && a.Answer.Code/100 == 2 && isPage(a) && !isOfText(o, places) {
		return o, false
	}
	return o, o.Fits
}

// changeFault is like fault, for the answer to a create or a cancel. Such an answer need not
// contain the job. So if it is successful and has no value at the places of the dialect's Faults,
// they do not mean that the job does not exist.
func (a *answer) changeFault(name string) (o rules.Outcome[transport.Class], fits bool) {
	o, fits = a.fault(name)
	if !fits || o.Means != transport.NotFound || a.Answer.Code/100 != 2 {
		return o, fits
	}
	if t := a.template; t.faults != nil && t.faults.find(a.places(name)).Fits {
		return o, true
	}
	values := a.reading.values(a.reader, inFault)
	for i, p := range a.reader.field(inFault) {
		if p.Source != place.Code && place.Value(values[i]).Kind() != place.Nothing {
			return o, true
		}
	}
	return o, false
}

// anyFault is like fault without the exception for pages. It also returns the places of the rule.
func (a *answer) anyFault(name string) (rules.Outcome[transport.Class], []place.Place) {
	if t := a.template; t != nil && t.faults != nil {
		if o := t.faults.find(a.places(name)); o.Fits {
			return o, t.faults.places
		}
	}
	return a.reader.fault(&a.reading), a.reader.field(inFault)
}

// isOfText reports whether a rule about some places names the body as a text, or a part of it.
func isOfText(o rules.Outcome[transport.Class], places []place.Place) bool {
	for i, p := range places {
		if p.Source == place.Text && (o.Named|o.Parts)&(1<<i) != 0 {
			return true
		}
	}
	return false
}
