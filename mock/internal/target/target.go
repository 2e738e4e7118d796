// Package target has the type by which package push tells package mock where a service sends its
// pushes.
package target

import "net/http"

// Target is a webhook, or a stream if it has a Path.
type Target struct {
	URL, Secret string
	Client      *http.Client // makes the calls
	Path        string
}
