package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// BunnyStreamVideo returns the dialect of videos of a library of Bunny Stream that are fetched from
// a URL. The library is its number.
//
// A poll is GET /library/{library}/videos/{id} with the library's key in the header AccessKey. The
// result is the list of resolutions, as a text.
//
// The state is a number. A video that is encoded while it is watched has the number 8. It is
// Unknown, with the number in Raw. The webhook has other numbers, of which 3 means finished. Bunny
// Stream cannot cancel an encoding: a DELETE removes the video.
//
// The signature of a webhook is in the header X-BunnyStream-Signature: see webhook.HMAC. Its key is
// the read-only API key of the library.
//
// See https://docs.bunny.net/reference/video_getvideo.
// The webhook is described at
// https://docs.bunny.net/stream/webhooks.
func BunnyStreamVideo(library string) Service {
	videos := "/library/" + segment(library) + "/videos/"
	return Service{
		Name:        "Bunny Stream videos",
		Doc:         "https://docs.bunny.net/reference/video_getvideo",
		BaseURL:     "https://video.bunnycdn.com",
		TokenHeader: "AccessKey",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: videos + "fetch"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: videos + "{id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "id",
			AnswerID:          "guid",
			State:             "status",
			States: map[string]transport.State{
				"0": transport.Pending,
				"1": transport.Running, // uploaded
				"2": transport.Running, // processing
				"3": transport.Running, // transcoding
				"4": transport.Completed,
				"5": transport.Failed,
				"6": transport.Failed,  // the upload
				"7": transport.Running, // cut into segments while it is watched
			},
			Fault:         "@code, success",
			Faults:        map[string]transport.Class{"200, false": transport.Permanent},
			Progress:      "encodeProgress",
			ProgressScale: 100,
			Message:       "transcodingMessages[-1].message",
			Result:        "availableResolutions",
			Created:       "dateUploaded",
			Event:         bunnyEvent(),
		},
	}
}

// bunnyEvent describes the webhook, whose numbers are not those of a video. A number that is
// not listed, such as that of captions, says nothing of the encoding.
func bunnyEvent() rest.Event {
	return rest.Event{ID: "VideoGuid", State: "Status", States: map[string]transport.State{
		"0": transport.Pending,
		"1": transport.Running,   // processing
		"2": transport.Running,   // encoding
		"3": transport.Completed, // all resolutions
		"4": transport.Running,   // one resolution
		"5": transport.Failed,
		"6": transport.Running, // the upload began
		"7": transport.Running, // the upload ended
		"8": transport.Failed,  // the upload
	}}
}
