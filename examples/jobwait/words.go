package main

import (
	"cmp"
	"flag"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// words are the flags that describe the answers of a service at a URL.
type words struct {
	state, failure, message, progress string
	scale                             float64
	rules                             map[transport.State]*texts
}

// stateFlags are the flags of each state, in the order of the help.
var stateFlags = []struct {
	name  string
	state transport.State
}{
	{"done", transport.Completed}, {"failed", transport.Failed}, {"canceled", transport.Canceled},
	{"running", transport.Running}, {"pending", transport.Pending}, {"blocked", transport.Blocked},
}

// addWords adds the flags to fs.
func addWords(fs *flag.FlagSet) *words {
	w := &words{rules: map[transport.State]*texts{}}
	fs.StringVar(&w.state, "state", "", "of a URL: the `PLACE` of the state in the answer, or several with commas between them (default payload.status)")
	fs.StringVar(&w.failure, "error", "", "of a URL: the `PLACE` of the reason of a failure, without which a job is completed (default: error and errors, at the top and beside the state; - for none)")
	fs.StringVar(&w.message, "message", "", "of a URL: the `PLACE` of a text for a person")
	fs.StringVar(&w.progress, "progress", "", "of a URL: the `PLACE` of the progress")
	fs.Float64Var(&w.scale, "progress-scale", 0, "of a URL: the progress of a job that is done (default 1)")
	for _, f := range stateFlags {
		w.rules[f.state] = new(texts)
		fs.Var(w.rules[f.state], f.name, "of a URL: a `WORD` that means "+f.state.String()+", or a pattern for each place; may be repeated")
	}
	return w
}

// names returns the first of these flags that was given, or "" if none was.
func (w *words) names(set map[string]bool) string {
	for _, name := range []string{"state", "error", "message", "progress", "progress-scale"} {
		if set[name] {
			return name
		}
	}
	for _, f := range stateFlags {
		if set[f.name] {
			return f.name
		}
	}
	return ""
}

// dialect returns the dialect of a service whose jobs are URLs.
//
// The words of the default dialect apply unless a flag gives them another meaning. With --done,
// only its words mean success.
func (w *words) dialect() (rest.Dialect, error) {
	d := rest.Dialect{
		Create: rest.Call{Path: "-"}, Status: rest.Call{Path: "{+id}"}, Cancel: rest.Call{Path: "-"},
		State: w.state, Error: w.failure, Message: w.message, Progress: w.progress, ProgressScale: w.scale,
		States: map[string]transport.State{},
	}
	if w.state != "" { // the places of the default dialect would be those of another service
		d.Error = cmp.Or(d.Error, w.errors())
		for _, at := range []*string{&d.Message, &d.Progress, &d.Result} {
			*at = cmp.Or(*at, "-")
		}
	}
	for _, f := range stateFlags {
		for _, rule := range *w.rules[f.state] {
			if old, twice := d.States[rule]; twice && old != f.state {
				return d, misused("%q means %v and %v", rule, old, f.state)
			}
			d.States[rule] = f.state
		}
	}
	if w.isSeveral() {
		if len(d.States) == 0 {
			return d, misused("--state names several places: say by --done, --failed and the like what they mean together, such as --done \"completed, success\"")
		}
		return d, nil
	}
	for word, state := range rest.DefaultStates() {
		if w.holds(d.States, word) || state == transport.Completed && len(*w.rules[state]) > 0 {
			continue
		}
		d.States[word] = state
	}
	return d, nil
}

// errors returns the places of an error if --error names none: at the top, and beside each state. A
// job with an error there must not count as completed.
func (w *words) errors() string {
	places := []string{"error", "errors"}
	for _, state := range outside(w.state, ',') {
		keys := outside(strings.TrimSpace(state), '.')
		parent := strings.Join(keys[:len(keys)-1], ".")
		if parent != "" && parent[0] != '@' && !slices.Contains(places, parent+".error") {
			places = append(places, parent+".error", parent+".errors")
		}
	}
	return strings.Join(places, ", ")
}

// isSeveral reports whether --state names more than one place.
func (w *words) isSeveral() bool { return len(outside(w.state, ',')) > 1 }

// outside cuts a text at each separator that is not in brackets.
func outside(text string, separator byte) (parts []string) {
	depth, start := 0, 0
	for i := range len(text) {
		switch {
		case text[i] == '[':
			depth++
		case text[i] == ']':
			depth--
		case text[i] == separator && depth == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

// holds reports whether a flag names a word of the default dialect.
func (w *words) holds(states map[string]transport.State, word string) bool {
	for rule := range states {
		if strings.EqualFold(rule, word) {
			return true
		}
	}
	return false
}
