package unittest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service returns Reports made by a mock service whose jobs follow the script, on a clock that stands still.
func service(t *testing.T, script ...mock.Step) (Reports, *mock.Server, *mock.Clock) {
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Created(script...))
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return Reports{Jobs: w}, srv, clk
}

func TestReportThatTakesTwoMinutes(t *testing.T) {
	reports, _, clk := service(t, mock.Pending(time.Minute), mock.Running(time.Minute).With(0.5, "half way"),
		mock.Completed(map[string]string{"url": "/reports/7"}))
	clk.Run(func() {
		url, err := reports.Make(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "/reports/7", url)
		assert.InDelta(t, 120, clk.Since(mock.Start).Seconds(), 10)
	})
}

func TestReportThatIsRejected(t *testing.T) {
	reports, _, clk := service(t, mock.PendingPolls(3), mock.Failed("no such table"))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.ErrorIs(t, err, ErrRejected)
		assert.ErrorContains(t, err, "no such table")
	})
}

func TestReportThatNeverComes(t *testing.T) {
	reports, _, clk := service(t, mock.Pending(mock.Forever))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
		assert.Equal(t, 10*time.Minute, clk.Since(mock.Start))
	})
}

func TestServiceThatAsksToBeLeftAlone(t *testing.T) {
	reports, srv, clk := service(t, mock.Answer(429, "", "Retry-After", "60"), mock.Completed(map[string]string{"url": "/"}))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.NoError(t, err)
	})
	polls := srv.Calls(srv.Calls("")[0].ID)[1:]
	require.Len(t, polls, 2)
	assert.GreaterOrEqual(t, polls[1].Time.Sub(polls[0].Time), time.Minute)
}

// The time line of a wait is the same in every run.
func TestEachRunTakesTheSameCourse(t *testing.T) {
	course := func() []time.Time {
		reports, srv, clk := service(t, mock.Pending(2*time.Minute), mock.Completed(map[string]string{"url": "/"}))
		clk.Run(func() {
			_, err := reports.Make(t.Context())
			require.NoError(t, err)
		})
		var times []time.Time
		for _, call := range srv.Calls("") {
			times = append(times, call.Time)
		}
		return times
	}
	want := course()
	for range 20 {
		require.Equal(t, want, course())
	}
}
