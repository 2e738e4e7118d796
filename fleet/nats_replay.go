package fleet

import (
	"context"
	"strings"
	"sync"
	"time"
)

const (
	// replayPause is how long a replay waits for more readers before it begins.
	replayPause = 50 * time.Millisecond
	// replayBatch is the maximum number of messages in a batch for a reader.
	replayBatch = 64
	// replayBatchSize is the size at which a batch of fewer messages is complete, in bytes.
	replayBatchSize = 128 << 10
	// replayPart sets which replays are worth their cost. The readers must follow at least one in
	// replayPart of all partitions. With fewer readers, it takes longer to read the messages of
	// the other partitions than the replay saves.
	replayPart = 5
)

// replays lets followers of partitions read the stored messages together. The server searches the
// whole stream for each separate follower, so it would search 32 times for half of 64 partitions.
type replays struct {
	partitions int
	// read calls each for all messages about jobs, and then for new ones: see [engine].
	read func(ctx context.Context, each func(message), caughtUp func()) error

	mu   sync.Mutex
	next *replay // the replay that readers can join; nil if there is none; guarded by mu
}

// replay reads the whole stream once, for several readers.
type replay struct {
	life    context.Context
	stop    context.CancelFunc
	readers map[string]*replayReader // by partition; guarded by replays.mu until nobody can join
	present int                      // readers that have not left; guarded by replays.mu
	done    chan struct{}            // closed when run has returned

	// The outcome. A reader may read it after its batches are closed.
	after uint64 // the sequence up to which all messages were read
	err   error
}

// replayReader is a follower that takes part in a replay.
type replayReader struct {
	ctx     context.Context
	batches chan []message
	next    []message // the messages of the next batch so far; only run's goroutine uses it
	size    int       // the size of next, in bytes
}

// hand passes the next batch to the reader. It waits while the reader has enough batches, until
// the reader leaves.
func (own *replayReader) hand() {
	select {
	case own.batches <- own.next:
	case <-own.ctx.Done():
	}
	own.next, own.size = nil, 0
}

// replay calls each for the stored messages of a partition, in a replay with other readers that
// begin within [replayPause]. It returns the sequence up to which it has read. If that is 0, the
// follower must read by itself.
func (rs *replays) replay(ctx context.Context, partition string, each func(message)) (after uint64, err error) {
	r, own := rs.join(ctx, partition)
	if own == nil {
		return 0, nil
	}
	defer rs.leave(r)
	for {
		select {
		case batch, ok := <-own.batches:
			for _, m := range batch {
				if ctx.Err() != nil {
					return 0, context.Cause(ctx)
				}
				each(m)
			}
			if !ok {
				return r.after, r.err
			}
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// join returns the next replay and a new reader in it. It returns nil if the partition already has
// a reader.
func (rs *replays) join(ctx context.Context, partition string) (*replay, *replayReader) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r := rs.next
	if r == nil {
		r = &replay{readers: map[string]*replayReader{}, done: make(chan struct{})}
		r.life, r.stop = context.WithCancel(context.Background())
		rs.next = r
		go rs.run(r) // the last reader that leaves waits for its end
	}
	if r.readers[partition] != nil {
		return nil, nil
	}
	own := &replayReader{ctx: ctx, batches: make(chan []message, followAhead/replayBatch)}
	r.readers[partition] = own
	r.present++
	return r, own
}

// leave removes a reader from a replay. The last reader stops the replay and waits for its end.
func (rs *replays) leave(r *replay) {
	rs.mu.Lock()
	r.present--
	last := r.present == 0
	if last && rs.next == r {
		rs.next = nil
	}
	rs.mu.Unlock()
	if last {
		r.stop()
		<-r.done
	}
}

// run waits for readers, and then reads the stream. It reads nothing if there are too few readers.
func (rs *replays) run(r *replay) {
	defer close(r.done)
	sleep(r.life, replayPause)
	rs.mu.Lock()
	if rs.next == r {
		rs.next = nil
	}
	rs.mu.Unlock()
	defer func() {
		for _, own := range r.readers {
			own.hand()
			close(own.batches)
		}
	}()
	if len(r.readers)*replayPart < rs.partitions {
		return
	}
	caught := false
	err := rs.read(r.life, r.give, func() {
		caught = true
		r.stop()
	})
	if !caught {
		r.err = err
	}
}

// give adds a message to the batch of the reader of its partition, if there is one. It passes on
// the batch when that is complete.
func (r *replay) give(m message) {
	r.after = m.seq
	_, rest, _ := strings.Cut(m.subject, ".")
	partition, _, _ := strings.Cut(rest, ".")
	own := r.readers[partition]
	if own == nil {
		return
	}
	own.next = append(own.next, m)
	if own.size += len(m.data); len(own.next) == replayBatch || own.size >= replayBatchSize {
		own.hand()
	}
}
