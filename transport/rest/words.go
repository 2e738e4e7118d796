package rest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/transport"
)

// nothing is the word of States for a state that is null or absent.
const nothing = "null"

// words are a dialect's words for states. They do not change.
type words struct {
	exact   map[string]word // as the dialect spells them
	folded  map[string]word // without regard to case and surrounding space
	numbers map[string]word // by value
}

// word is a state together with the one copy of its name that all statuses share.
type word struct {
	raw   string
	state transport.State
}

// newWords returns the words of Dialect.States. Two of them that differ by their spelling alone,
// and not by their state, can be told apart by no other spelling.
func newWords(states map[string]transport.State) *words {
	w := &words{exact: make(map[string]word, len(states))}
	var folded, numbers spellings
	for _, raw := range slices.Sorted(maps.Keys(states)) {
		one := word{raw, states[raw]}
		w.exact[raw] = one
		folded.add(fold(raw), one)
		if value, ok := numberValue(raw); ok {
			numbers.add(value, one)
		}
	}
	w.folded, w.numbers = folded.clear(), numbers.clear()
	return w
}

// spellings are words by what several spellings of them have in common.
type spellings struct {
	words     map[string]word
	ambiguous []string
}

func (s *spellings) add(key string, w word) {
	if s.words == nil {
		s.words = make(map[string]word)
	}
	if old, ok := s.words[key]; ok && old.state != w.state {
		s.ambiguous = append(s.ambiguous, key)
		return
	}
	s.words[key] = w
}

// clear returns the words whose state is clear.
func (s *spellings) clear() map[string]word {
	for _, key := range s.ambiguous {
		delete(s.words, key)
	}
	return s.words
}

// find returns the word that a JSON string, number or boolean is. One that is spelled in another
// way than in the dialect is returned as the service spells it.
func (w *words) find(raw []byte) (word, bool) {
	if inner := jsonscan.Inner(raw); inner != nil { // without a copy, as nearly all are
		if one, ok := w.exact[string(inner)]; ok {
			return one, true
		}
	}
	text := jsonscan.Text(raw)
	if one, ok := w.exact[text]; ok {
		return one, true
	}
	one, ok := w.folded[fold(text)]
	if value, isNumber := numberValue(text); !ok && isNumber && raw[0] != '"' {
		one, ok = w.numbers[value]
	}
	return word{text, one.state}, ok
}

// none returns the word for a state that is null or absent.
func (w *words) none() (word, bool) {
	one, ok := w.exact[nothing]
	return one, ok
}

func fold(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// numberValue returns what all spellings of a JSON number have in common, such as 2, 2.0 and 2e0:
// its digits, without zeros around them, and its exponent.
func numberValue(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text[:1], "-0123456789") != "" || !json.Valid([]byte(text)) {
		return "", false
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || max(exponent, -exponent) > 1<<30 {
			return "", false
		}
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, part, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+part, "0")
	if digits == "" {
		return "0", true
	}
	significant := strings.TrimRight(digits, "0")
	value := significant + "e" + strconv.Itoa(exponent-len(part)+len(digits)-len(significant))
	if negative {
		value = "-" + value
	}
	return value, true
}

// defaultStates are the words of the default dialect. A word that some service says of every job
// that is over, be it well or not, such as done, finished, complete, ended, closed, stopped and
// terminated, is not among them.
var defaultStates = map[transport.State][]string{
	transport.Pending: {
		"pending", "queued", "enqueued", "waiting", "scheduled", "submitted", "accepted", "created", "new", "received",
		"requested", "registered", "delayed", "deferred", "not_started", "not-started", "notstarted", "not started", "initializing",
		"initialized", "preparing", "provisioning", "validating", "starting", "scheduling",
	},
	transport.Running: {
		"running", "in_progress", "in-progress", "inprogress", "in progress", "processing", "started", "working", "executing",
		"progressing", "retry", "retrying", "restarting", "rendering", "uploading", "downloading", "finalizing", "finishing",
		"completing", "failing", "canceling", "cancelling", "aborting", "stopping", "terminating",
	},
	transport.Completed: {"completed", "succeeded", "success", "successful", "passed"},
	transport.Failed: {
		"error", "errored", "failed", "failure", "fail", "unsuccessful", "faulted", "crashed", "rejected", "expired", "timeout",
		"timed_out", "timed-out", "timedout", "timed out",
	},
	transport.Canceled: {"canceled", "cancelled", "aborted", "revoked", "killed"},
}

// DefaultStates returns the words of the default dialect, which are those that many services use:
// pending, queued and the like; running, in_progress, processing and the like; completed,
// succeeded, success, successful and passed; error, failed, failure, timed_out and the like;
// canceled, cancelled, aborted, revoked and killed.
//
// A word that some services say of a job that is over, whether it went well or not, is not among
// them: done, finished, complete, ended, closed, stopped, terminated. Put the ones that your
// service says of success alone into Dialect.States.
func DefaultStates() map[string]transport.State {
	states := make(map[string]transport.State)
	for state, words := range defaultStates {
		for _, word := range words {
			states[word] = state
		}
	}
	return states
}
