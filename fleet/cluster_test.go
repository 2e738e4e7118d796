//go:build unix

package fleet

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is a cluster of three servers, each a process. A server listens for its peers on a port
// of the system's choice, and reaches them by their doors, whose ports are known before.
type cluster struct {
	th       *theatre
	replicas []*process
	doors    []*proxy
	dirs     []string
	ports    []string // of a replica that was killed: it gets the same again
}

// newCluster starts a service, and a cluster that keeps three replicas of all.
func newCluster(t *testing.T, takes func(id string) time.Duration) *cluster {
	t.Helper()
	c := &cluster{th: emptyTheatre(t, takes, "FLEET_TEST_REPLICAS=3"), replicas: make([]*process, 3), ports: make([]string, 3)}
	for range c.replicas {
		c.doors = append(c.doors, newProxy(t, ""))
		c.dirs = append(c.dirs, t.TempDir())
	}
	var urls []string
	for i := range c.replicas {
		urls = append(urls, "nats://"+c.start(i))
	}
	c.th.env = append(c.th.env, "FLEET_TEST_NATS="+strings.Join(urls, ","))
	return c
}

// start starts a replica, and returns its address.
func (c *cluster) start(i int) string {
	c.th.t.Helper()
	var routes []string
	for j, door := range c.doors {
		if j != i {
			routes = append(routes, "nats://"+door.listener.Addr().String())
		}
	}
	c.replicas[i] = c.th.start("replica", nil, "FLEET_TEST_NAME="+replicaName(i), "FLEET_TEST_DIR="+c.dirs[i],
		"FLEET_TEST_PORT="+c.ports[i], "FLEET_TEST_ROUTES="+strings.Join(routes, ","))
	addr, peers, _ := strings.Cut(c.replicas[i].said, " ")
	c.doors[i].lead(peers)
	c.ports[i] = addr[strings.LastIndex(addr, ":")+1:]
	return addr
}

// killAll kills all replicas and starts them again. It tells how many removed messages came back.
func (c *cluster) killAll(f *Fleet) {
	c.th.t.Helper()
	removed := c.th.removedSoFar()
	killTogether(c.replicas...)
	c.restart()
	c.leader(f)
	c.th.tellOfThoseBack(f, removed)
}

func replicaName(i int) string { return "replica-" + strconv.Itoa(i) }

// restart starts all replicas, which were killed.
func (c *cluster) restart() {
	c.th.t.Helper()
	for i := range c.replicas {
		c.start(i)
	}
}

// leader returns which replica leads the stream of the jobs.
func (c *cluster) leader(f *Fleet) int {
	c.th.t.Helper()
	leader := -1
	require.Eventually(c.th.t, func() bool {
		info, err := f.engine.(*natsEngine).stream.Info(c.th.t.Context())
		for i := range c.replicas {
			if err == nil && info.Cluster != nil && info.Cluster.Leader == replicaName(i) {
				leader = i
			}
		}
		return leader >= 0
	}, guard, 20*time.Millisecond, "the stream has a leader")
	return leader
}

// TestThreeReplicasLoseNothing kills the leader of the stream while jobs are submitted and end, and
// then all three servers (fault 32).
func TestThreeReplicasLoseNothing(t *testing.T) {
	t.Parallel()
	jobs, length := longOr(*longJobs, 600), longOr(60*time.Second, 4*time.Second)
	c := newCluster(t, spreadOver(2*length))
	th, f := c.th, c.th.fleet()
	names := jobIDs(jobs)
	th.worker()
	th.worker()
	th.consumer()
	submitted := th.submitDuring(f, names, length)
	sleep(t.Context(), length/2)
	for range longOr(3, 1) {
		dead := c.leader(f)
		c.replicas[dead].kill()
		assert.NotEqual(t, dead, c.leader(f), "two of three go on")
		sleep(t.Context(), length/10)
		c.start(dead)
	}
	sleep(t.Context(), length/10)
	c.killAll(f)
	submitted()
	th.awaitEnds(jobs)
	th.verdict(names)
	th.awaitRemoval(f, names)
	c.killAll(f)
	th.awaitRemoval(f, names)
}

// TestWhatSubmitStoredOutlivesThreeReplicas kills the leader of the stream while jobs are
// submitted, then both others, and then all three servers. Submit, Wait and Forget wait
// meanwhile, and what Submit stored is kept.
func TestWhatSubmitStoredOutlivesThreeReplicas(t *testing.T) {
	t.Parallel()
	c := newCluster(t, ever)
	f := c.th.fleet()
	s := submitUntilStopped(t, f)
	s.await(longOr(5000, 200))
	dead := c.leader(f)
	c.replicas[dead].kill()
	s.await(longOr(5000, 200))
	c.start(dead)

	alone := c.leader(f)
	others := slices.Delete(slices.Clone(c.replicas), alone, alone+1)
	killTogether(others...)
	sleep(t.Context(), requestTimeout+time.Second) // Submit asks the leader again, which has no majority
	var group sync.WaitGroup
	group.Go(func() { assert.NoError(t, f.Forget(t.Context(), "never")) })
	group.Go(func() { _, err := f.Wait(t.Context(), "never"); assert.ErrorIs(t, err, fs.ErrNotExist) })
	sleep(t.Context(), requestTimeout+time.Second)
	for i := range c.replicas {
		if i != alone {
			c.start(i)
		}
	}
	s.await(longOr(5000, 200))
	group.Wait()

	killTogether(c.replicas...)
	durable := s.stop()
	c.restart()
	t.Logf("%d jobs were submitted", len(durable))
	assert.Zero(t, missingOf(t, f, durable), "jobs that Submit said to be stored")
}

// submitting submits jobs one by one, and notes for which Submit returned nil.
type submitting struct {
	t      *testing.T
	cancel context.CancelFunc
	group  sync.WaitGroup
	mu     sync.Mutex
	names  []string // guarded by mu
}

// submitUntilStopped submits jobs until stop is called.
func submitUntilStopped(t *testing.T, f *Fleet) *submitting {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &submitting{t: t, cancel: cancel}
	for i := range 32 {
		s.group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := strconv.Itoa(i) + "-" + strconv.Itoa(n)
				err := f.Submit(ctx, Job{ID: id})
				switch {
				case err == nil:
					s.mu.Lock()
					s.names = append(s.names, id)
					s.mu.Unlock()
				case !errors.Is(err, context.Canceled):
					t.Errorf("job %s: %v", id, err)
				}
			}
		})
	}
	t.Cleanup(func() { s.stop() })
	return s
}

// await waits until so many more jobs are submitted.
func (s *submitting) await(more int) {
	s.t.Helper()
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.names)
	}
	want := count() + more
	require.Eventually(s.t, func() bool { return count() >= want }, guard, time.Millisecond, "jobs are submitted")
}

// stop returns the jobs that were submitted.
func (s *submitting) stop() []string {
	s.cancel()
	s.group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names
}

// missingOf returns how many jobs are not stored. A server that was started again knows its newest
// messages only when a leader has said that they are valid, so the rest is waited for.
func missingOf(t *testing.T, f *Fleet, names []string) int {
	t.Helper()
	missing := map[digest]bool{}
	for _, id := range names {
		missing[placeOf(id, 1).digest] = true
	}
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	f.follow(ctx, following{filter: "fw.*.*.*"}, func(m message) {
		p, _, err := splitSubject(m.subject)
		assert.NoError(t, err)
		delete(missing, p.digest)
		if len(missing) == 0 {
			cancel()
		}
	}, func() {})
	return len(missing)
}
