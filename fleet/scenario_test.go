//go:build unix

package fleet

import (
	"context"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// settle waits until n workers own all partitions and have polled all jobs since. It returns what
// tells how many each owns.
func (th *theatre) settle(f *Fleet, names []string, n int) func() map[string]int {
	th.t.Helper()
	owned := th.watchOwners(f)
	th.awaitOwners(owned, n)
	th.awaitPolls(names, time.Now(), func(string) bool { return true })
	return owned
}

// awaitOwners waits until n workers own all partitions.
func (th *theatre) awaitOwners(owned func() map[string]int, n int) {
	th.t.Helper()
	require.Eventually(th.t, func() bool { o := owned(); return len(o) == n && o[""] == 0 }, guard, 10*time.Millisecond,
		"%d owners", n)
}

// turns returns how many of the jobs changed their owner since, and how often one did at most.
// Polls that late tells of are not counted.
func (th *theatre) turns(names []string, since time.Time, late func(p poll) bool) (moved, most int) {
	for _, id := range names {
		polls := slices.DeleteFunc(th.service.of(id), late)
		changes := 0
		for i, p := range polls {
			if i > 0 && p.owner != polls[i-1].owner && p.at.After(since) {
				changes++
			}
		}
		if changes > 0 {
			moved++
		}
		most = max(most, changes)
	}
	return moved, most
}

func never(poll) bool { return false }

// TestNobodyTakesOverWhileTheServerIsAway kills the server and starts it again later (fault 17).
func TestNobodyTakesOverWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	away := longOr(12*time.Second, 3*time.Second)
	th, srv := newTheatre(t, ever)
	f := th.fleet()
	names := jobIDs(200)
	th.worker()
	th.worker()
	th.submit(f, names)
	th.settle(f, names, 2)
	killed := time.Now()
	srv.kill()
	sleep(t.Context(), away)
	back := time.Now()
	th.start("server", nil)
	th.awaitPolls(names, back, func(string) bool { return true })
	moved, _ := th.turns(names, killed, never)
	assert.Zero(t, moved, "jobs that changed their owner")
	fenced := 0
	for _, p := range th.service.all() {
		if p.sent.After(killed.Add(2*testLease)) && p.sent.Before(back) {
			fenced++
		}
	}
	assert.Zero(t, fenced, "polls without a lease")
}

// proxy passes connections on to a server, or nothing.
type proxy struct {
	listener net.Listener
	to       atomic.Pointer[string]
	isCut    atomic.Bool
	group    sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn // guarded by mu
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l}
	p.lead(to)
	p.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.join(c)
		}
	})
	t.Cleanup(func() { _ = l.Close(); p.drop(); p.group.Wait() })
	return p
}

// lead has the connections that follow go to another server.
func (p *proxy) lead(to string) { p.to.Store(&to) }

// join connects a client with the server.
func (p *proxy) join(c net.Conn) {
	s, err := net.Dial("tcp", *p.to.Load())
	if err != nil {
		_ = c.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c, s)
	p.group.Go(func() { p.pass(c, s) })
	p.group.Go(func() { p.pass(s, c) })
}

// pass copies from one to the other. While the proxy is cut it swallows all.
func (p *proxy) pass(from, to net.Conn) {
	defer func() { _ = from.Close(); _ = to.Close() }()
	_, _ = io.Copy(writer(func(b []byte) (int, error) {
		if p.isCut.Load() {
			return len(b), nil
		}
		return to.Write(b)
	}), from)
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// drop closes all connections.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// heal passes on again. Connections that lost something end.
func (p *proxy) heal() {
	p.isCut.Store(false)
	p.drop()
}

// TestAWorkerCutOffFromTheServerAlone cuts a worker off that still reaches the service (fault 17).
func TestAWorkerCutOffFromTheServerAlone(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, ever)
	p := newProxy(t, strings.TrimPrefix(th.getenv("FLEET_TEST_NATS"), "nats://"))
	f := th.fleet()
	names := jobIDs(200)
	th.start("cut", nil, "FLEET_TEST_NATS=nats://"+p.listener.Addr().String())
	th.start("other", nil)
	th.submit(f, names)
	owned := th.settle(f, names, 2)
	cut := time.Now()
	p.isCut.Store(true)
	th.awaitOwners(owned, 1)
	th.awaitPolls(names, time.Now(), func(owner string) bool { return owner == "other" })
	sleep(t.Context(), longOr(20*time.Second, 0))
	moved, most := th.turns(names, cut, never)
	assert.Positive(t, moved, "jobs that were taken over")
	assert.LessOrEqual(t, most, 1, "changes of the owner while it is cut off")
	p.heal()
	th.awaitOwners(owned, 2)
	th.awaitPolls(names, time.Now(), func(string) bool { return true })
	_, most = th.turns(names, cut, never)
	assert.LessOrEqual(t, most, 2, "changes of the owner: there and back")
}

// TestAWorkerThatStandsStill stops a worker for longer than its lease (fault 17).
func TestAWorkerThatStandsStill(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, ever)
	f := th.fleet()
	names := jobIDs(200)
	still := th.start("still", nil)
	th.start("other", nil)
	th.submit(f, names)
	owned := th.settle(f, names, 2)
	stopped := time.Now()
	require.NoError(t, still.Process.Signal(syscall.SIGSTOP))
	th.awaitOwners(owned, 1)
	th.awaitPolls(names, time.Now(), func(owner string) bool { return owner == "other" })
	sleep(t.Context(), time.Until(stopped.Add(longOr(14*time.Second, 14*testLease/5))))
	require.NoError(t, still.Process.Signal(syscall.SIGCONT))
	th.awaitOwners(owned, 2)
	th.awaitPolls(names, time.Now(), func(string) bool { return true })
	// The signal takes a moment. A request that was under way then arrives when the process goes on.
	underWay := func(p poll) bool {
		return p.owner == "still" && p.at.After(stopped) && p.sent.Before(stopped.Add(100*time.Millisecond))
	}
	moved, most := th.turns(names, stopped, underWay)
	assert.Positive(t, moved, "jobs that were taken over")
	assert.LessOrEqual(t, most, 2, "changes of the owner: there and back")
}

// TestTheRateLimitHoldsUnderKillAndJoin counts the requests of any second (fault 17).
func TestTheRateLimitHoldsUnderKillAndJoin(t *testing.T) {
	t.Parallel()
	limit := longOr(600, 300)
	th, _ := newTheatre(t, ever, "FLEET_TEST_LIMIT="+strconv.Itoa(limit))
	f := th.fleet()
	names := jobIDs(2 * limit)
	victim := th.worker()
	th.worker()
	th.submit(f, names)
	owned := th.settle(f, names, 2)
	for range longOr(5, 1) {
		sleep(t.Context(), time.Second)
		victim.kill()
		th.awaitOwners(owned, 1)
		sleep(t.Context(), time.Second)
		victim = th.worker()
		th.awaitOwners(owned, 2)
	}
	sleep(t.Context(), time.Second)
	var sent []time.Time
	for _, p := range th.service.all() {
		sent = append(sent, p.sent)
	}
	slices.SortFunc(sent, time.Time.Compare)
	most, from := 0, 0
	for to := range sent {
		for !sent[from].Add(time.Second).After(sent[to]) {
			from++
		}
		most = max(most, to-from+1)
	}
	t.Logf("%d requests, %d in a second at most, with a limit of %d", len(sent), most, limit)
	// A worker that has to wait for the machine sends what is due a little later, with what follows.
	assert.LessOrEqual(t, most, longOr(limit*102/100, limit*120/100))
	assert.Greater(t, most, limit/2, "the limit is used")
}

// skewed is an engine as a process sees it whose clock is wrong: the server's is ahead by ahead.
type skewed struct {
	engine
	ahead time.Duration
}

func (s skewed) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	return s.engine.follow(ctx, f, func(m message) {
		m.at = m.at.Add(s.ahead)
		each(m)
	}, caughtUp)
}

// TestClocksAnHourApart has workers whose clocks are an hour early and late (fault 29).
func TestClocksAnHourApart(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, ever)
	f := th.fleet()
	early := th.start("early", nil, "FLEET_TEST_SKEW=1h")
	th.start("late", nil, "FLEET_TEST_SKEW=-1h")
	names := jobIDs(100)
	timeout := longOr(30*time.Second, 12*time.Second)
	owned := th.watchOwners(f)
	th.awaitOwners(owned, 2)
	all := make([]Job, len(names))
	for i, id := range names {
		all[i] = Job{ID: id, Timeout: timeout}
	}
	began := time.Now()
	require.NoError(t, f.Submit(t.Context(), all...))
	th.awaitPolls(names, began, func(string) bool { return true })
	sleep(t.Context(), time.Until(began.Add(timeout*2/3)))
	early.kill() // the late one goes on with the age of its jobs
	for _, keys := range collect(t, f, len(names)) {
		for _, end := range keys {
			assert.ErrorIs(t, end.Err, jobstatus.ErrTimeout)
		}
	}
	assert.Greater(t, time.Since(began), timeout)
	assert.Less(t, time.Since(began), longOr(timeout+4*time.Second, timeout*2/3+timeout), "a wait that begins anew would end later")
}

// TestAnOlderWorkerLeavesNewerMessagesAlone has processes meet messages of the next format.
func TestAnOlderWorkerLeavesNewerMessagesAlone(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, func(string) time.Duration { return 0 })
	f := th.fleet()
	// One of each cannot be read at all, and one could be taken for an older one.
	seqs := map[place]uint64{}
	for i, m := range []struct{ suffix, data string }{
		{submittedSuffix, `{"v":2,"ID":["newer"]}`},
		{endedSuffix, `{"v":2,"of":"a text"}`},
		{submittedSuffix, `{"v":2,"id":"newer"}`},
		{endedSuffix, `{"v":2,"of":9999,"id":"newer","status":{}}`},
	} {
		p := place{partition: 3, digest: digest{byte(i)}}
		seq, err := f.engine.publish(t.Context(), outgoing{subject: p.subject("fw", m.suffix), data: []byte(m.data), always: true})
		require.NoError(t, err)
		seqs[p] = seq
	}
	names := jobIDs(longOr(5000, 300))
	w := th.worker()
	th.consumer()
	th.submit(f, names)
	th.awaitEnds(len(names))
	w.kill()
	th.worker()
	more := []string{"job-9998", "job-9999"}
	th.submit(f, more)
	th.awaitEnds(len(names) + len(more))
	th.verdict(slices.Concat(names, more))
	require.Eventually(t, func() bool { return stored(t, f) == uint64(len(seqs)) }, guard, 20*time.Millisecond)
	for p, seq := range seqs {
		last, err := f.engine.last(t.Context(), p.all("fw"))
		require.NoError(t, err)
		assert.Equal(t, seq, last.seq)
	}
	assert.Empty(t, th.service.of("newer"))
	n, _, err := f.engine.backlog(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, n, "newer ends wait for a newer consumer")
}

// TestAResultThatIsTooLargeForTheServer ends jobs whose result the server would refuse.
func TestAResultThatIsTooLargeForTheServer(t *testing.T) {
	t.Parallel()
	payload := longOr(1<<20, 64<<10)
	th, _ := newTheatre(t, func(string) time.Duration { return 0 }, "FLEET_TEST_PAYLOAD="+strconv.Itoa(payload))
	th.service.result = []byte(`"` + strings.Repeat("x", payload) + `"`)
	f := th.fleet()
	names := jobIDs(20)
	th.worker()
	th.submit(f, names)
	for _, keys := range collect(t, f, len(names)) {
		for _, end := range keys {
			assert.NoError(t, end.Err)
			assert.Equal(t, jobstatus.Completed, end.Status.State)
			assert.Equal(t, len(th.service.result), end.LeftOut)
			assert.Empty(t, end.Status.Result)
		}
	}
}
