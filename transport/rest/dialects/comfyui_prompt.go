package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ComfyUIPrompt returns the dialect of prompts of ComfyUI.
//
// A poll is GET /history/{id}. The result is the map of outputs. A cancel interrupts a prompt that
// runs, and has no effect on one that is queued.
//
// ComfyUI answers {} about a prompt that runs, and about one that never existed. In both cases the
// state is Running, so give the wait a timeout.
//
// See https://docs.comfy.org/development/comfyui-server/comms_routes.
func ComfyUIPrompt() Service {
	return Service{
		Name: "ComfyUI prompts",
		Doc:  "https://docs.comfy.org/development/comfyui-server/comms_routes",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/prompt"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/history/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/interrupt", Body: map[string]any{"prompt_id": "{id}"}},
			ID:                "prompt_id",
			State:             "{id}.status.status_str, {id}.status.completed, {id}.status.messages[-1][0]",
			States: map[string]transport.State{
				"-, -, -":                         transport.Running,
				"success, true, *":                transport.Completed,
				"error, *, *":                     transport.Failed,
				"error, *, execution_interrupted": transport.Canceled,
			},
			Message: "{id}.status.messages[-1][1].exception_message",
			Result:  "{id}.outputs",
		},
	}
}
