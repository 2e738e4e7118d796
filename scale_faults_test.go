package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// many is the number of watches of one Watcher in the tests of faults.
const many = 2000

// guard limits what runs on the real clock, so that a test fails and does not hang. It is far
// longer than any test takes on a busy machine.
const guard = 5 * time.Minute

// patient removes the limits of waits and polls on the real clock. So what a test counts does not
// depend on how busy the machine is.
var patient = []jobstatus.Option{jobstatus.WithTimeout(jobstatus.Unlimited), jobstatus.WithPollTimeout(guard)}

// kindOf returns the text before the number in an id, or in a path that ends with an id.
func kindOf(id string) string {
	kind, _, _ := strings.Cut(path.Base(id), "-")
	return kind
}

// A roughService ends the wait for each kind of job in its own way, over real sockets. It counts
// its connections.
type roughService struct {
	*httptest.Server
	open, dialed atomic.Int64
	cut          atomic.Int64 // connections that no later request can use
	cancel       sync.Map     // what cancels the wait, by id
}

func newRoughService() *roughService {
	s := &roughService{}
	large := strings.Repeat("x", 20_000)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch kindOf(r.URL.Path) {
		case "busy":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, large)
		case "broken":
			s.cut.Add(1) // net/http repeats a GET for as long as it takes connections that were used before
			panic(http.ErrAbortHandler)
		case "left":
			s.cut.Add(1)
			if cancel, ok := s.cancel.Load(path.Base(r.URL.Path)); ok {
				cancel.(context.CancelFunc)()
			}
			select {
			case <-r.Context().Done():
			case <-time.After(guard):
			}
		default:
			_, _ = io.WriteString(w, `{"payload":{"status":"`+kindOf(r.URL.Path)+`"}}`)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.dialed.Add(1)
			s.open.Add(1)
		case http.StateClosed:
			s.open.Add(-1)
		}
	}
	s.Start()
	return s
}

// tally counts how waits ended.
type tally struct {
	mu    sync.Mutex
	count map[string]int
}

// add counts a wait that ended with err. It keeps only which known error err matches.
func (c *tally) add(what string, err error) {
	for _, known := range []error{jobstatus.ErrJobFailed, jobstatus.ErrMaxAttempts, jobstatus.ErrClosed, context.Canceled} {
		if errors.Is(err, known) {
			err = known
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count == nil {
		c.count = map[string]int{}
	}
	c.count[fmt.Sprintf("%s: %v", what, err)]++
}

// waitFor waits for n jobs of the service with one Watcher, and closes the Watcher.
func (s *roughService) waitFor(t *testing.T, n, connections int) map[string]int {
	service, err := rest.New(s.URL, rest.WithMaxConnections(connections), rest.WithRetries(rest.NoRetries))
	require.NoError(t, err)
	watcher, err := jobstatus.New(service, append(patient, jobstatus.WithConcurrency(connections), jobstatus.WithMaxAttempts(2),
		jobstatus.WithBackoff(backoff.ByKind(map[string]backoff.Strategy{"slow": backoff.Sequence(0, time.Hour)},
			backoff.Sequence(0, 10*time.Millisecond))))...)
	require.NoError(t, err)
	all, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	var ends tally
	var leaving sync.WaitGroup
	for i := range n / 50 {
		leaving.Go(func() { // during a poll
			ctx, cancel := context.WithCancel(all)
			defer cancel()
			id := fmt.Sprint("left-", i)
			s.cancel.Store(id, cancel)
			_, err := watcher.WaitForJob(ctx, id)
			ends.add(kindOf(id), err)
		})
		leaving.Go(func() { // between two polls
			ctx, cancel := context.WithCancel(all)
			defer cancel()
			id := fmt.Sprint("running-", i)
			for _, err := range watcher.Updates(ctx, id, jobstatus.Kind("slow")) {
				cancel()
				if err != nil {
					ends.add(kindOf(id), err)
				}
			}
		})
	}
	bulk := make([]string, n-2*(n/50))
	for i := range bulk {
		kind := "completed"
		switch {
		case i%500 == 0:
			kind = "broken"
		case i%10 == 0:
			kind = "busy"
		case i%15 == 0:
			kind = "error"
		}
		bulk[i] = fmt.Sprint(kind, "-", i)
	}
	for st, err := range watcher.WaitForJobs(all, slices.Values(bulk)) {
		ends.add(kindOf(st.ID), err)
	}
	leaving.Wait()
	require.NoError(t, watcher.Close())
	require.NoError(t, service.Close())
	return ends.count
}

// fault 10 and fault 52: watches that fail or are canceled cost other watches no connection, and
// nothing leaks.
//
// It is not parallel, because it counts the resources of the process.
func TestThousandsOfWatchesOverSocketsHarmNoOtherAndLeaveNothing(t *testing.T) {
	_ = goleak.Find() // until the goroutines of earlier tests have ended
	s := newRoughService()
	defer s.Close()
	before := goleak.IgnoreCurrent()
	files := func() int {
		leak := goleak.Find(before)
		for late := time.Now().Add(guard); leak != nil && time.Now().Before(late); leak = goleak.Find(before) {
		}
		require.NoError(t, leak)
		assert.Zero(t, s.open.Load(), "connections")
		open, err := os.ReadDir("/proc/self/fd")
		require.True(t, err == nil || runtime.GOOS != "linux", "%v", err)
		return len(open)
	}
	s.waitFor(t, 100, 1) // opens the runtime's own descriptors
	held := files()
	s.dialed.Store(0)
	s.cut.Store(0)
	const connections = 16
	// On a busy machine, net/http sometimes gives up a connection because it does not learn within
	// 50 ms that a request was written. If failing watches cost others their connections, thousands
	// would be lost.
	const givenUp = many / 10
	gaveUp := jobstatus.ErrMaxAttempts.Error()
	assert.Equal(t, map[string]int{
		"completed: <nil>": 1664, "error: job failed": 64, "busy: " + gaveUp: 188, "broken: " + gaveUp: 4,
		"left: context canceled": 40, "running: context canceled": 40,
	}, s.waitFor(t, many, connections))
	assert.LessOrEqual(t, s.dialed.Load(), connections+s.cut.Load()+givenUp, "connections that were dialed")
	assert.Equal(t, held, files(), "file descriptors")
}

// fault 19: of thousands of polls, those in flight at once are refused. One of them asks for a new
// token, and the others wait for it. A poll that is refused again gives up.
func TestAnExpiredTokenOfThousandsOfWatchesIsAskedForOnce(t *testing.T) {
	t.Parallel()
	const underWay, foreign = 200, 50
	var asked, requests, refused atomic.Int64
	all := make(chan struct{}) // all polls in flight were refused
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		expired := r.Header.Get("Authorization") == "Bearer token-1"
		if expired && refused.Add(1) == underWay {
			close(all)
		}
		if expired || kindOf(r.URL.Path) == "foreign" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"payload":{"status":"completed"}}`)
	}))
	defer server.Close()
	service, err := rest.New(server.URL, rest.WithMaxConnections(32), rest.WithToken(func(ctx context.Context) (string, error) {
		n := asked.Add(1)
		if n > 1 {
			select {
			case <-all:
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		return fmt.Sprint("token-", n), nil
	}))
	require.NoError(t, err)
	defer service.Close()
	watcher, err := jobstatus.New(service, append(patient, jobstatus.WithConcurrency(underWay), every(10*time.Millisecond))...)
	require.NoError(t, err)
	defer watcher.Close()
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	bulk := make([]string, many)
	for i := range bulk {
		kind := "own"
		if i < foreign { // the first jobs of a bulk are polled at once
			kind = "foreign"
		}
		bulk[i] = fmt.Sprint(kind, "-", i)
	}
	ended := 0
	for st, err := range watcher.WaitForJobs(ctx, slices.Values(bulk)) {
		ended++
		if kindOf(st.ID) == "own" {
			require.NoError(t, err)
			continue
		}
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, transport.Permanent, e.Class)
		require.Equal(t, http.StatusUnauthorized, e.Code)
	}
	assert.Equal(t, many, ended)
	assert.EqualValues(t, 2, asked.Load(), "for the first token and for the one that replaces it")
	assert.EqualValues(t, many+underWay, requests.Load())
}

// fault 34: consumers that are slow or read nothing delay no poll. Each gets the newest status of
// its job, and the terminal status if the job has ended.
func TestThousandsOfAbsentConsumersHoldUpNothing(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		s := w.service(func(_ context.Context, id string, n int) (jobstatus.Status, error) {
			st := jobstatus.Status{State: jobstatus.Running, Progress: float64(n) / 100}
			if n == 5 && !strings.HasSuffix(id, "0") {
				st.State = jobstatus.Completed
			}
			return st, nil
		})
		watcher := w.watcher(s, every(time.Second), jobstatus.WithSlack(jobstatus.Exact), jobstatus.WithTimeout(jobstatus.Unlimited),
			jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		w.clock.AfterFunc(10*time.Second+time.Millisecond, func() { assert.NoError(t, watcher.Close()) })
		var ends tally
		take := func(st jobstatus.Status, err error) {
			polls := s.polls(st.ID)
			punctual := err == nil || len(polls) >= 10
			for i := range polls[1:] {
				punctual = punctual && polls[i+1]-polls[i] == time.Second
			}
			newest := st.Progress == float64(len(polls))/100
			ends.add(fmt.Sprintf("%v, punctual %t, newest %t", st.State, punctual, newest), err)
		}
		var consumers sync.WaitGroup
		var bulk []string
		for id := range ids(many) {
			switch number(id) % 3 {
			case 0:
				bulk = append(bulk, id)
			case 1:
				consumers.Go(func() { take(watcher.WaitForJobWithUpdates(context.Background(), id, make(chan jobstatus.Status))) })
			case 2:
				consumers.Go(func() {
					for st, err := range watcher.Updates(context.Background(), id) {
						take(st, err)
						w.clock.Sleep(6500 * time.Millisecond)
					}
				})
			}
		}
		absent := sync.OnceFunc(func() { w.clock.Sleep(time.Minute) })
		for st, err := range watcher.WaitForJobs(context.Background(), slices.Values(bulk)) {
			absent()
			take(st, err)
		}
		consumers.Wait()
		assert.Equal(t, map[string]int{
			"running, punctual true, newest true: <nil>":          600 + 2*66, // the second sort's first updates, and newest ones
			"completed, punctual true, newest true: <nil>":        many * 9 / 10,
			"running, punctual true, newest true: watcher closed": many / 10,
		}, ends.count)
	})
}

// fault 36: a hundred goroutines close a Watcher at once. Every wait ends, whatever its watch waits
// for, and no poll outlives a Close. A leaked goroutine would keep the bubble from ending.
func TestCloseEndsThousandsOfWaitsAndMayBeCalledAtOnce(t *testing.T) {
	t.Parallel()
	virtually(t, func(w world) {
		var polling atomic.Int64
		watcher := w.watcher(w.service(func(ctx context.Context, id string, _ int) (jobstatus.Status, error) {
			polling.Add(1)
			defer polling.Add(-1)
			if number(id)%10 == 0 {
				<-ctx.Done()
				w.clock.Sleep(time.Second) // it returns late
			}
			return jobstatus.Status{State: jobstatus.Running}, ctx.Err()
		}), jobstatus.WithBackoff(backoff.Sequence(0, time.Hour)), jobstatus.WithConcurrency(many/20),
			jobstatus.WithPollTimeout(2*time.Hour), jobstatus.WithTimeout(jobstatus.Unlimited))
		var ends tally
		var waits sync.WaitGroup
		waits.Go(func() {
			for _, err := range watcher.WaitForJobs(context.Background(), ids(many)) {
				ends.add(fmt.Sprintf("%T", err), err)
			}
		})
		for id := range ids(100) {
			waits.Go(func() {
				_, err := watcher.WaitForJob(context.Background(), id)
				ends.add(fmt.Sprintf("%T", err), err)
			})
			waits.Go(func() {
				_, err := watcher.WaitForJobWithUpdates(context.Background(), id, make(chan jobstatus.Status))
				ends.add(fmt.Sprintf("%T", err), err)
			})
		}
		w.clock.Sleep(50 * time.Minute)
		before := watcher.Stats()
		assert.Equal(t, many, before.Watches)
		for _, n := range []int{before.Waiting, before.Overdue, before.InFlight} {
			assert.Positive(t, n)
		}
		for range 100 {
			waits.Go(func() {
				assert.NoError(t, watcher.Close())
				assert.Zero(t, polling.Load())
			})
		}
		waits.Wait()
		assert.Equal(t, map[string]int{"*jobstatus.WaitError: watcher closed": many + 200}, ends.count)
		_, err := watcher.WaitForJob(context.Background(), "late")
		require.ErrorIs(t, err, jobstatus.ErrClosed)
	})
}
