// Package target is what package push says to package mock: where a service pushes to.
package target

import "net/http"

// Target is a webhook, or a stream if it has a Path.
type Target struct {
	URL, Secret string
	Client      *http.Client // makes the calls
	Path        string
}
