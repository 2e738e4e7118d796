package rpc

import (
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// NewDialect returns a dialect from which the dialects of a protocol are made. The argument faults
// comes from [Faults]. The caller must set Status, and may set other calls. Of the places, only ID
// and State have a default.
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

// States returns the rules of a dialect whose State names several places. The argument first is how
// many of the places can have a word. A word counts if the places before it have no value, whatever
// the places after it have.
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

// Answered returns a call to which an answer without a response of JSON-RPC is malformed. Package
// rest reads only the errors in the answer to a cancel, and a page of a proxy has none.
func Answered(c rest.Call) rest.Call {
	c.Fault = "@code, jsonrpc, result, error"
	c.Faults = map[string]transport.Class{"200, -, -, -": transport.Malformed}
	return c
}
