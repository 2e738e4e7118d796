package rest

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	single = Dialect{State: "payload.status"}
	three  = Dialect{State: "payload.status, payload.conclusion, payload.hold", States: map[string]transport.State{
		"queued, -, -": transport.Pending, "running, *, -": transport.Running, "running, *, +": transport.Blocked,
		"completed, success, *": transport.Completed, "completed, *, *": transport.Failed,
	}}
)

const (
	oneSaid   = `{"meta":{"message":"Job status"},"payload":{"status":"running"}}`
	threeSaid = `{"meta":{"message":"Job status"},"payload":{"status":"running","conclusion":null}}`
)

// read returns a function that reads the same answer each time.
func read(t testing.TB, d Dialect, body string) func() transport.Status {
	r, err := newReader(d.WithDefaults())
	require.NoError(t, err)
	a := &answer{Call: &exchange.Call{}, reader: r, document: document{body: []byte(body)}, question: question{id: "7", asked: "7"}}
	a.Answer = exchange.Answer{Code: 200, Header: http.Header{}, Body: []byte(body)}
	return func() (s transport.Status) {
		if err := a.tell(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// Not parallel: it counts allocations.
func TestAStateOfThreePlacesIsReadWithoutAnAllocation(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		body string
	}{{single, oneSaid}, {three, threeSaid}} {
		f := read(t, c.d, c.body)
		assert.Equal(t, transport.Running, f().State)
		assert.Zero(t, testing.AllocsPerRun(100, func() { f() }), c.body)
	}
}

// BenchmarkRead is the reading of one answer. Under "ratio" one place and three take turns on the
// same answer, so that a noisy machine is noisy for both.
//
//	go test -run '^$' -bench Read ./transport/rest
func BenchmarkRead(b *testing.B) {
	b.Run("ratio", func(b *testing.B) {
		one, all := read(b, single, threeSaid), read(b, three, threeSaid)
		var ratios []float64
		for b.Loop() {
			base := timeOf(one)
			ratios = append(ratios, float64(timeOf(all))/float64(base))
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "of-one")
		b.ReportMetric(0, "ns/op")
	})
	for name, c := range map[string]struct {
		d    Dialect
		body string
	}{"one": {single, oneSaid}, "three": {three, threeSaid}} {
		b.Run(name, func(b *testing.B) {
			f := read(b, c.d, c.body)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

// timeOf returns how long a thousand calls take.
func timeOf(f func() transport.Status) time.Duration {
	began := time.Now()
	for range 1000 {
		f()
	}
	return time.Since(began)
}
