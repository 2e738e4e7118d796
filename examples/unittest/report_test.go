package unittest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ready ends a job with a report.
var ready = mock.Completed(map[string]string{"url": "/reports/7"})

// service returns Reports of a mock service. Its clock stands still until the test advances it.
func service(t *testing.T, opts ...mock.Option) (Reports, *mock.Server, *mock.Clock) {
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, append(opts, mock.WithClock(clk))...)
	w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return Reports{Jobs: w}, srv, clk
}

func TestReportThatTakesTwoMinutes(t *testing.T) {
	reports, srv, clk := service(t, mock.Created(mock.Pending(time.Minute), mock.Running(time.Minute), ready))
	clk.Run(func() {
		url, err := reports.Make(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "/reports/7", url)
	})
	assert.InDelta(t, 120, clk.Elapsed().Seconds(), 10)
	srv.AssertQuietAfterEnd(t, "")
}

func TestReportThatIsRejected(t *testing.T) {
	reports, _, clk := service(t, mock.Created(mock.Pending(mock.Polls(3)), mock.Failed("no such table")))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.ErrorIs(t, err, ErrRejected)
		assert.ErrorContains(t, err, "no such table")
	})
}

func TestReportThatNeverComes(t *testing.T) {
	reports, _, clk := service(t, mock.Created(mock.Pending(mock.Forever)))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.ErrorIs(t, err, jobstatus.ErrTimeout)
	})
	assert.Equal(t, 10*time.Minute, clk.Elapsed())
}

func TestServiceThatAsksToBeLeftAlone(t *testing.T) {
	reports, srv, clk := service(t, mock.Created(ready),
		mock.Fault(fault.Nth(1), fault.Code(429), fault.RetryAfter("60")))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.NoError(t, err)
	})
	srv.AssertGaps(t, srv.Calls("")[0].ID, time.Minute)
}

func TestServiceThatIsAwayForAMinute(t *testing.T) {
	reports, srv, clk := service(t, mock.Created(mock.Pending(30*time.Second), ready),
		mock.Fault(fault.Between(10*time.Second, 40*time.Second), fault.Reset()),
		mock.Fault(fault.Between(40*time.Second, 70*time.Second), fault.Silence()))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.NoError(t, err)
	})
	assert.InDelta(t, 75, clk.Elapsed().Seconds(), 15)
	srv.AssertQuietAfterEnd(t, "")
}

func TestAHundredReports(t *testing.T) {
	reports, _, clk := service(t, mock.KeepCalls(0),
		mock.Created(mock.Pending(duration.LogNormal(time.Minute, 0.5)), ready),
		mock.Fault(fault.Share(0.05), fault.Code(503)))
	clk.Run(func() {
		urls, err := reports.MakeAll(t.Context(), 100)
		require.NoError(t, err)
		assert.Len(t, urls, 100)
	})
}

func TestReportInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := mock.NewServer(t, mock.InMemory(), mock.Created(mock.Pending(2*time.Minute), ready))
		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithREST(rest.WithHTTPClient(srv.Client())))
		require.NoError(t, err)
		defer w.Close()
		began := time.Now()
		_, err = Reports{Jobs: w}.Make(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, 120, time.Since(began).Seconds(), 10)
	})
}

// The time line of a wait, to the nanosecond, is the same in every run of every process.
func TestEachRunTakesTheSameCourse(t *testing.T) {
	reports, srv, clk := service(t, mock.Created(mock.Pending(time.Minute), mock.Running(time.Minute), ready),
		mock.Fault(fault.Nth(5), fault.Latency(3*time.Second)), mock.Fault(fault.Nth(7), fault.Silence()))
	clk.Run(func() {
		_, err := reports.Make(t.Context())
		require.NoError(t, err)
	})
	course := srv.Timeline("")
	first.Do(func() { want = course })
	require.Equal(t, want, course)
	assert.Equal(t, golden, fmt.Sprint(clk.Elapsed()))
}

var (
	first  sync.Once
	want   string
	golden = "2m2.735167687s"
)

// The code of the page is the code of the tests.
func TestThePageShowsTheseTests(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("report_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 8, "none was forgotten")
	for _, block := range blocks {
		assert.True(t, strings.Contains(string(source), block[1]), "not in report_test.go:\n%s", block[1])
	}
}
