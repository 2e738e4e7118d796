package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/fleet/embedded"
)

// start returns JetStream on a server of the test's own.
func start(t *testing.T) jetstream.JetStream {
	t.Helper()
	js, stop, err := embedded.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(stop)
	return js
}

func open(t *testing.T, js jetstream.JetStream, opts ...Option) *Fleet {
	t.Helper()
	f, err := Open(t.Context(), js, append([]Option{Partitions(8), Lease(time.Second)}, opts...)...)
	require.NoError(t, err)
	return f
}

// run runs a worker until the test's end, or until the function that it returns is called.
func run(t *testing.T, f *Fleet, w *jobstatus.Watcher) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, w) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return stop
}

func jobIDs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("job-%04d", i)
	}
	return all
}

func submit(t *testing.T, f *Fleet, names ...string) {
	t.Helper()
	var all []Job
	for _, id := range names {
		all = append(all, Job{ID: id, Kind: "k"})
	}
	require.NoError(t, f.Submit(t.Context(), all...))
}

// collect acknowledges n ends, and returns their keys by id.
func collect(t *testing.T, f *Fleet, n int) map[string]map[string]End {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := map[string]map[string]End{}
	for end, err := range f.Ends(ctx) {
		require.NoError(t, err)
		if got[end.Status.ID] == nil {
			got[end.Status.ID] = map[string]End{}
		}
		got[end.Status.ID][end.Key] = end
		end.Ack()
		if len(got) == n {
			break
		}
	}
	require.Equal(t, n, len(got))
	return got
}

// stored returns how many messages the jobs' stream has.
func stored(t *testing.T, f *Fleet) uint64 {
	n := f.engine.(*natsEngine)
	for {
		info, err := n.stream.Info(t.Context())
		if err == nil {
			return info.State.Msgs
		}
		require.True(t, sleep(t.Context(), 50*time.Millisecond))
	}
}

// The server limits the consumers of a stream that has no limit of its own.
func TestAllPartitionsCanBeFollowedAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t, start(t), Partitions(maxPartitions))
	r := f.engine.(*natsEngine).reader
	for p := range maxPartitions {
		_, err := r.follower(t.Context(), f.name, following{filter: ofPartition(f.name, p)})
		require.NoError(t, err, "partition %d", p)
	}
}

func TestJobsEndOnceForTheirConsumer(t *testing.T) {
	t.Parallel()
	js := start(t)
	f := open(t, js)
	s := newService(300 * time.Millisecond)
	submit(t, f, jobIDs(100)...)
	run(t, f, s.watcher(t, "a"))
	for id, keys := range collect(t, f, 100) {
		require.Len(t, keys, 1, id)
		for _, end := range keys {
			assert.NoError(t, end.Err)
			assert.Equal(t, "k", end.Kind)
			assert.Equal(t, jobstatus.Completed, end.Status.State)
			assert.JSONEq(t, `{"url":"x"}`, string(end.Status.Result))
		}
	}
	assert.Zero(t, stored(t, f), "what was acknowledged is gone")
}

func TestSubmittingTwiceIsTheSameWatch(t *testing.T) {
	t.Parallel()
	js := start(t)
	f := open(t, js)
	submit(t, f, "a", "a", "b")
	submit(t, f, "a")
	assert.EqualValues(t, 2, stored(t, f))

	s := newService(0)
	run(t, f, s.watcher(t, "a"))
	_, err := f.Wait(t.Context(), "a")
	require.NoError(t, err)
	submit(t, f, "a") // its end waits
	assert.Len(t, collect(t, f, 2), 2)

	submit(t, f, "a")
	again := collect(t, f, 1)
	assert.Contains(t, again, "a", "after Ack it is a new watch")
}

func TestWaitReturnsTheEndInAnyProcess(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	_, err := f.Wait(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrNotExist)

	submit(t, f, "a")
	s := newService(300 * time.Millisecond)
	run(t, f, s.watcher(t, "a"))
	st, err := f.Wait(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, jobstatus.Completed, st.State)

	collect(t, f, 1)
	_, err = f.Wait(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestForgetEndsAWatchWithoutAnEnd(t *testing.T) {
	t.Parallel()
	js := start(t)
	f := open(t, js)
	s := newService(time.Hour)
	submit(t, f, "a", "b")
	run(t, f, s.watcher(t, "a"))
	require.Eventually(t, func() bool { return len(s.of("a")) > 0 }, guard, 10*time.Millisecond)
	require.NoError(t, f.Forget(t.Context(), "a"))
	require.NoError(t, f.Forget(t.Context(), "a"), "it is not watched any more")
	require.NoError(t, f.Forget(t.Context(), "never"))
	_, err := f.Wait(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Eventually(t, func() bool { return stored(t, f) == 1 }, guard, 10*time.Millisecond)
	submit(t, f, "a")
	require.Eventually(t, func() bool { return stored(t, f) == 2 }, guard, 10*time.Millisecond)
}

// A watch that was forgotten can begin again before anybody has seen that it was.
func TestAForgottenJobCanBeSubmittedAgain(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	for range 3 {
		submit(t, f, "a")
		require.NoError(t, f.Forget(t.Context(), "a"))
	}
	submit(t, f, "a")
	run(t, f, newService(0).watcher(t, "a"))
	assert.Len(t, collect(t, f, 1)["a"], 1)
}

func TestAnUnacknowledgedEndComesAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	submit(t, f, "a")
	stop := run(t, f, newService(0).watcher(t, "a"))
	first := ""
	for end, err := range f.Ends(t.Context()) {
		require.NoError(t, err)
		first = end.Key
		break
	}
	require.NoError(t, stop())
	for end, err := range f.Ends(t.Context()) {
		require.NoError(t, err)
		assert.Equal(t, first, end.Key)
		end.Ack()
		end.Ack()
		break
	}
}

func TestOpenRefusesAnotherConfigurationAndNamesBoth(t *testing.T) {
	t.Parallel()
	js := start(t)
	open(t, js, Partitions(8))
	_, err := Open(t.Context(), js, Partitions(16))
	require.ErrorContains(t, err, `partitions "8", and "16" is asked for`)

	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "other", Subjects: []string{"o.>"}, MaxMsgsPerSubject: 1})
	require.NoError(t, err)
	_, err = Open(t.Context(), js, Name("other"))
	require.ErrorContains(t, err, `subjects "o.>", and "other.*.*.*" is asked for`)
	require.ErrorContains(t, err, `limit of messages a subject "1", and "none" is asked for`)
}

func TestTwoFleetsShareAServer(t *testing.T) {
	t.Parallel()
	js := start(t)
	a, b := open(t, js, Name("a")), open(t, js, Name("b"))
	submit(t, a, "x")
	run(t, a, newService(0).watcher(t, "a"))
	_, err := b.Wait(t.Context(), "x")
	require.ErrorIs(t, err, fs.ErrNotExist)
	collect(t, a, 1)
}

func TestOptionsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]Option{
		"option 0 is nil":      nil,
		"Partitions(-1)":       Partitions(-1),
		"Partitions(1025)":     Partitions(1025),
		"Replicas(2)":          Replicas(2),
		"Lease(-1s)":           Lease(-time.Second),
		"Lease(1ms)":           Lease(time.Millisecond),
		"RateLimit(-1)":        RateLimit(-1),
		`Name("a.b")`:          Name("a.b"),
		"the JetStream is nil": Name(""),
	} {
		_, err := Open(t.Context(), nil, opt)
		assert.ErrorContains(t, err, want)
	}
	c, err := newConfig([]Option{Partitions(0), Replicas(0), Lease(0), RateLimit(0), Name(""), Logger(nil)})
	require.NoError(t, err)
	assert.Equal(t, 64, c.partitions)
	assert.Equal(t, 5*time.Second, c.lease)
}

func TestBadCallsAreErrors(t *testing.T) {
	t.Parallel()
	for _, f := range []*Fleet{nil, {}} {
		require.ErrorIs(t, f.Submit(t.Context()), errNotOpened)
		require.ErrorIs(t, f.Run(t.Context(), nil), errNotOpened)
		require.ErrorIs(t, f.Forget(t.Context(), "a"), errNotOpened)
		_, err := f.Wait(t.Context(), "a")
		require.ErrorIs(t, err, errNotOpened)
		for _, err := range f.Ends(t.Context()) {
			require.ErrorIs(t, err, errNotOpened)
		}
	}
	f := newFleet(config{partitions: 1}, newMemory().link(), 1<<20)
	require.ErrorContains(t, f.Run(t.Context(), nil), "the Watcher is nil")
	require.ErrorIs(t, f.Submit(t.Context(), Job{}), jobstatus.ErrInvalidID)
	require.ErrorContains(t, f.Submit(t.Context(), Job{ID: "a", Timeout: -2}), "timeout")
	require.ErrorContains(t, f.Submit(t.Context(), Job{ID: "a", Kind: "\xff"}), "UTF-8")
	new(End).Ack()
	(*End)(nil).Ack()
}

func TestAClosedWatcherEndsRunAndHandsItsJobsOver(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	s := newService(2 * time.Second)
	submit(t, f, jobIDs(20)...)
	w := s.watcher(t, "a")
	done := make(chan error, 1)
	go func() { done <- f.Run(t.Context(), w) }()
	require.Eventually(t, func() bool { return len(s.all()) > 10 }, guard, 10*time.Millisecond)
	require.NoError(t, w.Close())
	require.ErrorIs(t, <-done, jobstatus.ErrClosed)
	run(t, f, s.watcher(t, "b"))
	for _, keys := range collect(t, f, 20) {
		for _, end := range keys {
			assert.NoError(t, end.Err)
		}
	}
}

func TestErrorsKeepWhatTheyMatch(t *testing.T) {
	t.Parallel()
	f := open(t, start(t), Name("errs"))
	require.NoError(t, f.Submit(t.Context(), Job{ID: "late", Timeout: time.Second}))
	run(t, f, newService(time.Hour).watcher(t, "a"))
	for end, err := range f.Ends(t.Context()) {
		require.NoError(t, err)
		require.ErrorIs(t, end.Err, jobstatus.ErrTimeout)
		require.ErrorIs(t, end.Err, context.DeadlineExceeded)
		var e *jobstatus.WaitError
		require.True(t, errors.As(end.Err, &e))
		assert.Positive(t, e.Polls)
		end.Ack()
		break
	}
}

// TestASubmissionThatIsRepeatedIsTheSame shows what Submit relies on when it asks again.
func TestASubmissionThatIsRepeatedIsTheSame(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	p := placeOf("a", f.partitions)
	m := outgoing{subject: p.subject("fw", submittedSuffix), filter: p.all("fw"), data: []byte("x"), nonce: "n"}
	seq, err := f.engine.publish(t.Context(), m)
	require.NoError(t, err)
	require.NoError(t, f.engine.remove(t.Context(), jobs, seq), "it ended and was acknowledged")
	require.NoError(t, f.engine.remove(t.Context(), jobs, seq))
	_, err = f.engine.publish(t.Context(), m)
	require.NoError(t, err)
	_, err = f.engine.last(t.Context(), p.all("fw"))
	require.ErrorIs(t, err, errNone)

	m.nonce = "another"
	_, err = f.engine.publish(t.Context(), m)
	require.NoError(t, err)
	m.nonce = "and another"
	_, err = f.engine.publish(t.Context(), m)
	require.ErrorIs(t, err, errTaken)
}

func TestAClosedConnectionEndsAllCalls(t *testing.T) {
	t.Parallel()
	js := start(t)
	f := open(t, js)
	submit(t, f, "a")
	s := newService(time.Hour)
	w := s.watcher(t, "a")
	ran := make(chan error, 1)
	go func() { ran <- f.Run(context.Background(), w) }()
	ended := make(chan error, 1)
	go func() {
		for _, err := range f.Ends(context.Background()) {
			ended <- err
		}
	}()
	waited := make(chan error, 1)
	go func() {
		_, err := f.Wait(context.Background(), "a")
		waited <- err
	}()
	require.Eventually(t, func() bool { return len(s.of("a")) > 0 && f.waits.following() > 0 }, guard, 10*time.Millisecond)
	js.Conn().Close()
	require.ErrorIs(t, <-waited, errLost)
	require.ErrorIs(t, <-ran, errLost)
	require.ErrorIs(t, <-ended, errLost)
	require.ErrorIs(t, f.Submit(context.Background(), Job{ID: "b"}), errLost)
	_, err := f.Wait(context.Background(), "a")
	require.Error(t, err)
}

func TestSubmitReportsAFullDiskAndForgetMakesRoom(t *testing.T) {
	t.Parallel()
	_, js := small(t, 64<<10)
	f := open(t, js)
	names := submitUntilFull(t, f)
	assert.EqualValues(t, len(names), stored(t, f), "what was reported as stored is, and nothing else")
	half := len(names) / 2
	for _, id := range names[:half] {
		require.NoError(t, f.Forget(t.Context(), id), "it makes room")
	}
	require.Eventually(t, func() bool { return f.Submit(t.Context(), Job{ID: "later"}) == nil }, guard, 50*time.Millisecond)
	run(t, f, newService(0).watcher(t, "w"))
	got := slices.Collect(maps.Keys(collect(t, f, len(names)-half+1)))
	assert.ElementsMatch(t, append(names[half:], "later"), got, "others were forgotten")
}

// Messages that are removed while a follower catches up keep it from nothing (fault 17).
func TestAFollowerCatchesUpWhileMessagesAreRemoved(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	const count = 2 * followAhead
	submit(t, f, jobIDs(count)...)
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	seen, caught := 0, false
	_ = f.engine.follow(ctx, following{filter: "fw.*.*.*"}, func(message) {
		if seen++; seen == 1 {
			for seq := count - 20; seq <= count; seq++ {
				assert.NoError(t, f.engine.remove(t.Context(), jobs, uint64(seq)))
			}
		}
	}, func() { caught = true; cancel() })
	assert.True(t, caught)
	assert.Equal(t, count-21, seen)
}

// A process that takes one end and stops has fetched others ahead. It gives them back.
func TestEndsThatWereFetchedAheadAreDeliveredAgainAtOnce(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	const jobs = maxAhead / 2
	submitAll(t, f, jobs)
	endAll(t, f, jobs)
	began, got := time.Now(), 0
	for got < jobs {
		for end, err := range f.Ends(t.Context()) {
			require.NoError(t, err)
			end.Ack()
			got++
			break
		}
	}
	assert.Zero(t, stored(t, f))
	assert.Less(t, time.Since(began), f.ackWait*2/3)
}
