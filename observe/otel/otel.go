// Package jobstatusotel makes OpenTelemetry metrics and traces of what a Watcher does. Its import
// path ends in observe/otel. Its name differs from that, because OpenTelemetry has a package otel:
//
//	import jobstatusotel "github.com/iamber12/job-status-monitoring/observe/otel"
//
//	o, err := jobstatusotel.New()
//	if err != nil {
//		return err
//	}
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithObserver(o))
//	if err != nil {
//		return err
//	}
//	unregister, err := o.Register(w.Stats)
//
// # Traces
//
// Each poll is an internal span "jobstatus.poll". The context of the poll carries the span, so an
// instrumented RoundTripper makes client spans as its children. The one of otelhttp also sends the
// header traceparent to the service, but only if the program has set a propagator. By default,
// OpenTelemetry has none:
//
//	otel.SetTextMapPropagator(propagation.TraceContext{})
//	rest.New(url, rest.WithRoundTripper(otelhttp.NewTransport(http.DefaultTransport)))
//
// A poll serves all waits for the job, so it begins a new trace. A caller can make a span of its
// own around a wait. The attributes of a poll's span are:
//
//	jobstatus.job.id      the job, if the poll is about one
//	jobstatus.job.ids     the first 100 jobs of a batch
//	jobstatus.batch.size  the number of jobs that a batch is about
//	error.type            why the poll failed
//
// An id is shortened as in logs: to at most 64 bytes, and without a query, which may hold a token.
//
// The span of a failed poll has the status Error. Its description is the service's status code with
// its name, such as "503 Service Unavailable". If there was no answer, it is the text of the
// [transport.Error], which holds no secret. The text of any other error and the body of an answer
// are never part of it.
//
// # Metrics
//
//	jobstatus.poll.duration     s  histogram  error.type
//	jobstatus.watch.duration    s  histogram  jobstatus.watch.outcome, jobstatus.job.kind, error.type
//	jobstatus.detection.delay   s  histogram  jobstatus.watch.outcome, jobstatus.job.kind
//
// [Observer.Register] adds
//
//	jobstatus.watch.count    {watch}         up-down counter  jobstatus.watch.phase
//	jobstatus.watch.ways     {watch}         up-down counter  jobstatus.watch.way
//	jobstatus.poll.lag       s               gauge
//	jobstatus.ended.watches  {watch}         counter          jobstatus.watch.outcome
//	jobstatus.notifications  {notification}  counter
//
// A phase is waiting, overdue or in_flight. A way is notified, held or polled: it says how the
// Watcher follows the job at present. The lag is how long the poll that is overdue longest has been
// overdue. An outcome is completed, failed, canceled, or gave_up if the watch ended before the job
// did. Only gave_up has an error.type. No metric has a job's id. There is one series for each kind:
// see jobstatus.Kind.
//
// [Observer.RegisterFleet] adds the figures of one process of a fleet. [observe.FleetStats]
// explains them:
//
//	jobstatus.fleet.owned         {partition}  up-down counter
//	jobstatus.fleet.pending       {watch}      up-down counter
//	jobstatus.fleet.unacked       {end}        up-down counter
//	jobstatus.fleet.rate_limit    {request}/s  up-down counter
//	jobstatus.fleet.workers       {worker}     gauge
//	jobstatus.fleet.disconnected  1            gauge
//	jobstatus.fleet.backlog       {end}        gauge
//	jobstatus.fleet.moves         {partition}  counter          jobstatus.fleet.move
//	jobstatus.fleet.fenced        {event}      counter
//	jobstatus.fleet.submitted     {watch}      counter
//	jobstatus.fleet.ends          {end}        counter          jobstatus.fleet.end
//	jobstatus.fleet.unreadable    {message}    counter
//
// A move is claimed, taken_over (claimed from a worker that no longer responds), handed_over, or
// taken by another worker. An end is stored, doubled or acked. The backlog counts the whole fleet,
// so all processes report the same number.
//
// An error.type is timeout, canceled, closed, max_attempts, blocked, max_watches, invalid_id,
// not_found, throttled, malformed, oversized, not_answered or panic. For other errors it is the
// service's status code, such as 503, or what semconv.ErrorType returns.
package jobstatusotel

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/iamber12/job-status-monitoring/internal/ids"
	"github.com/iamber12/job-status-monitoring/observe"
)

const (
	idKey      = attribute.Key("jobstatus.job.id")
	idsKey     = attribute.Key("jobstatus.job.ids")
	kindKey    = attribute.Key("jobstatus.job.kind")
	sizeKey    = attribute.Key("jobstatus.batch.size")
	outcomeKey = attribute.Key("jobstatus.watch.outcome")
	phaseKey   = attribute.Key("jobstatus.watch.phase")
	wayKey     = attribute.Key("jobstatus.watch.way")
)

// gaveUp is the outcome of a watch that ended before its job did. The others are the names of the
// terminal states.
const gaveUp = "gave_up"

// maxIDs is the maximum number of jobs of a batch that a span names.
const maxIDs = 100

// Observer is an [observe.Observer] that makes metrics and traces. Use [New] to make one. An
// Observer is safe for concurrent use.
type Observer struct {
	tracer     trace.Tracer
	meter      metric.Meter
	attributes []attribute.KeyValue
	answered   []metric.RecordOption // of a poll without an error

	poll, watch, delay metric.Float64Histogram

	phases, ways   metric.Int64ObservableUpDownCounter
	lag            metric.Float64ObservableGauge
	watches, heard metric.Int64ObservableCounter

	hasStats, hasFleet atomic.Bool // whether metrics are made of the Stats of a Watcher, and of a fleet
}

var _ observe.Observer = (*Observer)(nil)

// Observe records an Event.
func (o *Observer) Observe(ctx context.Context, e *observe.Event) context.Context {
	switch e.Kind {
	case observe.PollStarted:
		return o.pollStarted(ctx, e)
	case observe.PollEnded:
		o.pollEnded(ctx, e)
	case observe.WatchEnded:
		o.watchEnded(ctx, e)
	}
	return ctx
}

// spanKey is the key of a poll's span in its context. trace.SpanFromContext may return the span of
// another Observer.
type spanKey struct{}

func (o *Observer) pollStarted(ctx context.Context, e *observe.Event) context.Context {
	ctx, span := o.tracer.Start(ctx, "jobstatus.poll", trace.WithTimestamp(e.Time), trace.WithAttributes(o.jobs(e.IDs)...))
	return context.WithValue(ctx, spanKey{}, span)
}

// jobs returns the attributes that say what a poll is about.
func (o *Observer) jobs(polled []string) []attribute.KeyValue {
	if len(polled) == 1 {
		return o.with(idKey.String(ids.Short(polled[0])))
	}
	named := make([]string, min(len(polled), maxIDs))
	for i := range named {
		named[i] = ids.Short(polled[i])
	}
	return o.with(sizeKey.Int(len(polled)), idsKey.StringSlice(named))
}

func (o *Observer) pollEnded(ctx context.Context, e *observe.Event) {
	options := o.answered
	if e.Err != nil {
		options = []metric.RecordOption{metric.WithAttributes(o.with(errorType(e.Err))...)}
	}
	o.poll.Record(ctx, e.Took.Seconds(), options...)
	if span, ok := ctx.Value(spanKey{}).(trace.Span); ok {
		end(span, e.Time, e.Err)
	}
}

func end(span trace.Span, at time.Time, err error) {
	if err != nil && span.IsRecording() {
		span.SetAttributes(errorType(err))
		span.SetStatus(codes.Error, description(err))
	}
	span.End(trace.WithTimestamp(at))
}

func (o *Observer) watchEnded(ctx context.Context, e *observe.Event) {
	attributes := o.with()
	if e.JobKind != "" {
		attributes = append(attributes, kindKey.String(e.JobKind))
	}
	if e.Err != nil {
		attributes = append(attributes, outcomeKey.String(gaveUp), errorType(e.Err))
		o.watch.Record(ctx, e.Elapsed.Seconds(), metric.WithAttributes(attributes...))
		return
	}
	attributes = append(attributes, outcomeKey.String(e.Status.State.String()))
	set := metric.WithAttributeSet(attribute.NewSet(attributes...))
	o.watch.Record(ctx, e.Elapsed.Seconds(), set)
	o.delay.Record(ctx, e.Delay.Seconds(), set)
}

// with returns a new slice with the common attributes and more.
func (o *Observer) with(more ...attribute.KeyValue) []attribute.KeyValue {
	return append(append(make([]attribute.KeyValue, 0, len(o.attributes)+len(more)+3), o.attributes...), more...)
}
