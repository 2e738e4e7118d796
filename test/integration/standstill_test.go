//go:build unix

package integration

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
)

// leased is the variable of the environment that makes a process one that polls a service as long
// as its lease lasts.
const leased = "INTEGRATION_LEASED"

const (
	lease = time.Second
	// slow is how long it takes to find out that the lease is over.
	slow = 30 * time.Millisecond
	// underWay bounds the requests that were being sent as the process was stopped.
	underWay = 16
)

// pollWhileLeased polls many jobs of the service at url until the lease was not renewed in time.
func pollWhileLeased(url string) error {
	w, err := jobstatus.NewHTTP(url, jobstatus.WithBackoff(backoff.Constant(100*time.Millisecond)))
	if err != nil {
		return err
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with the lease
		for renewed := time.Now(); time.Since(renewed) < lease; time.Sleep(lease / 4) {
			renewed = time.Now()
		}
		time.Sleep(slow)
		cancel()
	}()
	for range w.WaitForJobs(ctx, names(50), jobstatus.Timeout(jobstatus.Unlimited)) {
	}
	return nil
}

func names(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < n && yield(fmt.Sprint("job-", i)); i++ {
		}
	}
}

// fault 40: a process that stood still polls nothing before it has seen that its lease is over.
func TestAfterAStandstillALeaseThatIsOverIsSeenFirst(t *testing.T) {
	t.Parallel()
	var polls atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		polls.Add(1)
		_, _ = w.Write([]byte(`{"payload":{"status":"running"}}`))
	}))
	defer srv.Close()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self)
	p.Env = append(os.Environ(), leased+"="+srv.URL)
	require.NoError(t, p.Start())
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }() // ends with the process
	defer func() { _ = p.Process.Kill() }()
	until(t, func() bool { return polls.Load() > 200 })
	require.NoError(t, p.Process.Signal(syscall.SIGSTOP))
	began, before := time.Now(), int64(0)
	until(t, func() bool { before = polls.Load(); return time.Since(began) > 2*lease })
	require.NoError(t, p.Process.Signal(syscall.SIGCONT))
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("the process does not end")
	}
	assert.LessOrEqual(t, polls.Load()-before, int64(underWay), "polls after the standstill")
}

// until waits for what comes in real time.
func until(t *testing.T, done func() bool) {
	t.Helper()
	require.Eventually(t, done, patience, time.Millisecond)
}
