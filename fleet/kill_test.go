//go:build unix

package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	longJobs  = flag.Int("jobs", 15_000, "how many jobs the long tests have")
	longRuns  = flag.Int("runs", 1, "how often the long tests run")
	longKills = flag.Int("kills", 3, "how often each process is killed in a storm")
	longStorm = flag.Duration("storm", 30*time.Second, "how long a storm is")
	testLease = time.Second
)

// loose takes the place of a bound in a short run, because other work may keep the machine busy.
const loose = 20 * time.Second

func init() { play = playRole }

// playRole is the life of a process that a test starts.
func playRole(role string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if isServer(role) {
		return playServer(ctx)
	}
	if role == "loner" {
		return playWorker(ctx, nil, role)
	}
	nc, err := connectTo(os.Getenv("FLEET_TEST_NATS"))
	if err != nil {
		return err
	}
	defer nc.Close()
	f, err := openOver(ctx, nc, os.Getenv)
	if err != nil {
		return err
	}
	switch role {
	case "consumer":
		return playConsumer(ctx, f, os.Getenv("FLEET_TEST_HALF") != "")
	case "submitter":
		return playSubmitter(ctx, f)
	}
	return playWorker(ctx, f, role)
}

func connectTo(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(10*time.Millisecond, 0),
		nats.RetryOnFailedConnect(true), nats.Timeout(time.Second), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
}

// openOver opens the fleet with the options that getenv tells. It tries again while the server is
// away.
func openOver(ctx context.Context, nc *nats.Conn, getenv func(key string) string) (*Fleet, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	lease, err := time.ParseDuration(getenv("FLEET_TEST_LEASE"))
	if err != nil {
		lease = testLease
	}
	limit, _ := strconv.ParseFloat(getenv("FLEET_TEST_LIMIT"), 64)
	replicas, _ := strconv.Atoi(getenv("FLEET_TEST_REPLICAS"))
	partitions, err := strconv.Atoi(getenv("FLEET_TEST_PARTITIONS"))
	if err != nil {
		partitions = 32
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		f, err := Open(attempt, js, Partitions(partitions), Lease(lease), RateLimit(limit), Replicas(replicas),
			func(c *config) { c.ackWait = 3 * time.Second })
		cancel()
		if err == nil || ctx.Err() != nil {
			return f, err
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

// isServer reports whether a role is a server's, which prints its addresses first.
func isServer(role string) bool { return role == "server" || role == "replica" }

// playServer is a server that listens on a loopback socket. It prints its address and, if it is one
// of a cluster, the one for its peers.
func playServer(ctx context.Context) error {
	port, _ := strconv.Atoi(os.Getenv("FLEET_TEST_PORT"))
	if port == 0 {
		port = server.RANDOM_PORT
	}
	payload, _ := strconv.Atoi(os.Getenv("FLEET_TEST_PAYLOAD"))
	opts := &server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: os.Getenv("FLEET_TEST_DIR"), NoLog: true, NoSigs: true,
		MaxPayload: int32(payload),
	}
	if name := os.Getenv("FLEET_TEST_NAME"); name != "" {
		opts.ServerName = name
		opts.Cluster = server.ClusterOpts{Name: "fleet", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoAdvertise: true}
		opts.Routes = server.RoutesFromStr(os.Getenv("FLEET_TEST_ROUTES"))
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(guard) {
		return fmt.Errorf("the server did not start on port %d", port)
	}
	fmt.Println(s.Addr(), s.ClusterAddr())
	tell(ctx, new(atomic.Int64), nil)
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// removedWord begins the line of a consumer that tells which message it has removed.
const removedWord = "removed"

// noting is an engine that prints which messages of the jobs were removed for certain.
type noting struct{ engine }

func (n noting) remove(ctx context.Context, s store, seq uint64) error {
	err := n.engine.remove(ctx, s, seq)
	if err == nil && s == jobs {
		fmt.Println(removedWord, seq)
	}
	return err
}

// playSubmitter submits jobs one by one, and prints each that is stored.
func playSubmitter(ctx context.Context, f *Fleet) error {
	count, _ := strconv.Atoi(os.Getenv("FLEET_TEST_JOBS"))
	for _, id := range jobIDs(count) {
		if err := f.Submit(ctx, Job{ID: id, Kind: "k"}); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}

// playConsumer prints each end and acknowledges it, or only every second one.
func playConsumer(ctx context.Context, f *Fleet, half bool) error {
	f.engine = noting{f.engine}
	n := 0
	for end, err := range f.Ends(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s %s %v\n", end.Status.ID, end.Key, end.Err)
		if n++; !half || n%2 == 0 {
			end.Ack()
		}
	}
	return nil
}

// playWorker watches jobs under the name of its role. Without a fleet it watches jobs of its own.
func playWorker(ctx context.Context, f *Fleet, role string) error {
	polls := new(atomic.Int64)
	t := counting{httpClient{url: os.Getenv("FLEET_TEST_SERVICE"), owner: role}, polls}
	pace, timeout := time.Second, 10*time.Minute
	if os.Getenv("FLEET_TEST_QUIET") != "" {
		t.Transport, pace, timeout = quiet{t.Transport}, time.Hour, jobstatus.Unlimited
	}
	w, err := jobstatus.New(t, jobstatus.WithBackoff(backoff.Constant(pace)), jobstatus.WithTimeout(timeout))
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	go tell(ctx, polls, f)
	if f == nil {
		count, _ := strconv.Atoi(os.Getenv("FLEET_TEST_JOBS"))
		return playLoner(ctx, w, count)
	}
	if skew, err := time.ParseDuration(os.Getenv("FLEET_TEST_SKEW")); err == nil {
		f.engine = skewed{f.engine, skew}
	}
	return f.Run(ctx, w)
}

// sentHeader tells the service of a test when a request was sent.
const sentHeader = "X-Sent"

// httpClient polls the service of a test over HTTP, and says who asks.
type httpClient struct{ url, owner string }

func (c httpClient) Status(ctx context.Context, id string) (transport.Status, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/"+c.owner+"/"+id, nil)
	if err != nil {
		return transport.Status{}, err
	}
	req.Header.Set(sentHeader, strconv.FormatInt(time.Now().UnixNano(), 10))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return transport.Status{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	st := transport.Status{ID: id}
	return st, json.NewDecoder(resp.Body).Decode(&st)
}

// theatre is what a test that kills plays with.
type theatre struct {
	t       *testing.T
	service *service
	env     []string
	started int
	all     []*process
	mu      sync.Mutex
	keys    map[string]map[string]int // by id: how often each Key came. Guarded by mu
	removed map[uint64]bool           // messages that consumers have removed. Guarded by mu
	got     chan struct{}             // told of each end
}

// process is a process that a test started.
type process struct {
	*exec.Cmd
	role string
	done chan struct{}
	env  []string
	said string // what it printed first, if it is a server
}

// newTheatre starts a service and a server.
func newTheatre(t *testing.T, takes func(id string) time.Duration, env ...string) (*theatre, *process) {
	th := emptyTheatre(t, takes, env...)
	th.env = append(th.env, "FLEET_TEST_DIR="+t.TempDir())
	return th, th.start("server", nil)
}

// emptyTheatre starts a service, and no server.
func emptyTheatre(t *testing.T, takes func(id string) time.Duration, env ...string) *theatre {
	th := &theatre{t: t, service: newService(0), keys: map[string]map[string]int{}, removed: map[uint64]bool{}, got: make(chan struct{}, 1)}
	th.service.takes = takes
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := strings.Cut(r.URL.Path, "/")
		owner, id, _ := strings.Cut(rest, "/")
		sent, _ := strconv.ParseInt(r.Header.Get(sentHeader), 10, 64)
		st, _ := client{th.service, owner, time.Unix(0, sent)}.Status(r.Context(), id)
		_ = json.NewEncoder(w).Encode(st)
	}))
	t.Cleanup(srv.Close)
	th.env = append([]string{"FLEET_TEST_SERVICE=" + srv.URL}, env...)
	return th
}

// start starts a process. It is killed by the test's end. line takes in what it prints, but for the
// first line of a server.
func (th *theatre) start(role string, line func(string), env ...string) *process {
	th.t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0]), role: role, done: make(chan struct{}), env: env}
	p.Env = append(append(os.Environ(), th.env...), append(env, roleKey+"="+role)...)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	require.NoError(th.t, err)
	require.NoError(th.t, p.Start())
	first := make(chan string, 1)
	go func() {
		defer close(p.done)
		in := bufio.NewScanner(out)
		if isServer(role) && in.Scan() {
			first <- in.Text()
		}
		for in.Scan() {
			if line != nil {
				line(in.Text())
			}
		}
		_ = p.Wait()
	}()
	th.t.Cleanup(p.kill)
	th.all = append(th.all, p)
	if isServer(role) {
		select {
		case p.said = <-first:
		case <-p.done:
			th.t.Fatal("the server did not start")
		}
	}
	if role == "server" {
		addr, _, _ := strings.Cut(p.said, " ")
		th.env = append(th.env, "FLEET_TEST_NATS=nats://"+addr, "FLEET_TEST_PORT="+addr[strings.LastIndex(addr, ":")+1:])
	}
	return p
}

// kill ends the process at once.
func (p *process) kill() { killTogether(p) }

// killTogether ends processes at once, and waits only then.
func killTogether(all ...*process) {
	for _, p := range all {
		_ = p.Process.Kill()
	}
	for _, p := range all {
		<-p.done
	}
}

// leave asks the process to end, and waits until it has.
func (p *process) leave() {
	_ = p.Process.Signal(syscall.SIGTERM)
	<-p.done
}

// worker starts a worker with a name of its own.
func (th *theatre) worker() *process {
	th.started++
	return th.start("worker-"+strconv.Itoa(th.started), nil)
}

// consumer starts a consumer, whose ends are noted.
func (th *theatre) consumer(env ...string) *process {
	return th.start("consumer", func(line string) {
		id, rest, _ := strings.Cut(line, " ")
		key, text, _ := strings.Cut(rest, " ")
		th.mu.Lock()
		defer th.mu.Unlock()
		if id == removedWord {
			seq, err := strconv.ParseUint(rest, 10, 64)
			assert.NoError(th.t, err)
			th.removed[seq] = true
			return
		}
		if text != "<nil>" {
			th.t.Errorf("job %s ended with %s", id, text)
		}
		if th.keys[id] == nil {
			th.keys[id] = map[string]int{}
		}
		th.keys[id][key]++
		select {
		case th.got <- struct{}{}:
		default:
		}
	}, env...)
}

// getenv returns a value of the environment that processes are started in.
func (th *theatre) getenv(key string) string {
	value := ""
	for _, kv := range th.env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			value = v
		}
	}
	return value
}

// fleet returns a fleet of the test's own process.
func (th *theatre) fleet() *Fleet {
	th.t.Helper()
	closed := make(chan struct{})
	nc, err := connectTo(th.getenv("FLEET_TEST_NATS"))
	require.NoError(th.t, err)
	nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
	th.t.Cleanup(func() { nc.Close(); <-closed })
	f, err := openOver(th.t.Context(), nc, th.getenv)
	require.NoError(th.t, err)
	return f
}

// submit submits jobs, and tries again while the server is away.
func (th *theatre) submit(f *Fleet, names []string) {
	th.t.Helper()
	all := make([]Job, len(names))
	for i, id := range names {
		all[i] = Job{ID: id, Kind: "k"}
	}
	for f.Submit(th.t.Context(), all...) != nil {
		require.True(th.t, sleep(th.t.Context(), 100*time.Millisecond))
	}
}

// awaitEnds waits until so many jobs have ended.
func (th *theatre) awaitEnds(n int) {
	th.t.Helper()
	deadline := time.After(longOr(2*guard, guard))
	for {
		th.mu.Lock()
		have := len(th.keys)
		th.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-th.got:
		case <-deadline:
			th.explain()
			th.t.Fatalf("%d of %d jobs ended", have, n)
		}
	}
}

// explain logs what the stream holds.
func (th *theatre) explain() {
	f := th.fleet()
	n := f.engine.(*natsEngine)
	submitted, ended := map[digest]int{}, map[digest]int{}
	ctx, cancel := context.WithTimeout(th.t.Context(), 5*time.Second)
	defer cancel()
	_ = n.follow(ctx, following{filter: "fw.*.*.*"}, func(m message) {
		switch p, suffix, _ := splitSubject(m.subject); suffix {
		case submittedSuffix:
			submitted[p.digest] = p.partition
		case endedSuffix:
			ended[p.digest] = p.partition
		}
	}, cancel)
	th.mu.Lock()
	defer th.mu.Unlock()
	kinds := map[string]int{}
	for i := range 100_000 {
		id := fmt.Sprintf("job-%04d", i)
		d := placeOf(id, 1).digest
		_, s := submitted[d]
		_, e := ended[d]
		if s || e {
			kinds[fmt.Sprintf("s %v e %v got %v polled %v", s, e, len(th.keys[id]), len(th.service.of(id)) > 0)]++
		}
	}
	th.t.Log(kinds)
	partitions := map[int]int{}
	for d, p := range submitted {
		if _, ok := ended[d]; !ok {
			partitions[p]++
		}
	}
	c, err := n.js.Consumer(th.t.Context(), "fw", endsName)
	if err == nil {
		th.t.Logf("consumer: %+v", *c.CachedInfo())
	}
	for _, p := range th.all {
		_ = p.Process.Signal(syscall.SIGQUIT) // prints its goroutines
	}
	sleep(th.t.Context(), 2*time.Second)
	th.t.Logf("%d submissions and %d ends are stored; without an end by partition: %v", len(submitted), len(ended), partitions)
}

// awaitPolls waits until each of the jobs was polled after since, and by tells of who was the last.
func (th *theatre) awaitPolls(names []string, since time.Time, by func(owner string) bool) {
	th.t.Helper()
	require.Eventually(th.t, func() bool {
		for _, id := range names {
			polls := th.service.of(id)
			if len(polls) == 0 || !polls[len(polls)-1].at.After(since) || !by(polls[len(polls)-1].owner) {
				return false
			}
		}
		return true
	}, guard, 20*time.Millisecond)
}

// verdict checks that each job ended once by Key, and returns how many were polled by two owners
// together.
func (th *theatre) verdict(names []string) {
	th.t.Helper()
	th.mu.Lock()
	defer th.mu.Unlock()
	twice, again := 0, 0
	for _, id := range names {
		if len(th.keys[id]) != 1 {
			twice++
			th.t.Logf("%s: %v", id, th.keys[id])
		}
		for _, n := range th.keys[id] {
			again += n - 1
		}
	}
	assert.Zero(th.t, twice, "jobs with two Keys, or none")
	together := 0
	for _, id := range names {
		together += th.service.together(id, testLease/2)
	}
	assert.Zero(th.t, together, "polls by two owners together")
	th.t.Logf("%d jobs ended, %d ends came again under their Key, %d polls", len(th.keys), again, len(th.service.all()))
}

func ever(string) time.Duration { return time.Hour }

// TestAKilledWorkersJobsAreTakenOver kills a worker of three (fault 32).
func TestAKilledWorkersJobsAreTakenOver(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, ever)
	f := th.fleet()
	names := jobIDs(300)
	victim := th.worker()
	th.worker()
	th.worker()
	th.submit(f, names)
	th.awaitPolls(names, time.Now(), func(string) bool { return true })
	// All three are at work, each for a second at least.
	require.Eventually(t, func() bool {
		owners := map[string]bool{}
		for _, id := range names {
			p := th.service.of(id)
			owners[p[len(p)-1].owner] = true
		}
		return len(owners) == 3
	}, guard, 50*time.Millisecond)
	settled := time.Now().Add(2 * testLease)
	th.awaitPolls(names, settled, func(string) bool { return true })
	owned := th.watchOwners(f)
	require.Eventually(t, func() bool { return len(owned()) == 3 }, guard, 10*time.Millisecond)
	killed := time.Now()
	victim.kill()
	require.Eventually(t, func() bool { return len(owned()) == 2 }, guard, 5*time.Millisecond)
	took := time.Since(killed)
	assert.Less(t, took, longOr(testLease+time.Second, loose), "owned again")
	t.Logf("all partitions are owned again after %v, with a lease of %v", took.Round(10*time.Millisecond), testLease)
	th.awaitPolls(names, killed, func(owner string) bool { return owner != "worker-1" })
	after := 0
	var latest time.Duration
	for _, id := range names {
		changes := 0
		polls := th.service.of(id)
		for i, p := range polls {
			if p.at.After(killed) && i > 0 && polls[i-1].owner != p.owner {
				changes++
				latest = max(latest, p.at.Sub(killed))
			}
		}
		require.LessOrEqual(t, changes, 1, id)
		after += changes
	}
	assert.Positive(t, after)
	// A poll is due once a second, and one that was missed is made up for over five times the gap.
	assert.Less(t, latest, longOr(2*testLease+2*time.Second, loose))
	t.Logf("%d jobs were taken over, the last was polled after %v", after, latest)
}

// watchOwners returns how many partitions each owner has, whenever it is asked.
func (th *theatre) watchOwners(f *Fleet) func() map[string]int {
	var mu sync.Mutex
	owner := map[string]string{}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		f.follow(ctx, following{store: owners}, func(m message) {
			var c claim
			if json.Unmarshal(m.data, &c) == nil {
				mu.Lock()
				defer mu.Unlock()
				owner[m.subject] = c.Owner
			}
		}, func() {})
	})
	th.t.Cleanup(func() { stop(); group.Wait() })
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		n := map[string]int{}
		for _, o := range owner {
			n[o]++
		}
		return n
	}
}

// TestWorkersComeAndGo has workers join and leave while jobs run, and one that stands still for
// longer than its lease.
func TestWorkersComeAndGo(t *testing.T) {
	t.Parallel()
	th, _ := newTheatre(t, func(id string) time.Duration {
		n, _ := strconv.Atoi(id[len("job-"):])
		return 3*time.Second + time.Duration(n%100)*80*time.Millisecond
	})
	f := th.fleet()
	names := jobIDs(500)
	first := th.worker()
	th.consumer()
	th.submit(f, names)
	owned := th.watchOwners(f)
	busy := func(n int) func() bool {
		return func() bool { o := owned(); return len(o) == n && o[""] == 0 }
	}
	require.Eventually(t, busy(1), guard, 10*time.Millisecond)
	stopped := th.worker()
	th.worker()
	require.Eventually(t, busy(3), guard, 10*time.Millisecond, "two joined")
	began := time.Now()
	first.leave()
	assert.Less(t, time.Since(began), longOr(testLease+grace, loose), "it leaves when its jobs are handed over")
	require.Eventually(t, busy(2), guard, 10*time.Millisecond, "one left")
	require.NoError(t, stopped.Process.Signal(syscall.SIGSTOP))
	require.Eventually(t, busy(1), guard, 10*time.Millisecond, "one stands still")
	require.NoError(t, stopped.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, busy(2), guard, 10*time.Millisecond, "it is back")
	th.awaitEnds(len(names))
	th.verdict(names)
}

// spreadOver has jobs take up to a length, one as long as another in 97.
func spreadOver(length time.Duration) func(id string) time.Duration {
	return func(id string) time.Duration {
		n, _ := strconv.Atoi(id[len("job-"):])
		return time.Duration(n%97) * length / 97
	}
}

// submitDuring submits jobs in parts over a length. It returns what waits until all are submitted.
func (th *theatre) submitDuring(f *Fleet, names []string, length time.Duration) (wait func()) {
	const parts = 50
	var group sync.WaitGroup
	group.Go(func() {
		for part := range parts {
			th.submit(f, names[part*len(names)/parts:(part+1)*len(names)/parts])
			sleep(th.t.Context(), length/parts)
		}
	})
	return group.Wait
}

// storm has jobs submitted while processes of all kinds are killed.
func storm(t *testing.T, jobs, kills int, length time.Duration) {
	th, srv := newTheatre(t, spreadOver(length))
	f := th.fleet()
	workers := []*process{th.worker(), th.worker(), th.worker()}
	consumer := th.consumer()
	names := jobIDs(jobs)
	submitted := th.submitDuring(f, names, length/2)
	for range kills {
		for _, kill := range rand.Perm(3) {
			sleep(t.Context(), length/time.Duration(3*kills))
			switch kill {
			case 0:
				srv = th.killServer(f, srv)
			case 1:
				i := rand.IntN(len(workers))
				workers[i].kill()
				workers[i] = th.worker()
			case 2:
				consumer.kill()
				consumer = th.consumer()
			}
		}
	}
	submitted()
	th.awaitEnds(jobs)
	th.verdict(names)
	th.awaitRemoval(f, names)
	th.killServer(f, srv)
	th.awaitRemoval(f, names)
}

// killServer kills the server and starts it again. It tells how many removed messages came back.
func (th *theatre) killServer(f *Fleet, srv *process) *process {
	th.t.Helper()
	removed := th.removedSoFar()
	srv.kill()
	srv = th.start("server", nil)
	th.tellOfThoseBack(f, removed)
	return srv
}

// removedSoFar returns the messages that consumers have removed.
func (th *theatre) removedSoFar() map[uint64]bool {
	th.mu.Lock()
	defer th.mu.Unlock()
	return maps.Clone(th.removed)
}

// tellOfThoseBack logs how many of the messages that were removed are stored. The server can lose
// the marks of what was removed from the beginning of a block, and of the last message of a block.
func (th *theatre) tellOfThoseBack(f *Fleet, removed map[uint64]bool) {
	th.t.Helper()
	ctx, cancel := context.WithTimeout(th.t.Context(), guard)
	defer cancel()
	back := map[string]int{}
	f.follow(ctx, following{filter: "fw.*.*.*"}, func(m message) {
		if removed[m.seq] {
			back[m.subject[strings.LastIndex(m.subject, "."):]]++
		}
	}, cancel)
	if len(back) > 0 {
		th.t.Logf("of %d messages that were removed these came back: %v", len(removed), back)
	}
}

// awaitRemoval waits until nothing is stored. Workers that start when the others have left find
// what came back: they remove ends, and watch a submission once more, which ends under its Key.
func (th *theatre) awaitRemoval(f *Fleet, names []string) {
	th.t.Helper()
	for _, p := range th.all {
		if strings.HasPrefix(p.role, "worker") {
			p.leave()
		}
	}
	for deadline := time.Now().Add(guard); stored(th.t, f) > 0; {
		require.True(th.t, time.Now().Before(deadline), "all is acknowledged and removed")
		w := th.worker()
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end) && stored(th.t, f) > 0; {
			sleep(th.t.Context(), 100*time.Millisecond)
		}
		w.leave()
	}
	th.verdict(names)
}

// TestNothingIsLostWhenAllAreKilled kills the server, a worker and a consumer while jobs are
// submitted (fault 32).
func TestNothingIsLostWhenAllAreKilled(t *testing.T) {
	t.Parallel()
	for i := range longOr(*longRuns, 1) {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			storm(t, longOr(*longJobs, 1500), longOr(*longKills, 1), longOr(*longStorm, 6*time.Second))
		})
	}
}

// TestNothingIsLostWhenAllIsKilledAtOnce kills the server, all workers and the consumer together
// while jobs are submitted and end (fault 32).
func TestNothingIsLostWhenAllIsKilledAtOnce(t *testing.T) {
	t.Parallel()
	jobs, length := longOr(*longJobs, 1000), longOr(30*time.Second, 5*time.Second)
	th, srv := newTheatre(t, spreadOver(length))
	f := th.fleet()
	names := jobIDs(jobs)
	cast := []*process{srv, th.worker(), th.worker(), th.consumer()}
	submitted := th.submitDuring(f, names, length)
	for range longOr(5, 1) {
		sleep(t.Context(), length/longOr[time.Duration](7, 2))
		removed := th.removedSoFar()
		killTogether(cast...)
		srv = th.start("server", nil)
		th.tellOfThoseBack(f, removed)
		cast = []*process{srv, th.worker(), th.worker(), th.consumer()}
	}
	submitted()
	th.awaitEnds(jobs)
	th.verdict(names)
	th.awaitRemoval(f, names)
	th.killServer(f, srv)
	th.awaitRemoval(f, names)
}

// TestWhatWasRemovedStaysRemoved kills the server right after messages were removed.
func TestWhatWasRemovedStaysRemoved(t *testing.T) {
	t.Parallel()
	th, srv := newTheatre(t, ever)
	f := th.fleet()
	const count = 3000
	th.submit(f, jobIDs(count))
	var seqs []uint64
	ctx, cancel := context.WithCancel(t.Context())
	f.follow(ctx, following{filter: "fw.*.*" + submittedSuffix}, func(m message) { seqs = append(seqs, m.seq) }, cancel)
	require.Len(t, seqs, count)
	var group sync.WaitGroup
	for part := range slices.Chunk(seqs, count/10) {
		group.Go(func() {
			for _, seq := range part {
				assert.NoError(t, f.engine.remove(t.Context(), jobs, seq))
			}
		})
	}
	group.Wait()
	srv.kill()
	th.start("server", nil)
	assert.Zero(t, stored(t, f))
}

// The server keeps messages in blocks of 8 MB, and the marks of what was removed in the newest one.
// Version 2.15.2 makes none for the last message of a block that holds marks of others. An end that
// comes back by that is not the end of the job's next watch, and the next worker removes it.
func TestAnEndThatCameBackIsRemoved(t *testing.T) {
	t.Parallel()
	const stays = "job-9999"
	th, srv := newTheatre(t, func(id string) time.Duration {
		if id == stays {
			return time.Hour
		}
		return 0
	}, "FLEET_TEST_LEASE=10s") // a worker that is cut off reads all the results again
	th.service.result = []byte(`"` + strings.Repeat("x", 200<<10) + `"`)
	f := th.fleet()
	names := jobIDs(60)
	w := th.worker()
	th.submit(f, []string{stays})
	th.submit(f, names)
	waiting := func() (n int, acked uint64) {
		n, acked, err := f.engine.backlog(t.Context())
		require.NoError(t, err)
		return n, acked
	}
	require.Eventually(t, func() bool { n, _ := waiting(); return n == len(names) }, guard, 20*time.Millisecond)
	w.leave()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all []delivery
	_ = f.engine.receive(ctx, func(d delivery) {
		if all = append(all, d); len(all) == len(names) {
			cancel()
		}
	})
	for _, d := range slices.Backward(all) {
		e, err := decodeEnding(d.data, nil)
		require.NoError(t, err)
		require.NoError(t, f.register.clear(t.Context(), e.Of, d.seq))
		require.NoError(t, d.ack())
	}
	require.Eventually(t, func() bool { _, acked := waiting(); return acked >= all[len(all)-1].seq }, guard, 20*time.Millisecond)
	sleep(t.Context(), time.Second) // the server writes what is acknowledged a little later
	srv.kill()
	th.start("server", nil)
	t.Logf("%d messages came back", stored(t, f)-1)
	th.consumer() // is given what the server does not know to be acknowledged
	require.Eventually(t, func() bool { n, _ := waiting(); return n == 0 }, guard, 20*time.Millisecond)

	th.submit(f, names)
	for _, id := range names {
		last, err := f.engine.last(t.Context(), placeOf(id, f.partitions).all(f.name))
		require.NoError(t, err)
		assert.False(t, strings.HasSuffix(last.subject, endedSuffix), "%s was acknowledged, and can be submitted again", id)
	}
	assert.EqualValues(t, len(names)+1, stored(t, f), "what came back is removed")
}

// TestAConsumerKilledBetweenAnEndAndItsAck kills it together with the server.
func TestAConsumerKilledBetweenAnEndAndItsAck(t *testing.T) {
	t.Parallel()
	th, srv := newTheatre(t, func(string) time.Duration { return 0 })
	f := th.fleet()
	names := jobIDs(200)
	w := th.worker()
	consumer := th.consumer("FLEET_TEST_HALF=1")
	th.submit(f, names)
	th.awaitEnds(len(names))
	killTogether(srv, consumer)
	th.start("server", nil)
	th.consumer()
	require.Eventually(t, func() bool { return stored(t, f) == 0 }, guard, 50*time.Millisecond)
	th.verdict(names)
	w.leave()
	th.mu.Lock()
	defer th.mu.Unlock()
	again := 0
	for _, keys := range th.keys {
		for _, n := range keys {
			again += n - 1
		}
	}
	assert.GreaterOrEqual(t, again, len(names)/2, "what was not acknowledged comes again")
}

// TestOneOfTwoConsumersIsKilledWhileTheServerIsAway has jobs end before, meanwhile and after.
func TestOneOfTwoConsumersIsKilledWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	th, srv := newTheatre(t, spreadOver(4*time.Second))
	f := th.fleet()
	names := jobIDs(500)
	th.worker()
	victim := th.consumer()
	th.consumer()
	th.submit(f, names)
	th.awaitEnds(len(names) / 4)
	srv.kill()
	victim.kill()
	sleep(t.Context(), time.Second)
	th.start("server", nil)
	th.awaitEnds(len(names))
	th.awaitRemoval(f, names)
}

// TestAProcessThatSubmitsIsKilledWhileTheServerIsAway has another one submit the same jobs again.
func TestAProcessThatSubmitsIsKilledWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	th, srv := newTheatre(t, spreadOver(2*time.Second), "FLEET_TEST_JOBS=1000")
	f := th.fleet()
	names := jobIDs(1000)
	th.worker()
	half := make(chan struct{})
	submitter := th.start("submitter", func(id string) {
		if id == names[len(names)/2] {
			close(half)
		}
	})
	<-half
	srv.kill()
	sleep(t.Context(), 100*time.Millisecond)
	submitter.kill()
	th.start("server", nil)
	second := th.start("submitter", nil)
	<-second.done
	assert.True(t, second.ProcessState.Success())
	th.consumer()
	th.awaitEnds(len(names))
	th.awaitRemoval(f, names)
}
