package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// IBMResourceInstance returns the dialect of the last operation of resource instances of IBM Cloud.
//
// A poll is GET /v2/resource_instances/{id} with an IAM token. The id is the instance's GUID. A
// cancel stops the last operation.
//
// An instance that was removed is Canceled, because its provisioning will not be completed. So is
// an instance that is pending reclamation. An instance whose removal is pending is still Running.
//
// See https://cloud.ibm.com/apidocs/resource-controller/resource-controller.
func IBMResourceInstance() Service {
	return Service{
		Name:    "IBM Cloud resource instances",
		Doc:     "https://cloud.ibm.com/apidocs/resource-controller/resource-controller",
		BaseURL: "https://resource-controller.cloud.ibm.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v2/resource_instances"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/v2/resource_instances/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/v2/resource_instances/{id}/last_operation"},
			ID:                "guid",
			State:             "state, last_operation.state",
			States: map[string]transport.State{
				"*, in progress":                   transport.Running,
				"*, failed":                        transport.Failed,
				"provisioning, -":                  transport.Running,
				"pre_provisioning, -":              transport.Running,
				"inactive, -":                      transport.Running,
				"active, -":                        transport.Completed,
				"active, succeeded":                transport.Completed,
				"failed, *":                        transport.Failed,
				"failed, in progress":              transport.Failed,
				"pending_removal, *":               transport.Running,
				"pending_removal, failed":          transport.Failed,
				"removed, -":                       transport.Canceled,
				"removed, succeeded":               transport.Canceled,
				"pending_reclamation, *":           transport.Canceled,
				"pending_reclamation, in progress": transport.Canceled,
				"pending_reclamation, failed":      transport.Failed,
			},
			Message: "last_operation.description",
			Result:  "dashboard_url",
			Created: "created_at",
			Updated: "updated_at",
		},
	}
}
