package jobstatusotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/observe"
	jobstatusotel "github.com/iamber12/job-status-monitoring/observe/otel"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world keeps all that an Observer records.
type world struct {
	*testing.T
	*jobstatusotel.Observer
	tracers *sdktrace.TracerProvider
	spans   *tracetest.SpanRecorder
	reader  *sdkmetric.ManualReader
}

func newWorld(t *testing.T, opts ...jobstatusotel.Option) *world {
	w := &world{T: t, spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	w.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(w.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader))
	o, err := jobstatusotel.New(append([]jobstatusotel.Option{jobstatusotel.WithTracerProvider(w.tracers), jobstatusotel.WithMeterProvider(meters)}, opts...)...)
	require.NoError(t, err)
	w.Observer = o
	return w
}

var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// poll plays a poll of the jobs that takes a quarter of a second.
func (w *world) poll(err error, ids ...string) {
	ctx := w.Observe(context.Background(), &observe.Event{Kind: observe.PollStarted, Time: start, IDs: ids})
	took := 250 * time.Millisecond
	w.Observe(ctx, &observe.Event{Kind: observe.PollEnded, Time: start.Add(took), IDs: ids, Took: took, Err: err})
}

// span returns the only span.
func (w *world) span() sdktrace.ReadOnlySpan {
	w.Helper()
	require.Len(w, w.spans.Ended(), 1)
	return w.spans.Ended()[0]
}

// metrics collects what was measured, by name.
func (w *world) metrics() map[string]metricdata.Metrics {
	w.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(w, w.reader.Collect(context.Background(), &all))
	found := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		assert.Equal(w, "github.com/iamber12/job-status-monitoring/observe/otel", scope.Scope.Name)
		for _, m := range scope.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// equal compares a metric with what it should be, but for times and exemplars.
func (w *world) equal(want metricdata.Metrics) {
	w.Helper()
	got, ok := w.metrics()[want.Name]
	require.True(w, ok, want.Name)
	assert.NotEmpty(w, got.Description)
	want.Description = got.Description
	metricdatatest.AssertEqual(w.T, want, got, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// histogram returns one of the given points, each with one value.
func histogram(name string, buckets []float64, points ...metricdata.HistogramDataPoint[float64]) metricdata.Metrics {
	for i, p := range points {
		p.Count, p.Bounds, p.BucketCounts = 1, buckets, make([]uint64, len(buckets)+1)
		p.Min, p.Max = metricdata.NewExtrema(p.Sum), metricdata.NewExtrema(p.Sum)
		at := 0
		for at < len(buckets) && buckets[at] < p.Sum {
			at++
		}
		p.BucketCounts[at] = 1
		points[i] = p
	}
	return metricdata.Metrics{Name: name, Unit: "s",
		Data: metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality, DataPoints: points}}
}

// point is a value of a histogram with its attributes, given as names and values.
func point(seconds float64, pairs ...string) metricdata.HistogramDataPoint[float64] {
	return metricdata.HistogramDataPoint[float64]{Sum: seconds, Attributes: set(pairs...)}
}

func set(pairs ...string) attribute.Set {
	var all []attribute.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, attribute.String(pairs[i], pairs[i+1]))
	}
	return attribute.NewSet(all...)
}

var (
	pollBuckets  = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	watchBuckets = []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400}
	delayBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
)

func TestPollIsASpanThatBeginsATrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll(nil, "report-1")
	span := w.span()
	assert.Equal(t, "jobstatus.poll", span.Name())
	assert.Equal(t, trace.SpanKindInternal, span.SpanKind())
	assert.False(t, span.Parent().IsValid())
	assert.True(t, span.StartTime().Equal(start))
	assert.True(t, span.EndTime().Equal(start.Add(250*time.Millisecond)))
	assert.Equal(t, sdktrace.Status{}, span.Status())
	assert.Equal(t, []attribute.KeyValue{attribute.String("jobstatus.job.id", "report-1")}, span.Attributes())
	assert.Empty(t, span.Events())
	w.equal(histogram("jobstatus.poll.duration", pollBuckets, point(.25)))
}

func TestSpanOfABatchSaysHowManyJobsAndNamesTheFirst(t *testing.T) {
	t.Parallel()
	ids := make([]string, 250)
	for i := range ids {
		ids[i] = fmt.Sprint("job-", i)
	}
	w := newWorld(t)
	w.poll(nil, ids...)
	assert.ElementsMatch(t, []attribute.KeyValue{attribute.Int("jobstatus.batch.size", 250),
		attribute.StringSlice("jobstatus.job.ids", ids[:100])}, w.span().Attributes())
}

func TestFailedPollSaysWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll(fmt.Errorf("watch: %w", &transport.Error{Code: 503, Err: errors.New("503 Service Unavailable")}), "report-1")
	span := w.span()
	assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "503 Service Unavailable"}, span.Status())
	assert.Contains(t, span.Attributes(), attribute.String("error.type", "503"))
	w.equal(histogram("jobstatus.poll.duration", pollBuckets, point(.25, "error.type", "503")))
}

func TestTransportsRequestsNestInThePoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	srv := mock.NewServer(t, mock.Job("report-1", mock.Completed(nil)))
	client, err := rest.New(srv.URL, rest.WithRoundTripper(traced{srv.Client().Transport, w.tracers}))
	require.NoError(t, err)
	defer client.Close()

	ctx := w.Observe(t.Context(), &observe.Event{Kind: observe.PollStarted, IDs: []string{"report-1"}})
	_, err = client.Status(ctx, "report-1")
	require.NoError(t, err)
	w.Observe(ctx, &observe.Event{Kind: observe.PollEnded, IDs: []string{"report-1"}})

	spans := w.spans.Ended()
	require.Len(t, spans, 2)
	assert.Equal(t, spans[1].SpanContext().SpanID(), spans[0].Parent().SpanID())
	calls := srv.Calls("report-1")
	require.Len(t, calls, 1)
	assert.Contains(t, calls[0].Header.Get("Traceparent"), spans[1].SpanContext().TraceID().String())
}

// traced is what otelhttp is, in short.
type traced struct {
	next    http.RoundTripper
	tracers trace.TracerProvider
}

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := t.tracers.Tracer("http").Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	r = r.Clone(ctx)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	return t.next.RoundTrip(r)
}

func TestPollEndsItsOwnSpanAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, outer := w.tracers.Tracer("other").Start(t.Context(), "outer")
	w.Observe(ctx, &observe.Event{Kind: observe.PollEnded}) // of a poll whose start it was not told of
	assert.Empty(t, w.spans.Ended())

	ctx = w.Observe(ctx, &observe.Event{Kind: observe.PollStarted, IDs: []string{"a"}})
	ctx, inner := w.tracers.Tracer("other").Start(ctx, "inner")
	w.Observe(ctx, &observe.Event{Kind: observe.PollEnded, IDs: []string{"a"}})
	assert.Equal(t, "jobstatus.poll", w.span().Name())
	assert.True(t, outer.IsRecording())
	assert.True(t, inner.IsRecording())
}

func TestWatchesAreMeasuredByOutcomeAndKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, e := range []observe.Event{
		{Status: transport.Status{State: transport.Completed}, JobKind: "transcode", Delay: 200 * time.Millisecond},
		{Status: transport.Status{State: transport.Failed}},
		{Status: transport.Status{State: transport.Canceled}, Delay: time.Hour},
		{Status: transport.Status{State: transport.Running}, Err: jobstatus.ErrTimeout},
	} {
		e.Kind, e.ID, e.Elapsed = observe.WatchEnded, "report-1", 45*time.Second
		w.Observe(t.Context(), &e)
	}
	w.equal(histogram("jobstatus.watch.duration", watchBuckets,
		point(45, "jobstatus.watch.outcome", "completed", "jobstatus.job.kind", "transcode"),
		point(45, "jobstatus.watch.outcome", "failed"),
		point(45, "jobstatus.watch.outcome", "canceled"),
		point(45, "jobstatus.watch.outcome", "gave_up", "error.type", "timeout")))
	w.equal(histogram("jobstatus.detection.delay", delayBuckets,
		point(.2, "jobstatus.watch.outcome", "completed", "jobstatus.job.kind", "transcode"),
		point(0, "jobstatus.watch.outcome", "failed"),
		point(3600, "jobstatus.watch.outcome", "canceled")))
	assert.Empty(t, w.spans.Ended())
}

func TestAnswersAreNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	assert.Equal(t, ctx, w.Observe(ctx, &observe.Event{Kind: observe.Answered, ID: "report-1"}))
	assert.Empty(t, w.metrics())
	assert.Empty(t, w.spans.Started())
}

func TestAttributesStandOnAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, jobstatusotel.WithAttributes(attribute.String("server.address", "ci.example.com")))
	w.poll(nil, "a")
	assert.Contains(t, w.span().Attributes(), attribute.String("server.address", "ci.example.com"))
	w.equal(histogram("jobstatus.poll.duration", pollBuckets, point(.25, "server.address", "ci.example.com")))
	w.poll(errors.New("no"), "a")
	w.Observe(t.Context(), &observe.Event{Kind: observe.WatchEnded, Status: transport.Status{State: transport.Completed}})
	unregister, err := w.Register(func() jobstatus.Stats { return jobstatus.Stats{} })
	require.NoError(t, err)
	metrics := w.metrics()
	require.NoError(t, unregister())
	require.Len(t, metrics, 8)
	for name, m := range metrics {
		for _, a := range attributes(m) {
			v, ok := a.Value("server.address")
			assert.True(t, ok, name)
			assert.Equal(t, "ci.example.com", v.AsString())
		}
	}
}

// attributes returns those of each point of a metric.
func attributes(m metricdata.Metrics) (all []attribute.Set) {
	switch d := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			all = append(all, p.Attributes)
		}
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			all = append(all, p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range d.DataPoints {
			all = append(all, p.Attributes)
		}
	}
	return all
}

func TestNewReportsABadOption(t *testing.T) {
	t.Parallel()
	_, err := jobstatusotel.New(nil, nil)
	require.EqualError(t, err, "jobstatusotel: option 0 is nil\njobstatusotel: option 1 is nil")
}

func TestProvidersAreTheGlobalOnesByDefault(t *testing.T) {
	t.Parallel()
	o, err := jobstatusotel.New(jobstatusotel.WithTracerProvider(nil), jobstatusotel.WithMeterProvider(nil))
	require.NoError(t, err)
	w := &world{T: t, Observer: o}
	w.poll(errors.New("no"), "a") // to nowhere, as none is set
	w.Observe(t.Context(), &observe.Event{Kind: observe.WatchEnded})
}

func BenchmarkPoll(b *testing.B) {
	e := [2]observe.Event{{Kind: observe.PollStarted, IDs: []string{"report-1"}}, {Kind: observe.PollEnded, Took: time.Second}}
	poll := func(o *jobstatusotel.Observer) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				o.Observe(o.Observe(context.Background(), &e[0]), &e[1])
			}
		}
	}
	for name, sampler := range map[string]sdktrace.Sampler{"sampled": sdktrace.AlwaysSample(), "not sampled": sdktrace.NeverSample()} {
		o, err := jobstatusotel.New(jobstatusotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler))),
			jobstatusotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))))
		require.NoError(b, err)
		b.Run(name, poll(o))
	}
	o, err := jobstatusotel.New()
	require.NoError(b, err)
	b.Run("no provider", poll(o))
}
