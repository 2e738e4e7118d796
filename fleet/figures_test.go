package fleet

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/fleet/embedded"
)

var figures = flag.Bool("figures", false, "measure at the sizes of docs/fleet.md")

// figureOr returns what a measurement for docs/fleet.md has, or what one has that only shows that
// the measurement works.
func figureOr[T any](inFigures, inShort T) T {
	if *figures {
		return inFigures
	}
	return inShort
}

// TestFigures prints the figures of docs/fleet.md.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Parallel()
	}
	for _, synced := range []bool{false, true} {
		name, jobs := "without fsync", figureOr(50_000, 200)
		if synced {
			name, jobs = "with fsync", figureOr(10_000, 100)
		}
		f := figureFleet(t, synced)
		took := timed(func() { submitAll(t, f, jobs) })
		t.Logf("submit, %s: %.0f jobs/s", name, float64(jobs)/took.Seconds())
		took = timed(func() { endAll(t, f, jobs) })
		t.Logf("store ends, %s: %.0f ends/s", name, float64(jobs)/took.Seconds())
		delivered := time.Duration(0)
		took = timed(func() { delivered = deliverAll(t, f, jobs) })
		t.Logf("%d ends, %s: delivered after %.1f s, removed after %.1f s", jobs, name, delivered.Seconds(), took.Seconds())
	}
	t.Run("memory", figureMemory)
}

// figureFleet returns a fleet on a server in this process.
func figureFleet(t *testing.T, synced bool) *Fleet {
	if synced {
		js, stop, err := embedded.Start(t.TempDir())
		require.NoError(t, err)
		t.Cleanup(stop)
		f, err := Open(t.Context(), js)
		require.NoError(t, err)
		return f
	}
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(10*time.Second))
	nc, err := nats.Connect("", nats.InProcessServer(s))
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close(); s.Shutdown(); s.WaitForShutdown() })
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	f, err := Open(t.Context(), js)
	require.NoError(t, err)
	return f
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func submitAll(t *testing.T, f *Fleet, jobs int) {
	all := make([]Job, jobs)
	for i := range all {
		all[i] = Job{ID: fmt.Sprintf("job-%09d", i), Kind: "transcode"}
	}
	require.NoError(t, f.Submit(t.Context(), all...))
}

// endAll stores an end for each of the jobs, as workers do.
func endAll(t *testing.T, f *Fleet, jobs int) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range storing {
		group.Go(func() {
			for i := next.Add(1) - 1; int(i) < jobs; i = next.Add(1) - 1 {
				id := fmt.Sprintf("job-%09d", i)
				p := placeOf(id, f.partitions)
				last, err := f.engine.last(t.Context(), p.all(f.name))
				if err == nil {
					_, err = f.engine.publish(t.Context(), outgoing{
						subject: p.subject(f.name, endedSuffix), filter: p.all(f.name), after: last.seq,
						data: encodeEnding(ending{Of: last.seq, ID: id, Status: jobstatus.Status{State: jobstatus.Completed}}, f.maxPayload),
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// deliverAll acknowledges all ends, and returns when the last was delivered.
func deliverAll(t *testing.T, f *Fleet, jobs int) (delivered time.Duration) {
	began := time.Now()
	keys := map[string]bool{}
	for end, err := range f.Ends(t.Context()) {
		require.NoError(t, err)
		keys[end.Key] = true
		end.Ack()
		if len(keys) == jobs {
			delivered = time.Since(began)
			break
		}
	}
	require.Zero(t, stored(t, f))
	return delivered
}

// TestABacklogIsDeliveredWithoutALoss checks that the connection drops no end of a backlog. A
// dropped end would be delivered again only after half a minute.
func TestABacklogIsDeliveredWithoutALoss(t *testing.T) {
	t.Parallel()
	jobs := longOr(100, 40) * maxAhead
	f := figureFleet(t, false)
	submitAll(t, f, jobs)
	endAll(t, f, jobs)
	var lost atomic.Int64
	f.engine.(*natsEngine).js.Conn().SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrSlowConsumer) {
			lost.Add(1)
		}
	})
	deliverAll(t, f, jobs)
	require.Zero(t, lost.Load())
}

// figureMemory prints what a pending job takes.
func figureMemory(t *testing.T) {
	jobs := figureOr(100_000, 200)
	f := figureFleet(t, false)
	before := heap()
	submitAll(t, f, jobs)
	sleep(t.Context(), figureOr(nonceWindow+5*time.Second, 0)) // the server forgets the nonces
	stored := heap()
	s := newService(time.Hour)
	w, err := jobstatus.New(quiet{s.as("a")}, jobstatus.WithBackoff(backoff.Constant(time.Hour)), jobstatus.WithTimeout(jobstatus.Unlimited))
	require.NoError(t, err)
	defer func() { _ = w.Close() }()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, w) }()
	began := time.Now()
	require.Eventually(t, func() bool { return w.Stats().Watches >= jobs }, time.Minute, 50*time.Millisecond)
	t.Logf("%d jobs taken over in %.1f s", jobs, time.Since(began).Seconds())
	sleep(t.Context(), figureOr(15*time.Second, 0)) // the server drops the blocks that it has read
	watched := heap()
	t.Logf("heap per pending job: server %d B, worker %d B", (stored-before)/int64(jobs), (watched-stored)/int64(jobs))
	stop()
	require.NoError(t, <-done)
}

// quiet is a service that takes no note of polls.
type quiet struct{ jobstatus.Transport }

func (quiet) Status(_ context.Context, id string) (jobstatus.Status, error) {
	return jobstatus.Status{ID: id, State: jobstatus.Running}, nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// counter is an engine that counts the ends that are delivered.
type counter struct {
	engine
	delivered *atomic.Int64
}

func (c counter) receive(ctx context.Context, each func(delivery)) error {
	return c.engine.receive(ctx, func(d delivery) { c.delivered.Add(1); each(d) })
}

// Ends of a newer format are given back, and the ends behind them are delivered meanwhile.
func TestManyNewerEndsTakeLittleMemoryAndHoldUpNoOthers(t *testing.T) {
	// Not parallel, because it measures the heap.
	newer, readable := figureOr(maxAckPending-1000, 2000), 20
	f := figureFleet(t, false)
	js := f.engine.(*natsEngine).js
	for i := range newer {
		subject := placeOf(strconv.Itoa(i), f.partitions).subject(f.name, endedSuffix)
		_, err := js.PublishMsgAsync(&nats.Msg{Subject: subject, Data: []byte(`{"v":2,"of":{}}`)}, jetstream.WithStallWait(guard))
		require.NoError(t, err)
	}
	<-js.PublishAsyncComplete()
	submitAll(t, f, readable)
	endAll(t, f, readable)

	delivered := new(atomic.Int64)
	f.engine = counter{f.engine, delivered}
	before, began, got := heap(), time.Now(), 0
	for end, err := range f.Ends(t.Context()) {
		require.NoError(t, err)
		end.Ack()
		if got++; got < readable {
			continue
		}
		took, kept := time.Since(began), heap()-before
		t.Logf("%d ends behind %d newer ones: delivered after %.1f s, with %d deliveries; heap %d kB",
			readable, newer, took.Seconds(), delivered.Load(), kept>>10)
		assert.Less(t, kept, int64(8<<20), "the server included")
		break
	}
	assert.GreaterOrEqual(t, delivered.Load(), int64(newer))
	require.Eventually(t, func() bool { return f.Stats().Unacked == 0 }, guard, time.Millisecond)
}

// If many newer ends are offered again, most deliveries are of ends that were not offered before.
func TestANewerEndIsOfferedMoreAndMoreSeldom(t *testing.T) {
	t.Parallel()
	var waits []time.Duration
	for deliveries := range uint64(7) {
		waits = append(waits, retryAfter(deliveries))
	}
	s := time.Second
	assert.Equal(t, []time.Duration{5 * s, 5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 80 * s}, waits)
	assert.Equal(t, 80*s, retryAfter(math.MaxUint64))
}
