package jobstatusotel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iamber12/job-status-monitoring/observe"
)

// figure is one value of a metric, with an attribute of its own.
type figure struct {
	value            int64
	attribute, named string
}

func TestTheStatsOfAFleetAreObservedUntilUnregistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stats := observe.FleetStats{
		Partitions: 64, Owned: 21, Pending: 5000, Workers: 3, Disconnected: true, RateLimit: 62.5,
		Claimed: 30, GaveUp: 4, TakenOver: 10, Taken: 5, Fenced: 2,
		Submitted: 100, Ended: 90, Doubled: 1, Unacked: 7, Acked: 80, Backlog: 17, Unreadable: 6,
	}
	unregister, err := w.RegisterFleet(func() observe.FleetStats { return stats })
	require.NoError(t, err)
	for name, points := range map[string][]figure{
		"jobstatus.fleet.owned": {{21, "", ""}}, "jobstatus.fleet.pending": {{5000, "", ""}}, "jobstatus.fleet.unacked": {{7, "", ""}},
	} {
		w.equal(metricdata.Metrics{Name: name, Unit: units[name], Data: metricdata.Sum[int64]{
			Temporality: metricdata.CumulativeTemporality, DataPoints: figures(points)}})
	}
	for name, points := range map[string][]figure{
		"jobstatus.fleet.workers": {{3, "", ""}}, "jobstatus.fleet.disconnected": {{1, "", ""}}, "jobstatus.fleet.backlog": {{17, "", ""}},
	} {
		w.equal(metricdata.Metrics{Name: name, Unit: units[name], Data: metricdata.Gauge[int64]{DataPoints: figures(points)}})
	}
	move, end := "jobstatus.fleet.move", "jobstatus.fleet.end"
	for name, points := range map[string][]figure{
		"jobstatus.fleet.moves":      {{20, move, "claimed"}, {10, move, "taken_over"}, {4, move, "handed_over"}, {5, move, "taken"}},
		"jobstatus.fleet.fenced":     {{2, "", ""}},
		"jobstatus.fleet.submitted":  {{100, "", ""}},
		"jobstatus.fleet.ends":       {{90, end, "stored"}, {1, end, "doubled"}, {80, end, "acked"}},
		"jobstatus.fleet.unreadable": {{6, "", ""}},
	} {
		w.equal(metricdata.Metrics{Name: name, Unit: units[name], Data: metricdata.Sum[int64]{
			Temporality: metricdata.CumulativeTemporality, IsMonotonic: true, DataPoints: figures(points)}})
	}
	w.equal(metricdata.Metrics{Name: "jobstatus.fleet.rate_limit", Unit: "{request}/s", Data: metricdata.Sum[float64]{
		Temporality: metricdata.CumulativeTemporality, DataPoints: []metricdata.DataPoint[float64]{{Value: 62.5}}}})
	require.NoError(t, unregister())
	assert.Empty(t, w.metrics())
}

var units = map[string]string{
	"jobstatus.fleet.owned": "{partition}", "jobstatus.fleet.pending": "{watch}", "jobstatus.fleet.unacked": "{end}",
	"jobstatus.fleet.workers": "{worker}", "jobstatus.fleet.disconnected": "1", "jobstatus.fleet.backlog": "{end}",
	"jobstatus.fleet.moves": "{partition}", "jobstatus.fleet.fenced": "{event}", "jobstatus.fleet.submitted": "{watch}",
	"jobstatus.fleet.ends": "{end}", "jobstatus.fleet.unreadable": "{message}",
}

func figures(points []figure) []metricdata.DataPoint[int64] {
	var all []metricdata.DataPoint[int64]
	for _, p := range points {
		d := metricdata.DataPoint[int64]{Value: p.value, Attributes: attribute.NewSet()}
		if p.attribute != "" {
			d.Attributes = set(p.attribute, p.named)
		}
		all = append(all, d)
	}
	return all
}

func TestRegisterFleetRefusesNil(t *testing.T) {
	t.Parallel()
	_, err := newWorld(t).RegisterFleet(nil)
	require.EqualError(t, err, "jobstatusotel: register fleet: stats is nil")
}
