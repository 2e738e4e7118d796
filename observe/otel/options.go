package jobstatusotel

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of the instrumentation scope.
const scope = "github.com/iamber12/job-status-monitoring/observe/otel"

var (
	// pollBuckets are the recommended bounds for http.client.request.duration, in seconds.
	pollBuckets = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	// watchBuckets reach from a job that ends at once to a job that takes a day, in seconds.
	watchBuckets = []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400}
	// delayBuckets reach from the delay of a notification to the longest wait between two polls, in
	// seconds.
	delayBuckets = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}
)

// Option sets one property of an [Observer] that [New] makes.
type Option func(*config)

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	attributes []attribute.KeyValue
}

// WithTracerProvider sets the destination of spans. The default, and nil, is
// otel.GetTracerProvider.
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// WithMeterProvider sets the destination of metrics. The default, and nil, is
// otel.GetMeterProvider.
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// WithAttributes adds attributes to all spans and metrics. In a program with several Watchers, give
// each one an Observer of its own with the address of its service, such as
// semconv.ServerAddress("ci.example.com"). By default there are none.
func WithAttributes(a ...attribute.KeyValue) Option {
	return func(c *config) { c.attributes = append(c.attributes, a...) }
}

// New returns an Observer. The error joins all problems with the options and the instruments.
func New(opts ...Option) (*Observer, error) {
	var c config
	var problems []error
	for i, opt := range opts {
		if opt == nil {
			problems = append(problems, fmt.Errorf("jobstatusotel: option %d is nil", i))
			continue
		}
		opt(&c)
	}
	if c.tracers == nil {
		c.tracers = otel.GetTracerProvider()
	}
	if c.meters == nil {
		c.meters = otel.GetMeterProvider()
	}
	o := &Observer{
		tracer:     c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		meter:      c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL)),
		attributes: c.attributes,
		answered:   []metric.RecordOption{metric.WithAttributes(c.attributes...)},
	}
	if err := errors.Join(append(problems, o.instruments())...); err != nil {
		return nil, err
	}
	return o, nil
}

// instruments makes all instruments.
func (o *Observer) instruments() error {
	errs := make([]error, 8)
	seconds := metric.WithUnit("s")
	watches := metric.WithUnit("{watch}")
	o.poll, errs[0] = o.meter.Float64Histogram("jobstatus.poll.duration", seconds,
		metric.WithDescription("Duration of polls."), metric.WithExplicitBucketBoundaries(pollBuckets...))
	o.watch, errs[1] = o.meter.Float64Histogram("jobstatus.watch.duration", seconds,
		metric.WithDescription("Duration of watches that ended."), metric.WithExplicitBucketBoundaries(watchBuckets...))
	o.delay, errs[2] = o.meter.Float64Histogram("jobstatus.detection.delay", seconds,
		metric.WithDescription("Time from the end of a job to when it was seen, at most."),
		metric.WithExplicitBucketBoundaries(delayBuckets...))
	o.phases, errs[3] = o.meter.Int64ObservableUpDownCounter("jobstatus.watch.count", watches,
		metric.WithDescription("Number of watches by what they wait for."))
	o.lag, errs[4] = o.meter.Float64ObservableGauge("jobstatus.poll.lag", seconds,
		metric.WithDescription("Time since the poll was due that is overdue for longest."))
	o.watches, errs[5] = o.meter.Int64ObservableCounter("jobstatus.ended.watches", watches,
		metric.WithDescription("Number of watches that ended."))
	o.ways, errs[6] = o.meter.Int64ObservableUpDownCounter("jobstatus.watch.ways", watches,
		metric.WithDescription("Number of watches by the way in which the Watcher hears of their jobs."))
	o.heard, errs[7] = o.meter.Int64ObservableCounter("jobstatus.notifications", metric.WithUnit("{notification}"),
		metric.WithDescription("Number of notifications about jobs, pending or not."))
	return errors.Join(errs...)
}
