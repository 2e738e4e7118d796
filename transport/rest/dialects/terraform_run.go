package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TerraformRun returns the dialect of runs of HCP Terraform and Terraform Enterprise.
//
// A poll is GET /api/v2/runs/{id} with a token of a user or a team. The fetched result is the run's
// apply. A run that was only planned and needs no apply has no result.
//
// A run that waits for a confirmation or an override is Blocked, unless it applies automatically. A
// run that the token may not see is not found.
//
// A notification does not say whether the run waits for a person. So each notification makes a
// Watcher poll: see [rest.Event].
//
// The signature of a notification is in the header X-TFE-Notification-Signature: see webhook.HMAC
// with SHA-512.
//
// See https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run.
// The webhook is described at
// https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations.
func TerraformRun() Service {
	header := map[string]string{"Content-Type": "application/vnd.api+json"}
	states := map[string]transport.State{
		"post_plan_awaiting_decision, *, *": transport.Blocked,
		"planned_and_saved, *, *":           transport.Blocked,
		"policy_override, *, *":             transport.Blocked,
		"planned_and_finished, *, *":        transport.Completed,
		"applied, *, *":                     transport.Completed,
		"errored, *, *":                     transport.Failed,
		"policy_soft_failed, *, *":          transport.Failed,
		"canceled, *, *":                    transport.Canceled,
		"force_canceled, *, *":              transport.Canceled,
		"discarded, *, *":                   transport.Canceled,
	}
	for _, word := range []string{"pending", "fetching", "queuing", "plan_queued", "queuing_apply", "apply_queued"} {
		states[word+", *, *"] = transport.Pending
	}
	for _, word := range []string{"fetching_completed", "pre_plan_running", "pre_plan_completed", "planning", "cost_estimating", "policy_checking",
		"post_plan_running", "confirmed", "pre_apply_running", "pre_apply_completed", "applying"} {
		states[word+", *, *"] = transport.Running
	}
	for _, word := range []string{"planned", "cost_estimated", "policy_checked", "post_plan_completed"} { // a person may have to confirm it
		states[word+", *, *"] = transport.Running
		states[word+", true, *"] = transport.Blocked
		states[word+", true, true"] = transport.Running
		states[word+", -, -"] = transport.Blocked
		states[word+", -, false"] = transport.Blocked
	}
	return Service{
		Name:    "HCP Terraform runs",
		Doc:     "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/run",
		BaseURL: "https://app.terraform.io",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/api/v2/runs", Header: header},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/api/v2/runs/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/api/v2/runs/{id}/actions/cancel", Header: header},
			Fetch:             rest.Call{Path: "/api/v2/applies/{result}"},
			ID:                "data.id",
			State:             "data.attributes.status, data.attributes.actions.is-confirmable, data.attributes.auto-apply",
			States:            states,
			Message:           "data.attributes.message",
			Result:            "data.relationships.apply.data.id",
			Created:           "data.attributes.created-at",
			Finished:          "data.attributes.status-timestamps.applied-at, data.attributes.status-timestamps.errored-at",
			Event:             rest.Event{ID: "run_id", State: "-"},
		},
	}
}
