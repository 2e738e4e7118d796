package fleet

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// followed is what a follower of a partition was given.
type followed struct {
	cancel context.CancelFunc
	caught chan struct{}
	mu     sync.Mutex
	seqs   []uint64 // guarded by mu
}

// followPartition follows a partition until the test's end, or until it is canceled.
func followPartition(t *testing.T, f *Fleet, partition int) *followed {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	fo := &followed{cancel: cancel, caught: make(chan struct{})}
	var group sync.WaitGroup
	group.Go(func() {
		_ = f.engine.follow(ctx, following{filter: ofPartition(f.name, partition)}, func(m message) {
			p, _, err := splitSubject(m.subject)
			assert.NoError(t, err)
			assert.Equal(t, partition, p.partition)
			fo.mu.Lock()
			defer fo.mu.Unlock()
			fo.seqs = append(fo.seqs, m.seq)
		}, func() { close(fo.caught) })
	})
	t.Cleanup(func() { cancel(); group.Wait() })
	return fo
}

func (fo *followed) all() []uint64 {
	fo.mu.Lock()
	defer fo.mu.Unlock()
	return append([]uint64(nil), fo.seqs...)
}

// seqsOf returns the sequences of n jobs that were submitted one after the other, by partition.
func seqsOf(t *testing.T, f *Fleet, n int) map[int][]uint64 {
	t.Helper()
	want := map[int][]uint64{}
	for i := range n {
		id := "job-" + strconv.Itoa(i)
		submit(t, f, id)
		p := placeOf(id, f.partitions)
		last, err := f.engine.last(t.Context(), p.all(f.name))
		require.NoError(t, err)
		want[p.partition] = append(want[p.partition], last.seq)
	}
	return want
}

// Followers that begin together are each given their own messages once and in order, those that
// are stored while they read too.
func TestFollowersThatReadTogetherMissNothing(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	want := seqsOf(t, f, 200)
	var all []*followed
	for p := range f.partitions {
		all = append(all, followPartition(t, f, p))
	}
	lone := followPartition(t, f, 3) // its place is taken
	all[0].cancel()                  // it leaves before the reading begins
	for _, fo := range append(all[1:], lone) {
		<-fo.caught
	}
	for i := range 100 {
		id := "later-" + strconv.Itoa(i)
		submit(t, f, id)
		p := placeOf(id, f.partitions)
		last, err := f.engine.last(t.Context(), p.all(f.name))
		require.NoError(t, err)
		want[p.partition] = append(want[p.partition], last.seq)
	}
	for p, fo := range all {
		if p > 0 {
			require.Eventually(t, func() bool { return len(fo.all()) >= len(want[p]) }, time.Minute, 5*time.Millisecond)
			assert.Equal(t, want[p], fo.all(), "partition %d", p)
		}
	}
	require.Eventually(t, func() bool { return len(lone.all()) >= len(want[3]) }, time.Minute, 5*time.Millisecond)
	assert.Equal(t, want[3], lone.all())
}

// The server reads the stream once for many partitions, and for one it reads that alone.
func TestFollowersReadTogetherIfTheyAreMany(t *testing.T) {
	t.Parallel()
	for readers, together := range map[int]bool{1: false, 2: true, 8: true} {
		f := open(t, start(t))
		seqsOf(t, f, 50)
		rs := f.engine.(*natsEngine).replays
		var group sync.WaitGroup
		for p := range readers {
			group.Go(func() {
				after, err := rs.replay(t.Context(), strconv.Itoa(p), func(message) {})
				assert.NoError(t, err)
				assert.Equal(t, together, after == 50, "%d of 8 partitions, up to %d", readers, after)
			})
		}
		group.Wait()
		assert.Nil(t, rs.next)
	}
}

// Readers that leave while what is read for them waits end the reading.
func TestAReplayEndsWithItsLastReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const readers = 4
		given, ended := 0, false
		rs := &replays{partitions: readers, read: func(ctx context.Context, each func(message), _ func()) error {
			for ; ctx.Err() == nil; given++ {
				each(message{subject: "fw." + strconv.Itoa(given%readers) + ".digest.e", seq: uint64(given + 1)})
			}
			ended = true
			return ctx.Err()
		}}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for p := range readers {
			group.Go(func() {
				after, err := rs.replay(ctx, strconv.Itoa(p), func(message) { <-ctx.Done() })
				assert.ErrorIs(t, err, context.Canceled)
				assert.Zero(t, after)
			})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		before := given
		assert.Greater(t, before, readers*followAhead, "the reading waits for a reader")
		time.Sleep(time.Minute)
		assert.Equal(t, before, given)
		cancel()
		group.Wait()
		assert.True(t, ended)
		assert.Nil(t, rs.next)
	})
}

// A reader that stands still is kept little of what is read for it, however large the messages are.
func TestAReplayKeepsLittleForAReaderThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const stored = 1000
		given := 0
		rs := &replays{partitions: 1, read: func(ctx context.Context, each func(message), caughtUp func()) error {
			data := make([]byte, 64<<10)
			for given < stored {
				given++
				each(message{subject: "fw.0.digest.e", seq: uint64(given), data: data})
			}
			caughtUp()
			return ctx.Err()
		}}
		release := make(chan struct{})
		read := 0
		var group sync.WaitGroup
		group.Go(func() {
			after, err := rs.replay(t.Context(), "0", func(message) { <-release; read++ })
			assert.NoError(t, err)
			assert.EqualValues(t, stored, after)
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.LessOrEqual(t, given, 20, "of 64 KB")
		close(release)
		group.Wait()
		assert.Equal(t, stored, read)
	})
}

// Heartbeats wait behind what is sent to a follower, and the server closes a connection on which
// too much waits. So a follower that stands still is sent few messages if they are large.
func TestAFollowerThatStandsStillIsSentLittle(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	const ends, size = 60, 200 << 10
	names := jobIDs(ends)
	submit(t, f, names...)
	for _, id := range names {
		p := f.place(id)
		last, err := f.engine.last(t.Context(), p.all(f.name))
		require.NoError(t, err)
		st := jobstatus.Status{State: jobstatus.Completed, Result: []byte(`"` + strings.Repeat("x", size) + `"`)}
		_, err = f.engine.publish(t.Context(), outgoing{
			subject: p.subject(f.name, endedSuffix), filter: p.all(f.name), after: last.seq,
			data: encodeEnding(ending{Of: last.seq, ID: id, Status: st}, f.maxPayload),
		})
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	caught := make(chan struct{})
	seen := 0
	var group sync.WaitGroup
	group.Go(func() {
		_ = f.engine.follow(ctx, following{filter: "fw.*.*" + endedSuffix}, func(message) { <-release; seen++ }, func() { close(caught) })
	})
	defer group.Wait()
	defer cancel()
	stream, err := f.engine.(*natsEngine).reader.js.Stream(t.Context(), "fw")
	require.NoError(t, err)
	sent := uint64(0)
	require.Eventually(t, func() (answered bool) { // the first request for messages
		for c := range stream.ListConsumers(t.Context()).Info() {
			if c.Name != endsName && c.Delivered.Consumer > 0 {
				sent = c.Delivered.Consumer
				answered = c.NumWaiting == 0 || c.NumPending == 0
			}
		}
		return answered
	}, guard, 5*time.Millisecond)
	assert.LessOrEqual(t, sent*size, uint64(leastAhead))
	close(release)
	<-caught
	assert.Equal(t, ends, seen)
}
