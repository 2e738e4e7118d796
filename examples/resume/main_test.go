package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// The test's binary serves as the worker, too. fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == workerOf {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// pair is two workers, one after another, in virtual time.
type pair struct {
	t      *testing.T
	client *rest.Client
	meter  meter
	file   string
	began  time.Time
	told   count
}

func newPair(t *testing.T) *pair {
	p := &pair{t: t, file: filepath.Join(t.TempDir(), "jobs.json"), began: time.Now(), told: count{ended: map[string]int{}}}
	service := mock.NewServer(t, append(newJobs(&p.meter), mock.InMemory())...)
	var err error
	p.client, err = rest.New(service.URL, rest.WithHTTPClient(service.Client()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.client.Close() })
	return p
}

// work runs a worker and counts what it tells.
func (p *pair) work(ctx context.Context) error {
	var out bytes.Buffer
	err := work(ctx, p.client, p.file, &out)
	for line := range strings.Lines(out.String()) {
		p.told.take(line)
	}
	return err
}

// first runs a worker for as long as the first one lives.
func (p *pair) first() {
	ctx, cancel := context.WithTimeout(p.t.Context(), killedAfter)
	defer cancel()
	require.ErrorIs(p.t, p.work(ctx), context.DeadlineExceeded)
	require.Equal(p.t, killedAfter, time.Since(p.began))
	require.Empty(p.t, p.told.gaveUp, "a worker that ends gives up no wait")
}

func TestASecondWorkerGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.first()
		ended := len(p.told.ended)
		assert.Greater(t, ended, jobs/4)
		time.Sleep(away)
		resumed := time.Now()
		require.NoError(t, p.work(t.Context()))
		assert.Equal(t, jobs-ended, p.told.jobs, "it goes on with what is left")
		assert.Greater(t, p.told.known, jobs/4, "it knows what was learned")
		assert.Len(t, p.told.ended, jobs-1)
		for id, n := range p.told.ended {
			assert.Equal(t, 1, n, id)
		}
		assert.Equal(t, "render-001", p.told.gaveUp)
		assert.Equal(t, timeout.String(), p.told.after, "the timeout counts from when the job began")
		assert.Less(t, time.Since(p.began), timeout+time.Second)
		assert.LessOrEqual(t, p.meter.busiest(resumed, time.Now()), p.meter.busiest(p.began, resumed), "there is no burst")
	})
}

// fault 50: a worker that is killed leaves the state that it saved last. No job is lost.
func TestNoJobIsLostWithAWorkerThatIsKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		var left []byte
		time.AfterFunc(killedAfter-saves/2, func() { left, _ = os.ReadFile(p.file) })
		p.first()
		require.NoError(t, os.WriteFile(p.file, left, 0o600))
		time.Sleep(away)
		require.NoError(t, p.work(t.Context()))
		assert.Len(t, p.told.ended, jobs-1)
		assert.Equal(t, "render-001", p.told.gaveUp)
	})
}

// The jobs last for seconds of real time, so on a busy machine other waits can give up, too.
func TestWorkersAreProcesses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, restart(t.Context(), filepath.Join(t.TempDir(), "jobs.json"), &out))
	assert.Regexp(t, `^the first worker is killed after 3s, when \d+ jobs have ended
the second worker goes on with \d+ jobs 1s later; its Backoff knows \d+ jobs
\d+ jobs have ended, \d+ of them were reported twice
the wait for render-\d+ gave up \S+ after it began
polls in the busiest second: \d+ before, \d+ after
$`, out.String())
}
