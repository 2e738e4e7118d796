package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// VirusTotalAnalysis returns the dialect of analyses of URLs by VirusTotal.
//
// A poll is GET /api/v3/analyses/{id} with an API key in the header x-apikey. A create is a form
// with the field url. The result is the number of each verdict. To analyze a file, set
// Dialect.Create to POST /api/v3/files with the Content-Type multipart/form-data, and pass a
// [rest.File] as the field file.
//
// VirusTotal never reports an analysis as failed or canceled, so give the wait a timeout. A free
// key allows four requests a minute. When the quota of a day is used up, polls are throttled, and
// the service does not say for how long.
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
