package jobstatusotel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

func TestStatsAreObservedUntilUnregistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stats := jobstatus.Stats{Watches: 6, Waiting: 3, Overdue: 2, InFlight: 1, Completed: 40, Failed: 5, Canceled: 4, GaveUp: 3,
		Lag: 1500 * time.Millisecond, Held: 2, Notifications: 9}
	unregister, err := w.Register(func() jobstatus.Stats { return stats })
	require.NoError(t, err)

	w.equal(metricdata.Metrics{Name: "jobstatus.watch.count", Unit: "{watch}", Data: metricdata.Sum[int64]{
		Temporality: metricdata.CumulativeTemporality, DataPoints: []metricdata.DataPoint[int64]{
			{Value: 3, Attributes: set("jobstatus.watch.phase", "waiting")},
			{Value: 2, Attributes: set("jobstatus.watch.phase", "overdue")},
			{Value: 1, Attributes: set("jobstatus.watch.phase", "in_flight")},
		}}})
	w.equal(metricdata.Metrics{Name: "jobstatus.watch.ways", Unit: "{watch}", Data: metricdata.Sum[int64]{
		Temporality: metricdata.CumulativeTemporality, DataPoints: []metricdata.DataPoint[int64]{
			{Value: 0, Attributes: set("jobstatus.watch.way", "notified")},
			{Value: 2, Attributes: set("jobstatus.watch.way", "held")},
			{Value: 4, Attributes: set("jobstatus.watch.way", "polled")},
		}}})
	w.equal(metricdata.Metrics{Name: "jobstatus.notifications", Unit: "{notification}", Data: metricdata.Sum[int64]{
		Temporality: metricdata.CumulativeTemporality, IsMonotonic: true, DataPoints: []metricdata.DataPoint[int64]{{Value: 9}}}})
	w.equal(metricdata.Metrics{Name: "jobstatus.poll.lag", Unit: "s", Data: metricdata.Gauge[float64]{
		DataPoints: []metricdata.DataPoint[float64]{{Value: 1.5}}}})
	w.equal(metricdata.Metrics{Name: "jobstatus.ended.watches", Unit: "{watch}", Data: metricdata.Sum[int64]{
		Temporality: metricdata.CumulativeTemporality, IsMonotonic: true, DataPoints: []metricdata.DataPoint[int64]{
			{Value: 40, Attributes: set("jobstatus.watch.outcome", "completed")},
			{Value: 5, Attributes: set("jobstatus.watch.outcome", "failed")},
			{Value: 4, Attributes: set("jobstatus.watch.outcome", "canceled")},
			{Value: 3, Attributes: set("jobstatus.watch.outcome", "gave_up")},
		}}})

	require.NoError(t, unregister())
	assert.Empty(t, w.metrics())
}

func TestRegisterRefusesNil(t *testing.T) {
	t.Parallel()
	_, err := newWorld(t).Register(nil)
	require.EqualError(t, err, "jobstatusotel: register: stats is nil")
}

// Two callbacks of the same instruments are added up, so that each job would count twice.
func TestStatsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stats := func() jobstatus.Stats { return jobstatus.Stats{} }
	fleet := func() observe.FleetStats { return observe.FleetStats{} }
	unregister, err := w.Register(stats)
	require.NoError(t, err)
	unregisterFleet, err := w.RegisterFleet(fleet)
	require.NoError(t, err)
	_, err = w.Register(stats)
	assert.ErrorContains(t, err, "register: the Observer has a Watcher's Stats already")
	_, err = w.RegisterFleet(fleet)
	assert.ErrorContains(t, err, "register fleet: the Observer has a fleet's Stats already")

	require.NoError(t, unregister())
	require.NoError(t, unregisterFleet())
	again, err := w.Register(stats)
	require.NoError(t, err)
	require.NoError(t, unregister(), "it has ended before")
	_, err = w.Register(stats)
	assert.Error(t, err)
	require.NoError(t, again())
	unregisterFleet, err = w.RegisterFleet(fleet)
	require.NoError(t, err)
	require.NoError(t, unregisterFleet())
}
