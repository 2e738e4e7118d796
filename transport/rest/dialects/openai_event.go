package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// openAIEvent describes the webhooks about one kind of object, whose types are such as
// "batch.completed". They tell ends only.
func openAIEvent(kind string) rest.Event {
	states := map[string]transport.State{}
	for word, state := range map[string]transport.State{
		"completed":  transport.Completed,
		"succeeded":  transport.Completed,
		"failed":     transport.Failed,
		"expired":    transport.Failed,
		"incomplete": transport.Failed,
		"cancelled":  transport.Canceled,
	} {
		states[kind+"."+word] = state
	}
	return rest.Event{At: "data", State: "type", States: states}
}
