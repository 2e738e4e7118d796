package jobstatusotel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iamber12/job-status-monitoring/observe"
)

const (
	moveKey = attribute.Key("jobstatus.fleet.move")
	endKey  = attribute.Key("jobstatus.fleet.end")
)

// RegisterFleet adds metrics from the Stats of a fleet, such as f.Stats. The function stats is
// called each time that metrics are collected, until unregister is called. A second RegisterFleet
// before that is an error. This package does not import package fleet.
func (o *Observer) RegisterFleet(stats func() observe.FleetStats) (unregister func() error, err error) {
	if stats == nil {
		return nil, errors.New("jobstatusotel: register fleet: stats is nil")
	}
	f, err := o.fleetInstruments()
	if err != nil {
		return nil, fmt.Errorf("jobstatusotel: register fleet: %w", err)
	}
	if !o.hasFleet.CompareAndSwap(false, true) {
		return nil, errors.New("jobstatusotel: register fleet: the Observer has a fleet's Stats already, which would be counted together: make an Observer for each fleet")
	}
	observeAll := f.observer(o)
	registration, err := o.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		observeAll(to, stats())
		return nil
	}, f.rate, f.owned, f.pending, f.unacked, f.workers, f.disconnected, f.backlog, f.moves, f.fenced, f.submitted, f.ends, f.unreadable)
	if err != nil {
		o.hasFleet.Store(false)
		return nil, fmt.Errorf("jobstatusotel: register fleet: %w", err)
	}
	return ending(registration, &o.hasFleet), nil
}

// fleetInstruments are the instruments of a fleet.
type fleetInstruments struct {
	rate                                       metric.Float64ObservableUpDownCounter
	owned, pending, unacked                    metric.Int64ObservableUpDownCounter
	workers, disconnected, backlog             metric.Int64ObservableGauge
	moves, fenced, submitted, ends, unreadable metric.Int64ObservableCounter
}

func (o *Observer) fleetInstruments() (f fleetInstruments, err error) {
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	sum := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		i, err := o.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		note(err)
		return i
	}
	gauge := func(name, unit, description string) metric.Int64ObservableGauge {
		i, err := o.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		note(err)
		return i
	}
	count := func(name, unit, description string) metric.Int64ObservableCounter {
		i, err := o.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		note(err)
		return i
	}
	f.rate, err = o.meter.Float64ObservableUpDownCounter("jobstatus.fleet.rate_limit", metric.WithUnit("{request}/s"),
		metric.WithDescription("Part of the fleet's rate limit that the process has."))
	note(err)
	f.owned = sum("jobstatus.fleet.owned", "{partition}", "Number of partitions whose jobs the process watches.")
	f.pending = sum("jobstatus.fleet.pending", "{watch}", "Number of watches of the owned partitions.")
	f.unacked = sum("jobstatus.fleet.unacked", "{end}", "Number of ends that the process received and did not remove yet.")
	f.workers = gauge("jobstatus.fleet.workers", "{worker}", "Number of workers that are alive, as the process knows.")
	f.disconnected = gauge("jobstatus.fleet.disconnected", "1", "1 while the worker has lost the server and does not poll.")
	f.backlog = gauge("jobstatus.fleet.backlog", "{end}", "Number of ends of the whole fleet that nobody has acknowledged.")
	f.moves = count("jobstatus.fleet.moves", "{partition}", "Number of partitions that changed their owner.")
	f.fenced = count("jobstatus.fleet.fenced", "{event}", "Number of times that the worker lost the server.")
	f.submitted = count("jobstatus.fleet.submitted", "{watch}", "Number of submissions of the process.")
	f.ends = count("jobstatus.fleet.ends", "{end}", "Number of ends by what became of them.")
	f.unreadable = count("jobstatus.fleet.unreadable", "{message}", "Number of messages that could not be read.")
	return f, errors.Join(errs...)
}

// observer returns the callback that records the figures.
func (f fleetInstruments) observer(o *Observer) func(metric.Observer, observe.FleetStats) {
	all := metric.WithAttributes(o.attributes...)
	free, takenOver := o.option(moveKey, "claimed"), o.option(moveKey, "taken_over")
	handedOver, taken := o.option(moveKey, "handed_over"), o.option(moveKey, "taken")
	stored, doubled, acked := o.option(endKey, "stored"), o.option(endKey, "doubled"), o.option(endKey, "acked")
	return func(to metric.Observer, s observe.FleetStats) {
		to.ObserveFloat64(f.rate, s.RateLimit, all)
		to.ObserveInt64(f.owned, int64(s.Owned), all)
		to.ObserveInt64(f.pending, int64(s.Pending), all)
		to.ObserveInt64(f.unacked, int64(s.Unacked), all)
		to.ObserveInt64(f.workers, int64(s.Workers), all)
		disconnected := int64(0)
		if s.Disconnected {
			disconnected = 1
		}
		to.ObserveInt64(f.disconnected, disconnected, all)
		to.ObserveInt64(f.backlog, int64(s.Backlog), all)
		to.ObserveInt64(f.moves, int64(s.Claimed-min(s.TakenOver, s.Claimed)), free)
		to.ObserveInt64(f.moves, int64(s.TakenOver), takenOver)
		to.ObserveInt64(f.moves, int64(s.GaveUp), handedOver)
		to.ObserveInt64(f.moves, int64(s.Taken), taken)
		to.ObserveInt64(f.fenced, int64(s.Fenced), all)
		to.ObserveInt64(f.submitted, int64(s.Submitted), all)
		to.ObserveInt64(f.ends, int64(s.Ended), stored)
		to.ObserveInt64(f.ends, int64(s.Doubled), doubled)
		to.ObserveInt64(f.ends, int64(s.Acked), acked)
		to.ObserveInt64(f.unreadable, int64(s.Unreadable), all)
	}
}
