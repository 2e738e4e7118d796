package rest_test

import (
	"testing"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// A job of many parts is completed when each of them is, as the documentation of places says.
func TestAJobOfManyPartsIsTold(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, State: "jobs[0], jobs[state!=done], jobs[state!=done].state",
		States: map[string]transport.State{"-, -, -": transport.Pending, "+, -, -": transport.Completed, "+, +, running": transport.Running, "+, +, failed": transport.Failed},
	}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"jobs":[]}`, Means: "pending"},
		{Body: `{"jobs":[{"state":"done"},{"state":"running"},{"state":"failed"}]}`, Means: "running"},
		{Body: `{"jobs":[{"state":"done"},{"state":"failed"}]}`, Means: "failed"},
		{Body: `{"jobs":[{"state":"done"},{"state":"done"}]}`, Means: "completed"},
		{Body: `{"jobs":[{"state":"done"},{"state":"new word"}]}`, Means: "malformed"},
		{Body: `{"jobs":[{"state":"done"},{"id":2}]}`, Means: "malformed"},
	})
}
