package fleet

import (
	"context"
	"strings"
	"sync"
	"time"
)

const (
	// replayPause is how long a replay waits for further readers.
	replayPause = 50 * time.Millisecond
	// replayBatch is how many messages a reader is handed at once, if they are small.
	replayBatch = 64
	// replayBatchSize is how many bytes of messages are enough for a batch.
	replayBatchSize = 128 << 10
	// replayPart is the least part of all partitions that is worth a replay: one in so many. For
	// fewer, the messages of other partitions cost more than they save.
	replayPart = 5
)

// replays lets followers of partitions read together what is stored. The server looks through the
// whole stream for each follower, so half of 64 partitions would have it do so 32 times.
type replays struct {
	partitions int
	// read calls each for all messages about jobs, and then for new ones: see [engine].
	read func(ctx context.Context, each func(message), caughtUp func()) error

	mu   sync.Mutex
	next *replay // which readers can join; nil if there is none. Guarded by mu
}

// replay is one reading of the whole stream, for several readers.
type replay struct {
	life    context.Context
	stop    context.CancelFunc
	readers map[string]*replayReader // by partition; guarded by replays.mu until nobody can join
	present int                      // readers that have not left. Guarded by replays.mu
	done    chan struct{}            // closed when nothing runs any more

	// The outcome, to be read once the batches of a reader are closed.
	after uint64 // up to which sequence all was read
	err   error
}

// replayReader is a follower that takes part in a replay.
type replayReader struct {
	ctx     context.Context
	batches chan []message
	next    []message // what the next batch has so far; of the goroutine that reads
	size    int       // of next, in bytes
}

// hand hands the next batch over.
func (own *replayReader) hand() {
	select {
	case own.batches <- own.next:
	case <-own.ctx.Done():
	}
	own.next, own.size = nil, 0
}

// replay calls each for the messages of a partition that are stored, and returns up to which
// sequence. It is 0 if the follower is to read for itself. Each takes part in a replay that begins
// within a moment.
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

// join returns the next replay and a place in it. It returns nil if the place is taken.
func (rs *replays) join(ctx context.Context, partition string) (*replay, *replayReader) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r := rs.next
	if r == nil {
		r = &replay{readers: map[string]*replayReader{}, done: make(chan struct{})}
		r.life, r.stop = context.WithCancel(context.Background())
		rs.next = r
		go rs.run(r) // the last reader waits for it
	}
	if r.readers[partition] != nil {
		return nil, nil
	}
	own := &replayReader{ctx: ctx, batches: make(chan []message, followAhead/replayBatch)}
	r.readers[partition] = own
	r.present++
	return r, own
}

// leave says that a reader has left. The last one ends the replay and waits for its end.
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

// run reads the stream once all readers have joined.
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

// give hands a message to its reader, if there is one.
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
