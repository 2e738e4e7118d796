package jobstatusotel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// The second of three polls fails, after it was sent three times.
func TestWatchIsSeenFromItsFirstPollToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Job("report-1", mock.Pending(50*time.Second), mock.Completed(nil)),
		mock.Fault(fault.Nth(2, 3, 4), fault.Code(503)))
	client, err := rest.New(srv.URL, rest.WithRoundTripper(traced{srv.Client().Transport, w.tracers}))
	require.NoError(t, err)
	defer client.Close()
	watcher, err := jobstatus.New(client, jobstatus.WithClock(clk), jobstatus.WithObserver(w),
		jobstatus.WithBackoff(backoff.Constant(30*time.Second)))
	require.NoError(t, err)
	unregister, err := w.Register(watcher.Stats)
	require.NoError(t, err)
	clk.Run(func() {
		_, err = watcher.WaitForJob(t.Context(), "report-1", jobstatus.Kind("report"))
	})
	require.NoError(t, err)
	require.NoError(t, watcher.Close())

	polls, requests := map[trace.SpanID]int{}, 0
	var failed []string
	for _, span := range w.spans.Ended() {
		if span.Name() != "jobstatus.poll" {
			polls[span.Parent().SpanID()]++
			requests++
			continue
		}
		polls[span.SpanContext().SpanID()] += 0
		for _, a := range span.Attributes() {
			if a.Key == "error.type" {
				failed = append(failed, a.Value.AsString())
			}
		}
	}
	assert.Len(t, polls, 3, "each request belongs to a poll")
	assert.Equal(t, 5, requests)
	assert.Equal(t, []string{"503"}, failed)
	for _, call := range srv.Calls("report-1") {
		assert.NotEmpty(t, call.Header.Get("Traceparent"))
	}

	metrics := w.metrics()
	require.NoError(t, unregister())
	assert.Len(t, metrics, 8)
	count := func(name string, pairs ...string) (n uint64, sum float64) {
		for _, p := range metrics[name].Data.(metricdata.Histogram[float64]).DataPoints {
			if p.Attributes == set(pairs...) {
				return p.Count, p.Sum
			}
		}
		return 0, 0
	}
	n, _ := count("jobstatus.poll.duration")
	assert.EqualValues(t, 2, n)
	n, _ = count("jobstatus.poll.duration", "error.type", "503")
	assert.EqualValues(t, 1, n)
	completed := []string{"jobstatus.watch.outcome", "completed", "jobstatus.job.kind", "report"}
	n, took := count("jobstatus.watch.duration", completed...)
	assert.EqualValues(t, 1, n)
	assert.InDelta(t, 60, took, 1)
	n, late := count("jobstatus.detection.delay", completed...)
	assert.EqualValues(t, 1, n)
	assert.GreaterOrEqual(t, late, 10.0)
	for _, p := range metrics["jobstatus.ended.watches"].Data.(metricdata.Sum[int64]).DataPoints {
		outcome, _ := p.Attributes.Value(attribute.Key("jobstatus.watch.outcome"))
		assert.Equal(t, outcome.AsString() == "completed", p.Value == 1)
	}
}
