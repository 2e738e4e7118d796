package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
	"github.com/iamber12/job-status-monitoring/mock"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // terraform's logs each poll
	child.Main(parts)
	goleak.VerifyTestMain(m)
}

func TestEveryLibraryBringsEachJobToItsEnd(t *testing.T) {
	t.Parallel()
	const jobs = 20
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			srv := mock.NewServer(t, scripts(numbered(jobs), mock.Pending(mock.Polls(2)), mock.Completed(nil))...)
			t.Cleanup(http.DefaultClient.CloseIdleConnections)
			var ended atomic.Int64
			require.NoError(t, l.run(t.Context(), service{url: srv.URL, every: time.Millisecond}, numbered(jobs), func(err error) {
				assert.NoError(t, err)
				ended.Add(1)
			}))
			assert.EqualValues(t, jobs, ended.Load())
			for id := range numbered(jobs) {
				srv.AssertPolls(t, id, 3)
			}
		})
	}
}

func TestAPollIsCountedOverACannedRoundTrip(t *testing.T) {
	t.Parallel()
	service := &canned{pending: 9}
	require.NoError(t, libraries[0].run(context.Background(), service.every(time.Microsecond), numbered(1), func(err error) { assert.NoError(t, err) }))
	assert.EqualValues(t, 10, service.polled.Load())
}

func TestChildrenMeasureWaitsAndJobs(t *testing.T) {
	t.Parallel()
	var one, each, own held
	require.NoError(t, child.Run("waits", waitsConfig{ourName, 1000}, &one))
	require.NoError(t, child.Run("waits", waitsConfig{libraries[0].name, 1000}, &each))
	assert.Less(t, one.Goroutines, 0.01)
	assert.Greater(t, each.Goroutines, 0.99)
	assert.Less(t, one.Bytes, each.Bytes)
	require.NoError(t, child.Run("waits", waitsConfig{ourName + ", a goroutine each", 1000}, &own))
	assert.Less(t, own.Bytes, float64(stackOfOwn))

	e, err := bring(libraries[0].name, serveConfig{Jobs: 10, From: 20 * time.Millisecond, To: 40 * time.Millisecond}, 10*time.Millisecond)
	require.NoError(t, err)
	assert.Zero(t, e.Errors)
	assert.Zero(t, e.Unheard)
	assert.GreaterOrEqual(t, e.Requests, int64(10), "each job is asked about, how often is a matter of the machine")
	assert.Positive(t, e.Opened)
	assert.Positive(t, e.CPU)
	assert.ErrorContains(t, child.Run("waits", waitsConfig{"nobody's", 1}, &one), "exit status 1")
}

func TestChildrenMeasureAPollOverLoopback(t *testing.T) {
	t.Parallel()
	costs, err := pollSteadily(steadyConfig{rhythm: rhythm{10, 10 * time.Millisecond}, For: 50 * time.Millisecond}, 1, func(string) {})
	require.NoError(t, err)
	require.Len(t, costs, len(pollers))
	for i, c := range costs {
		assert.Positive(t, c.CPU, pollers[i].name)
		assert.Positive(t, c.Ratio, pollers[i].name)
		assert.Greater(t, c.Allocations, 10.0, pollers[i].name)
		assert.Greater(t, c.Bytes, 100.0, pollers[i].name)
	}
	var table strings.Builder
	measured{steady: [][]cost{costs}}.printSteady(&table, plan{every: time.Second, lasting: time.Second, turns: 1})
	assert.Contains(t, table.String(), "| 100 | 1s | "+pollers[0].name+" | ")
}

func TestPhasedYieldsEachIDAtAMomentOfAnInterval(t *testing.T) {
	t.Parallel()
	began := time.Now()
	assert.Equal(t, slices.Collect(numbered(10)), slices.Collect(phased(numbered(10), 10, 10*time.Millisecond)))
	assert.Greater(t, time.Since(began), 5*time.Millisecond)
}

func TestMedianIsTheMiddle(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 2.0, median([]int{3, 1, 2}, func(n int) float64 { return float64(n) }))
	assert.Equal(t, 3.0, median([]int{4, 3, 1, 2}, func(n int) float64 { return float64(n) }))
}

func TestThousandsHaveCommas(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		assert.Equal(t, want, thousands(n))
	}
}

func TestSpreadKeepsNamesApartAndInOrder(t *testing.T) {
	t.Parallel()
	assert.InDeltaSlice(t, []float64{1, 5}, spread([]float64{1, 5}, 1, 0, 10), 1e-9)
	assert.InDeltaSlice(t, []float64{4.5, 5.5}, spread([]float64{5, 5}, 1, 0, 10), 1e-9)
	assert.InDeltaSlice(t, []float64{0, 1, 2}, spread([]float64{0, 0, 0}, 1, 0, 10), 1e-9)
	assert.InDeltaSlice(t, []float64{8, 9, 10}, spread([]float64{9.9, 10, 10}, 1, 0, 10), 1e-9)
	assert.InDeltaSlice(t, []float64{1, 4, 5, 6}, spread([]float64{1, 5, 5, 5}, 1, 0, 10), 1e-9)
}

func TestDownAndUpRoundToAPowerOfTen(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{1, 10, 1000} {
		assert.InDelta(t, v, down(v), 1e-6)
		assert.InDelta(t, v, up(v), 1e-6)
	}
	assert.InDelta(t, 0.1, down(0.51), 1e-9)
	assert.InDelta(t, 1, up(0.51), 1e-9)
}

func TestPicturesAreDrawnOfWhatIsMeasured(t *testing.T) {
	t.Parallel()
	var m measured
	for _, n := range waitSizes {
		line := make([]*held, len(libraries))
		for i, l := range libraries {
			if l.waits(n) {
				line[i] = &held{Bytes: 5000, Goroutines: 1}
			}
		}
		m.waits = append(m.waits, line)
	}
	for range jobSizes {
		m.ends = append(m.ends, make([]end, len(libraries))) // nothing at all, which no logarithm has
	}
	dir := t.TempDir()
	require.NoError(t, m.draw(dir))
	for _, name := range []string{"waits.png", "loopback.png"} {
		assert.FileExists(t, filepath.Join(dir, name))
	}
}
