//go:build unix

package fleet

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

var figureJobs = flag.Int("pending", 1_000_000, "how many jobs are pending when half of them are taken over")

// told is what a process tells of itself.
type told struct {
	cpu            time.Duration
	polls          int64
	owned, pending int
}

// tell prints it as often as FLEET_TEST_TELL says, until ctx ends. It returns at once if that says
// nothing.
func tell(ctx context.Context, polls *atomic.Int64, f *Fleet) {
	every, err := time.ParseDuration(os.Getenv("FLEET_TEST_TELL"))
	if err != nil {
		return
	}
	for sleep(ctx, every) {
		s := f.Stats()
		fmt.Println(int64(cpuTime()), polls.Load(), s.Owned, s.Pending)
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// counting counts the polls of a Transport.
type counting struct {
	transport.Transport
	polls *atomic.Int64
}

func (c counting) Status(ctx context.Context, id string) (transport.Status, error) {
	c.polls.Add(1)
	return c.Transport.Status(ctx, id)
}

// playLoner is a worker without a fleet. It watches as many jobs as it is told.
func playLoner(ctx context.Context, w *jobstatus.Watcher, count int) error {
	feed := make(chan jobstatus.Job)
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for _, id := range jobIDs(count) {
			select {
			case feed <- jobstatus.Job{ID: id, Kind: "k"}:
			case <-ctx.Done():
				return
			}
		}
	})
	for st, err := range w.WaitForFeed(ctx, feed) {
		return fmt.Errorf("job %s ended: %w", st.ID, err)
	}
	return nil
}

// gauge keeps what a process told last.
type gauge struct {
	mu   sync.Mutex
	last told // guarded by mu
}

// read takes in a line of the process.
func (g *gauge) read(line string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = fmt.Sscan(line, &g.last.cpu, &g.last.polls, &g.last.owned, &g.last.pending)
}

func (g *gauge) now() told {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// since returns what came to pass since an earlier reading.
func (t told) since(earlier told) told {
	t.cpu -= earlier.cpu
	t.polls -= earlier.polls
	return t
}

// perPoll returns the CPU time of a poll.
func (t told) perPoll() float64 { return float64(t.cpu) / float64(t.polls) }

// TestFiguresOfProcesses prints figures of docs/fleet.md for which a process is measured alone.
func TestFiguresOfProcesses(t *testing.T) {
	if !*figures {
		t.Parallel()
	}
	t.Run("idle", figureIdle)
	t.Run("idle in one process", figureIdleEmbedded)
	t.Run("poll", figurePoll)
	t.Run("take-over", figureTakeOver)
}

// asDefault has processes open the fleet with the defaults, and tell of themselves.
var asDefault = []string{"FLEET_TEST_TELL=100ms", "FLEET_TEST_LEASE=5s", "FLEET_TEST_PARTITIONS=64"}

// figureIdle prints what a fleet without jobs costs its server.
func figureIdle(t *testing.T) {
	th := emptyTheatre(t, ever, append(asDefault, "FLEET_TEST_TELL=1s")...) // telling costs something too
	th.env = append(th.env, "FLEET_TEST_DIR="+t.TempDir())
	var server gauge
	th.start("server", server.read)
	f := th.fleet()
	for range 3 {
		th.worker()
	}
	th.start("consumer", nil)
	th.awaitOwners(th.watchOwners(f), 3)
	sleep(t.Context(), figureOr(10*time.Second, 0))
	length := figureOr(time.Minute, time.Second)
	before := server.now()
	sleep(t.Context(), length)
	t.Logf("an idle fleet of three workers and a consumer: the server takes %.2f %% of a core",
		100*server.now().since(before).cpu.Seconds()/length.Seconds())
}

// figureIdleEmbedded prints what a fleet without jobs costs a process that also runs the server.
func figureIdleEmbedded(t *testing.T) {
	js := start(t)
	measure := func(what string) {
		sleep(t.Context(), figureOr(8*time.Second, 0))
		length := figureOr(30*time.Second, 0)
		before, began := cpuTime(), time.Now()
		sleep(t.Context(), length)
		t.Logf("%s: %.2f %% of a core", what, 100*(cpuTime()-before).Seconds()/time.Since(began).Seconds())
	}
	measure("a server in this process")
	f, err := Open(t.Context(), js)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		for range f.Ends(ctx) {
			t.Error("no job has ended")
		}
	})
	measure("with a consumer")
	run(t, f, newService(time.Hour).watcher(t, "a"))
	require.Eventually(t, func() bool { return f.Stats().Owned == f.partitions }, guard, 10*time.Millisecond)
	measure("with a consumer and a worker")
}

// figurePoll prints what a poll costs a worker of a fleet, and one without. Both work at the same
// time, so that what else the machine does hits both.
func figurePoll(t *testing.T) {
	count, rounds := figureOr(2000, 50), figureOr(12, 1)
	th := emptyTheatre(t, ever, asDefault...)
	th.env = append(th.env, "FLEET_TEST_DIR="+t.TempDir())
	th.start("server", nil)
	f := th.fleet()
	submitAll(t, f, count)
	var with, without gauge
	th.start("worker-1", with.read)
	th.start("loner", without.read, "FLEET_TEST_JOBS="+strconv.Itoa(count))
	require.Eventually(t, func() bool { return with.now().pending == count && without.now().polls > int64(count) }, guard, 100*time.Millisecond)
	window := figureOr(5*time.Second, time.Second)
	sleep(t.Context(), window)
	var ratios, costs []float64
	for range rounds {
		before, beforeAlone := with.now(), without.now()
		sleep(t.Context(), window)
		cost, alone := with.now().since(before).perPoll(), without.now().since(beforeAlone).perPoll()
		ratios, costs = append(ratios, cost/alone), append(costs, cost)
	}
	slices.Sort(ratios)
	slices.Sort(costs)
	t.Logf("a poll under the fleet: %.0f µs of CPU time, %.3f of one without (median of %d; %.3f to %.3f)",
		costs[rounds/2]/1e3, ratios[rounds/2], rounds, ratios[0], ratios[rounds-1])
}

// figureTakeOver prints how long it takes to take over half of a million jobs of a worker that is
// killed.
func figureTakeOver(t *testing.T) {
	count := figureOr(*figureJobs, 200)
	th := emptyTheatre(t, ever, append(asDefault, "FLEET_TEST_QUIET=1")...)
	th.env = append(th.env, "FLEET_TEST_DIR="+t.TempDir())
	var server gauge
	th.start("server", server.read)
	f := th.fleet()
	took := timed(func() { submitAll(t, f, count) })
	t.Logf("%d jobs submitted in %.0f s", count, took.Seconds())
	var victim, heir gauge
	dies := th.start("worker-1", victim.read)
	th.start("worker-2", heir.read)
	took = timed(func() {
		require.Eventually(t, func() bool { return victim.now().pending+heir.now().pending == count }, 2*guard, 100*time.Millisecond)
	})
	t.Logf("two workers watch all after %.1f s", took.Seconds())
	sleep(t.Context(), figureOr(10*time.Second, 0))
	had := victim.now().pending
	heirBefore, serverBefore := heir.now(), server.now()
	killed := time.Now()
	dies.kill()
	require.Eventually(t, func() bool { return heir.now().owned == f.partitions }, guard, 50*time.Millisecond)
	owned := time.Since(killed)
	require.Eventually(t, func() bool { return heir.now().pending == count }, 2*guard, 50*time.Millisecond)
	t.Logf("a worker with %d of %d jobs is killed: its partitions are owned again after %.1f s, its jobs watched after %.1f s",
		had, count, owned.Seconds(), time.Since(killed).Seconds())
	t.Logf("CPU time of it: worker %.1f s, server %.1f s",
		heir.now().since(heirBefore).cpu.Seconds(), server.now().since(serverBefore).cpu.Seconds())
}
