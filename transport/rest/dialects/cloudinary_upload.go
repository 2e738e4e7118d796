package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// CloudinaryUpload returns the dialect of asynchronous uploads to a cloud of Cloudinary. The kind
// is image, video or raw.
//
// A poll is GET /v1_1/{cloud}/resources/{type}/upload/{id}, with the API key and its secret as the
// user and password of the base URL. A create is a form with the file, public_id, async=true, and a
// signature or an upload preset. The result is the asset's URL.
//
// Cloudinary answers 404 about an upload that runs, that failed or that never existed. In all three
// cases the state is Running. Only the webhook reports a failure, so give the wait a timeout.
// Cloudinary cannot cancel an upload.
//
// The signature of a webhook is in the header X-Cld-Signature: see webhook.HMAC. It is the plain
// hash of the body, the header X-Cld-Timestamp and the API secret, by SHA-1 or SHA-256.
//
// See https://cloudinary.com/documentation/upload_images#asynchronous_uploads.
func CloudinaryUpload(cloud, kind string) Service {
	base := "/v1_1/" + segment(cloud)
	return Service{
		Name:    "Cloudinary uploads",
		Doc:     "https://cloudinary.com/documentation/upload_images#asynchronous_uploads",
		BaseURL: "https://api.cloudinary.com",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: base + "/" + segment(kind) + "/upload", Header: map[string]string{"Content-Type": "multipart/form-data"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: base + "/resources/" + segment(kind) + "/upload/{+id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "public_id",
			State:             "@code, status, secure_url",
			States: map[string]transport.State{
				"404, *, *":       transport.Running,
				"200, pending, *": transport.Running,
				"200, -, +":       transport.Completed,
				"200, failed, *":  transport.Failed,
			},
			Fault:   "@code",
			Faults:  map[string]transport.Class{"420": transport.Throttled},
			Message: "error.message",
			Result:  "secure_url",
			Created: "created_at",
		},
	}
}
