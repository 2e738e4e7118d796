package rpc

import (
	"fmt"
	"maps"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
)

// faultPlaces is where [Faults] are read: the Fault of a rest.Dialect.
const faultPlaces = "@code, error.code, error.message"

// standard are the numbers that mean the same in all protocols.
var standard = map[string]transport.Class{
	"-32700": transport.Permanent, // parse error
	"-32600": transport.Permanent, // invalid request
	"-32601": transport.Permanent, // method not found
	"429":    transport.Throttled,
}

// Faults returns the classes of JSON-RPC errors as the Faults of a rest.Dialect.
//
// A key of own is a number, such as "-32601". A pattern of the error's text may follow, such as
// "-32602, *terminal*". The numbers of the JSON-RPC standard need not be among the keys. Any other
// number is transient with the status code 200. With another status code, that code decides. A
// number in vague means that the job is not found, if the text says so and the status code is 200.
func Faults(own map[string]transport.Class, vague ...string) map[string]transport.Class {
	rules := map[string]transport.Class{
		"200, +, *": transport.Transient,
		"200, -, +": transport.Transient,
	}
	all := maps.Clone(standard)
	maps.Copy(all, own)
	for key, class := range all {
		if !strings.Contains(key, ", ") {
			key += ", *"
		}
		rules["*, "+key], rules["200, "+key] = class, class
	}
	for _, number := range vague {
		rules["200, "+number+", *not found*"] = transport.NotFound
	}
	return rules
}

// Errorf returns a [transport.Error] of a class, with the text that [fmt.Errorf] makes.
func Errorf(class transport.Class, format string, args ...any) error {
	return &transport.Error{Class: class, Err: fmt.Errorf(format, args...)}
}
