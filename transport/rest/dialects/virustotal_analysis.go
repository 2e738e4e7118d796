package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// VirusTotalAnalysis returns the dialect of analyses of URLs by VirusTotal.
//
// It asks for GET /api/v3/analyses/{id} with an API key in the header x-apikey. A create is a form
// with the field url. The result counts the verdicts. For a file, set Dialect.Create to POST
// /api/v3/files with the Content-Type multipart/form-data, and give a [rest.File] as the field
// file.
//
// VirusTotal knows neither a failed nor a canceled analysis: bound the wait by a deadline. Keys
// that are free may ask four times a minute. A quota of a day that is used up is throttled as well,
// without a time.
//
// See https://docs.virustotal.com/reference/analysis.
func VirusTotalAnalysis() Service {
	return Service{
		Name:        "VirusTotal analyses",
		Doc:         "https://docs.virustotal.com/reference/analysis",
		BaseURL:     "https://www.virustotal.com",
		TokenHeader: "X-Apikey",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/api/v3/urls", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/api/v3/analyses/{id}"},
			Cancel:            rest.Call{Path: "-"},
			ID:                "data.id",
			State:             "data.attributes.status",
			States: map[string]transport.State{
				"queued":      transport.Pending,
				"in-progress": transport.Running,
				"completed":   transport.Completed,
			},
			Result:  "data.attributes.stats",
			Created: "data.attributes.date",
		},
	}
}
