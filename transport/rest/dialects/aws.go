package dialects

import (
	"maps"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// aws returns the address of a service of AWS in a region.
func aws(service, region string) string {
	return "https://" + service + "." + segment(region) + ".amazonaws.com"
}

// awsCall returns a call of AWS's JSON protocol: each is POST /, and a header names the operation.
// The version is that of the protocol.
func awsCall(version, operation string, body any) rest.Call {
	return rest.Call{
		Method: "POST", Path: "/",
		Header: map[string]string{"X-Amz-Target": operation, "Content-Type": "application/x-amz-json-" + version},
		Body:   body,
	}
}

// awsFault is where AWS's JSON protocol names an error. A namespace may stand before the name.
const awsFault = "@code, __type"

// awsFaults returns the rules of awsFault: those that all services share, and the name of the
// error about an unknown job.
func awsFaults(unknown string, more map[string]transport.Class) map[string]transport.Class {
	faults := map[string]transport.Class{
		"400, *ThrottlingException": transport.Throttled,
		"400, *" + unknown:          transport.NotFound,
	}
	maps.Copy(faults, more)
	return faults
}
