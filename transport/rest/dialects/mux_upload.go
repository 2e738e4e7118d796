package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// MuxUpload returns the dialect of direct uploads of Mux.
//
// A poll is GET /video/v1/uploads/{id} with an access token's id and secret, as the user and
// password of the base URL. The result is the id of the asset.
//
// When an upload is Completed, the preparation of the asset has only begun.
//
// A webhook about an upload has the form of the answer to a poll. Its signature is in the header
// Mux-Signature: see webhook.Timed.
//
// See https://docs.mux.com/api-reference/video/direct-uploads.
func MuxUpload() Service {
	return Service{
		Name:    "Mux direct uploads",
		Doc:     "https://docs.mux.com/api-reference/video/direct-uploads",
		BaseURL: "https://api.mux.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/video/v1/uploads"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/video/v1/uploads/{id}"},
			Cancel:            rest.Call{Method: "PUT", Path: "/video/v1/uploads/{id}/cancel"},
			ID:                "data.id",
			State:             "data.status",
			States: map[string]transport.State{
				"waiting":       transport.Pending,
				"asset_created": transport.Completed,
				"errored":       transport.Failed,
				"timed_out":     transport.Failed,
				"cancelled":     transport.Canceled,
			},
			Error:  "data.error.message, data.error.type",
			Result: "data.asset_id",
		},
	}
}
