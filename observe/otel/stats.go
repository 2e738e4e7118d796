package jobstatusotel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iamber12/job-status-monitoring"
)

// Register adds metrics from the Stats of a Watcher, such as w.Stats. The function stats is called
// each time that metrics are collected, until unregister is called. The Watcher need not have the
// Observer. Use one Observer for each Watcher: see [WithAttributes]. A second Register is an error
// until unregister is called, because the figures would be added to those of the first.
func (o *Observer) Register(stats func() jobstatus.Stats) (unregister func() error, err error) {
	if stats == nil {
		return nil, errors.New("jobstatusotel: register: stats is nil")
	}
	if !o.hasStats.CompareAndSwap(false, true) {
		return nil, errors.New("jobstatusotel: register: the Observer has a Watcher's Stats already, which would be counted together: make an Observer for each Watcher")
	}
	all := metric.WithAttributes(o.attributes...)
	waiting, overdue, inFlight := o.option(phaseKey, "waiting"), o.option(phaseKey, "overdue"), o.option(phaseKey, "in_flight")
	notified, held, polled := o.option(wayKey, "notified"), o.option(wayKey, "held"), o.option(wayKey, "polled")
	completed, failed := o.option(outcomeKey, jobstatus.Completed.String()), o.option(outcomeKey, jobstatus.Failed.String())
	canceled, abandoned := o.option(outcomeKey, jobstatus.Canceled.String()), o.option(outcomeKey, gaveUp)
	registration, err := o.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		s := stats()
		to.ObserveInt64(o.phases, int64(s.Waiting), waiting)
		to.ObserveInt64(o.phases, int64(s.Overdue), overdue)
		to.ObserveInt64(o.phases, int64(s.InFlight), inFlight)
		to.ObserveInt64(o.ways, int64(s.Heard), notified)
		to.ObserveInt64(o.ways, int64(s.Held), held)
		to.ObserveInt64(o.ways, int64(max(s.Watches-s.Heard-s.Held, 0)), polled) // holds may outlast the return of notifications
		to.ObserveInt64(o.heard, int64(s.Notifications), all)
		to.ObserveFloat64(o.lag, s.Lag.Seconds(), all)
		to.ObserveInt64(o.watches, int64(s.Completed), completed)
		to.ObserveInt64(o.watches, int64(s.Failed), failed)
		to.ObserveInt64(o.watches, int64(s.Canceled), canceled)
		to.ObserveInt64(o.watches, int64(s.GaveUp), abandoned)
		return nil
	}, o.phases, o.ways, o.lag, o.watches, o.heard)
	if err != nil {
		o.hasStats.Store(false)
		return nil, fmt.Errorf("jobstatusotel: register: %w", err)
	}
	return ending(registration, &o.hasStats), nil
}

// ending returns a function that ends a registration, and then resets has.
func ending(r metric.Registration, has *atomic.Bool) func() error {
	var once sync.Once
	return func() error {
		err := r.Unregister()
		once.Do(func() { has.Store(false) })
		return err
	}
}

// option returns one attribute and the common ones, as an option of a measurement.
func (o *Observer) option(key attribute.Key, value string) metric.ObserveOption {
	return metric.WithAttributeSet(attribute.NewSet(o.with(key.String(value))...))
}
