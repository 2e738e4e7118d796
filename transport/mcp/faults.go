package mcp

import (
	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

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

// faults returns the classes of errors.
func faults() map[string]transport.Class {
	rules := rpc.Faults(numbers, "-32603", "-32000", "-32001", "-32002", "0")
	// A task that has ended refuses to be canceled by the number of an unknown task.
	rules["*, -32602, *terminal*"], rules["200, -32602, *terminal*"] = transport.Permanent, transport.Permanent
	return rules
}
