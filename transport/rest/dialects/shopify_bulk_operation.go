package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ShopifyBulkOperation returns the dialect of bulk queries of a Shopify store in a version of the
// Admin API, such as 2026-07.
//
// A poll is POST /admin/api/{version}/graphql.json, in GraphQL, with an access token of the Admin
// API. The base URL is the URL of the store. The input is the text of the query. The result is the
// link to a file of JSON Lines, which expires after a week. To fetch the file, allow its origin by
// [rest.AllowOrigin].
//
// An operation whose file has expired is Failed, because it has no result.
//
// A webhook of bulk_operations/finish has no link to the file. Its signature is in the header
// X-Shopify-Hmac-Sha256, in base64: see webhook.HMAC.
//
// See https://shopify.dev/docs/api/admin-graphql/latest/objects/BulkOperation.
// The webhook is described at
// https://shopify.dev/docs/api/webhooks/latest#list-of-topics-bulk_operations/finish.
func ShopifyBulkOperation(version string) Service {
	call := func(query string, variables map[string]any) rest.Call {
		return rest.Call{Method: "POST", Path: "/admin/api/" + segment(version) + "/graphql.json", Body: map[string]any{"query": query, "variables": variables}}
	}
	create := call("mutation($q:String!){bulkOperationRunQuery(query:$q){bulkOperation{ id } userErrors{message}}}", map[string]any{"q": "{input}"})
	create.Fault, create.Faults = "data.bulkOperationRunQuery.userErrors[0].message", map[string]transport.Class{"+": transport.Permanent}
	cancel := call("mutation($id:ID!){bulkOperationCancel(id:$id){bulkOperation{ id } userErrors{message}}}", map[string]any{"id": "{id}"})
	cancel.Fault, cancel.Faults = "data.bulkOperationCancel.userErrors[0].message", map[string]transport.Class{"+": transport.Permanent}
	status := call("query($id:ID!){node(id:$id){... on BulkOperation{id status errorCode url createdAt completedAt}}}", map[string]any{"id": "{id}"})
	status.Fault, status.Faults = "@code, data.node, errors[0].message", map[string]transport.Class{"200, -, -": transport.NotFound}
	return Service{
		Name:        "Shopify bulk operations",
		Doc:         "https://shopify.dev/docs/api/admin-graphql/latest/objects/BulkOperation",
		TokenHeader: "X-Shopify-Access-Token",
		Dialect: rest.Dialect{
			Create:            create,
			IdempotencyHeader: "-",
			Status:            status,
			Cancel:            cancel,
			Fetch:             rest.Call{Path: "{+result}"},
			ID:                "data.bulkOperationRunQuery.bulkOperation.id",
			AnswerID:          "data.node.id",
			State:             "data.node.status",
			States: map[string]transport.State{
				"CREATED":   transport.Pending,
				"RUNNING":   transport.Running,
				"CANCELING": transport.Running,
				"COMPLETED": transport.Completed,
				"FAILED":    transport.Failed,
				"EXPIRED":   transport.Failed,
				"CANCELED":  transport.Canceled,
			},
			Fault: "@code, errors[0].message, errors[0].extensions.code",
			Faults: map[string]transport.Class{
				"200, +, *":         transport.Permanent,
				"200, +, THROTTLED": transport.Throttled,
			},
			Error:    "data.node.errorCode",
			Result:   "data.node.url",
			Created:  "data.node.createdAt",
			Finished: "data.node.completedAt",
			Event:    rest.Event{ID: "admin_graphql_api_id", State: "status"},
		},
	}
}
