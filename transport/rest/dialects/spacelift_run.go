package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// SpaceliftRun returns the dialect of runs of a Spacelift stack.
//
// A poll is POST /graphql, in GraphQL, with a JSON Web Token of an API key. The base URL is the URL
// of the account.
//
// A run that waits for a confirmation or a review is Blocked. A run that waits for another run or
// for its stack to be unlocked is Pending. Both kinds of waiting have the same state in the answer.
//
// The signature of a webhook is in the header X-Signature-256, with the prefix sha256=: see
// webhook.HMAC.
//
// See https://docs.spacelift.io/integrations/api.
// The webhook is described at
// https://docs.spacelift.io/integrations/webhooks.
func SpaceliftRun(stack string) Service {
	graphQL := func(query string, variables map[string]any) rest.Call {
		return rest.Call{Method: "POST", Path: "/graphql", Body: map[string]any{"query": query, "variables": variables}}
	}
	return Service{
		Name: "Spacelift runs",
		Doc:  "https://docs.spacelift.io/integrations/api",
		Dialect: rest.Dialect{
			Create:            graphQL("mutation($s:ID!){runTrigger(stack:$s){ id }}", map[string]any{"s": stack}),
			IdempotencyHeader: "-",
			Status:            graphQL("query($s:ID!,$r:ID!){stack(id:$s){run(id:$r){id state}}}", map[string]any{"s": stack, "r": "{id}"}),
			Cancel:            graphQL("mutation($s:ID!,$r:ID!){runStop(stack:$s,run:$r){ id }}", map[string]any{"s": stack, "r": "{id}"}),
			ID:                "data.runTrigger.id",
			AnswerID:          "data.stack.run.id",
			State:             "data.stack.run.state",
			States: map[string]transport.State{
				"QUEUED":           transport.Pending,
				"READY":            transport.Pending,
				"PENDING":          transport.Pending,
				"PREPARING":        transport.Running,
				"PREPARING_APPLY":  transport.Running,
				"PREPARING_REPLAN": transport.Running,
				"REPLAN_REQUESTED": transport.Running,
				"INITIALIZING":     transport.Running,
				"PLANNING":         transport.Running,
				"CONFIRMED":        transport.Running,
				"APPLYING":         transport.Running,
				"PERFORMING":       transport.Running,
				"DESTROYING":       transport.Running,
				"UNCONFIRMED":      transport.Blocked,
				"PENDING_REVIEW":   transport.Blocked,
				"FINISHED":         transport.Completed,
				"FAILED":           transport.Failed,
				"DISCARDED":        transport.Canceled,
				"STOPPED":          transport.Canceled,
				"CANCELED":         transport.Canceled,
				"SKIPPED":          transport.Canceled,
			},
			Event: rest.Event{ID: "run.id", State: "state"},
			// A query that went well has one of the first three, the answer that a run is unknown none.
			Fault: "@code, data.stack.run, data.runTrigger, data.runStop, errors[0].message, errors[0].extensions.code",
			Faults: map[string]transport.Class{
				"200, -, -, -, -, -":            transport.NotFound,
				"200, *, *, *, +, *":            transport.Permanent,
				"200, *, *, *, +, RATE_LIMITED": transport.Throttled,
			},
		},
	}
}
