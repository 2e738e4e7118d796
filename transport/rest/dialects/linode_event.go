package dialects

import (
	"encoding/json"
	"strconv"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// LinodeEvent returns the dialect of an action on a Linode, such as reboot, boot, shutdown or
// rebuild. The instance is the Linode's number.
//
// A poll is GET /v4/account/events/{id} with a personal access token that may read events. The
// answer to the action does not name its event. So the Client looks for the new event in the list
// of the instance's events of that action. Two equal actions at the same time cannot be told apart,
// and are an error.
//
// Linode cannot cancel an event.
//
// See https://techdocs.akamai.com/linode-api/reference/get-event.
func LinodeEvent(instance int, action string) Service {
	filter, _ := json.Marshal(map[string]any{ // strings and maps of them are always encoded
		"action": "linode_" + action, "entity.id": instance, "entity.type": "linode", "+order_by": "created", "+order": "desc",
	})
	return Service{
		Name:    "Linode events",
		Doc:     "https://techdocs.akamai.com/linode-api/reference/get-event",
		BaseURL: "https://api.linode.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/v4/linode/instances/" + strconv.Itoa(instance) + "/" + segment(action)},
			IdempotencyHeader: "-",
			ID:                "id",
			Find: rest.Find{
				Call: rest.Call{Path: "/v4/account/events", Header: map[string]string{"X-Filter": string(filter)}},
				List: "data",
			},
			Status: rest.Call{Path: "/v4/account/events/{id}"},
			Cancel: rest.Call{Path: "-"},
			State:  "status",
			States: map[string]transport.State{
				"scheduled":    transport.Pending,
				"started":      transport.Running,
				"finished":     transport.Completed,
				"notification": transport.Completed,
				"failed":       transport.Failed,
				"canceled":     transport.Canceled,
			},
			Progress:      "percent_complete",
			ProgressScale: 100,
			Message:       "message",
			Created:       "created",
		},
	}
}
