package rest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// fault 64: some services send the fields of an end before it, with the zero values of their
// language.
func TestZeroValuesOfAnEndAreNoEnd(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, ID: "id", State: "startedAt, finishedAt, exitCode", Error: "-", Finished: "finishedAt",
		States: states{"-, -, *": pending, "+, -, *": isRunning, "+, +, 0": completed, "+, +, +": failed},
	}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"startedAt":"0001-01-01T00:00:00Z","finishedAt":"0001-01-01T00:00:00Z","exitCode":0}`, Means: "pending"},
		{Body: `{"startedAt":"","finishedAt":"","exitCode":0}`, Means: "pending"},
		{Body: `{"startedAt":"2026-01-02T03:04:05Z","finishedAt":"1970-01-01T00:00:00Z","exitCode":0}`, Means: "running"},
		{Body: `{"startedAt":"2026-01-02T03:04:05Z","finishedAt":null,"exitCode":0}`, Means: "running"},
		{Body: `{"startedAt":1767323045,"finishedAt":0,"exitCode":0}`, Means: "unknown"},
		{Body: `{"startedAt":true,"finishedAt":false,"exitCode":0}`, Means: "unknown"},
		{Body: `{"startedAt":"1767323045","finishedAt":"0","exitCode":0}`, Means: "malformed"},
		{Body: `{"startedAt":1767323045,"finishedAt":1767323046,"exitCode":0}`, Means: "completed"},
		{Body: `{"startedAt":1767323045,"finishedAt":1767323046,"exitCode":"0"}`, Means: "completed"},
		{Body: `{"startedAt":1767323045,"finishedAt":1767323046,"exitCode":-9}`, Means: "failed"},
	})
	s, err := serve(t, say(200, `{"startedAt":1,"finishedAt":"1970-01-01T00:00:00Z","exitCode":0}`), rest.WithDialect(d)).Status(t.Context(), "1")
	require.NoError(t, err)
	assert.Equal(t, time.Time{}, s.Finished)
}

// fault 64: a time at Error that is zero is no error.
func TestAZeroTimeIsNoError(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "state", States: states{"done": completed, "failed": failed}, Error: "failedAt"}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"state":"done","failedAt":"0001-01-01T00:00:00Z"}`, Means: "completed"},
		{Body: `{"state":"done","failedAt":"2026-01-01T00:00:00Z"}`, Means: "failed"},
	})
}
