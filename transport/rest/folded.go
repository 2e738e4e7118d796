package rest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/transport"
)

// readFolded looks for an error whose keys have another case than the places of Error. Such an
// error also keeps a job from being completed.
func (r *reader) readFolded(s *transport.Status, g *reading) {
	if s.State != transport.Completed || r.errors == nil || !isNothing(g.values(r, inError)) {
		return
	}
	var found place.Found
	if !r.chosen && r.errors.Find(&place.Answer{Body: g.body, Name: g.asked}, &found) == nil {
		return
	}
	var tree any
	if json.Unmarshal(g.body, &tree) != nil && json.Unmarshal(jsonscan.Repaired(g.body), &tree) != nil {
		return
	}
	for _, p := range r.field(inError) {
		if p.Source != place.Body || p.Other != nil {
			continue
		}
		if v := foldedAt(tree, p.Steps, g.asked); v != nil {
			s.State, s.Message = transport.Failed, v.Text()
			return
		}
	}
}

// foldedAt returns the value at the end of some steps from v, with keys in any case. It returns nil
// if the value is missing or empty.
func foldedAt(v any, steps []jsonscan.Step, name string) place.Value {
	for i := range steps {
		switch step := &steps[i]; step.Kind {
		case jsonscan.Key:
			o, _ := v.(map[string]any)
			v = foldedKey(o, step.Key, name)
		case jsonscan.Index:
			list, _ := v.([]any)
			at := step.Index
			if at < 0 {
				at += len(list)
			}
			if at < 0 || at >= len(list) {
				return nil
			}
			v = list[at]
		case jsonscan.Inside:
			text, _ := v.(string)
			if v = nil; json.Unmarshal([]byte(text), &v) != nil {
				return nil
			}
		case jsonscan.Tag:
			return nil // a tag is no error
		case jsonscan.Where:
			v = foldedElement(v, step, name)
		}
	}
	text, err := json.Marshal(v)
	if said := place.Value(text); v != nil && err == nil && said.IsSaid() {
		return said
	}
	return nil
}

// foldedElement returns the first element of an array, or the first value of an object in the order
// of its keys, that meets the comparisons of a step. The keys of the compared fields may have any
// case.
func foldedElement(v any, step *jsonscan.Step, name string) any {
	elements, _ := v.([]any)
	if o, ok := v.(map[string]any); ok {
		for _, key := range slices.Sorted(maps.Keys(o)) {
			elements = append(elements, o[key])
		}
	}
	for _, element := range elements {
		if isChosen(element, step, name) {
			return element
		}
	}
	return nil
}

// isChosen reports whether an element meets the comparisons of a step.
func isChosen(element any, step *jsonscan.Step, name string) bool {
	for c := step; c != nil; c = c.And {
		v := element
		for _, key := range c.Field {
			o, _ := v.(map[string]any)
			v = foldedKey(o, jsonscan.Name{Before: key}, name)
		}
		var text []byte
		if v != nil {
			text, _ = json.Marshal(v) // decoded JSON can always be encoded
		}
		if c.Equal.IsValue(text, name) == c.Not {
			return false
		}
	}
	return true
}

// foldedKey returns the value of a key. If the key is missing, it returns the value of a key that
// differs only by case. A key with a hole must have the same case.
func foldedKey(o map[string]any, key jsonscan.Name, name string) any {
	if key.Hole {
		return o[key.Before+name+key.After]
	}
	if v, ok := o[key.Before]; ok {
		return v
	}
	for _, other := range slices.Sorted(maps.Keys(o)) {
		if strings.EqualFold(other, key.Before) {
			return o[other]
		}
	}
	return nil
}
