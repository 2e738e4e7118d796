package rpc

import (
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// NewDialect returns the dialect that others are built on. The [Faults] say what an error means. Of
// the calls only Status is left to set, and of the places only ID and State have a default.
func NewDialect(faults map[string]transport.Class) rest.Dialect {
	return rest.Dialect{
		Create:            rest.Call{Path: "-"},
		Cancel:            rest.Call{Path: "-"},
		IdempotencyHeader: "-",
		Fault:             faultPlaces,
		Faults:            faults,
		Progress:          "-",
		Message:           "-",
		Error:             "-",
		Result:            "-",
		Revision:          "-",
	}
}

// States returns the rules of a dialect whose State names several places. A word counts at each of
// the first places, if the places before it say nothing. The places after it may say anything.
func States(words map[string]transport.State, first, places int) map[string]transport.State {
	rules := make(map[string]transport.State, first*len(words))
	for i := range first {
		before, after := strings.Repeat("-, ", i), strings.Repeat(", *", places-i-1)
		for word, state := range words {
			rules[before+word+after] = state
		}
	}
	return rules
}

// Word returns the service's word for the state out of a Status's Raw, which joins the words at all
// places of a dialect's State.
func Word(raw string) string {
	word, _, _ := strings.Cut(raw, ", ")
	return word
}
