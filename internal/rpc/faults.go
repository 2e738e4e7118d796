package rpc

import "github.com/iamber12/job-status-monitoring/transport"

// FaultPlaces is where [Faults] are read: the Fault of a rest.Dialect.
const FaultPlaces = "@code, error.code, error.message"

// Faults returns the classes of JSON-RPC errors as the Faults of a rest.Dialect. The numbers given
// mean the same whatever the text says. Any other is transient, but it counts only with the status
// code 200: other codes say more than it does. The numbers in vague are of a job that is not found
// if the text says so.
func Faults(numbers map[string]transport.Class, vague ...string) map[string]transport.Class {
	rules := map[string]transport.Class{
		"200, +, *": transport.Transient,
		"200, -, +": transport.Transient,
	}
	for number, class := range numbers {
		rules["*, "+number+", *"], rules["200, "+number+", *"] = class, class
	}
	for _, number := range vague {
		rules["200, "+number+", *not found*"] = transport.NotFound
	}
	return rules
}
