package mcp

import "github.com/iamber12/job-status-monitoring/transport"

// numbers are the JSON-RPC errors that mean the same whatever their text says.
var numbers = map[string]transport.Class{
	"-32700": transport.Permanent, // parse error
	"-32600": transport.Permanent, // invalid request
	"-32601": transport.Permanent, // method not found
	"-32020": transport.Permanent, // a header and the body differ
	"-32021": transport.Permanent, // the client lacks a capability
	"-32022": transport.Permanent, // protocol version
	"-32042": transport.Permanent, // a person has to visit a page first
	"-32602": transport.NotFound,  // the task is unknown or has expired
	"-32029": transport.Throttled,
	"429":    transport.Throttled,
}

// faults returns the classes of JSON-RPC errors as rules for the status code, the number and the
// text. Other numbers count only with the status code 200: any other code says more than they do.
func faults() map[string]transport.Class {
	rules := map[string]transport.Class{
		"200, +, *": transport.Transient,
		"200, -, +": transport.Transient,
	}
	for number, class := range numbers {
		rules["*, "+number+", *"], rules["200, "+number+", *"] = class, class
	}
	// A task that has ended refuses to be canceled by the number of an unknown task.
	rules["*, -32602, *terminal*"], rules["200, -32602, *terminal*"] = transport.Permanent, transport.Permanent
	// Some servers tell of an unknown task by a number of their own.
	for _, number := range []string{"-32603", "-32000", "-32001", "-32002", "0"} {
		rules["200, "+number+", *not found*"] = transport.NotFound
	}
	return rules
}
