package rest_test

import (
	"testing"

	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// fault 17
func TestWhatFollowsADocumentOfXMLMakesItMalformed(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "job.state", Error: "job.error", States: tagWords}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `<?xml version="1.0"?><!-- a --><job><state>done</state></job><!-- b -->` + "\n", Means: "completed"},
		{Body: `<job><state>failed</state></job>`, Means: "failed"},
		{Body: `<job><state>done</state></job><error>disk full</error>`, Means: "malformed"},
		{Body: `<job><state>done</state></job><job><state>done</state></job>`, Means: "malformed"},
		{Body: `<job><state>done</state></job>disk full`, Means: "malformed"},
	})
}

func TestTheGuardBeforeJSONMayHaveAComma(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, State: "state", States: tagWords}
	resttest.Check(t, d, []resttest.Sample{
		{Body: ")]}',\n" + `{"state":"done"}`, Means: "completed"},
		{Body: ")]}'\n" + `{"state":"failed"}`, Means: "failed"},
		{Body: ")]}',,\n" + `{"state":"done"}`, Means: "malformed"},
		{Body: ")]}',\n" + `{"state":"done"`, Means: "malformed"},
	})
}
