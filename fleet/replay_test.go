package fleet

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// A reader that leaves holds up no other, and the last one ends the reading.
func TestAReplayEndsWithItsLastReader(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	submit(t, f, jobIDs(8*4*followAhead)...)
	rs := f.engine.(*natsEngine).replays
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	reading := make(chan struct{}, 1)
	for p := range 4 {
		group.Go(func() {
			after, err := rs.replay(ctx, strconv.Itoa(p), func(message) {
				select {
				case reading <- struct{}{}:
				default:
				}
				<-ctx.Done() // all of them are full
			})
			assert.ErrorIs(t, err, context.Canceled)
			assert.Zero(t, after)
		})
	}
	<-reading
	cancel()
	group.Wait()
	assert.Nil(t, rs.next)
}
