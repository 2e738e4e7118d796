package fleet

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// replayPause is how long a replay waits for further readers.
	replayPause = 50 * time.Millisecond
	// replayPart is the least part of all partitions that is worth a replay: one in so many. For
	// fewer, the messages of other partitions cost more than they save.
	replayPart = 5
)

// replays lets followers of partitions read together what is stored. The server looks through the
// whole stream for each follower, so half of 64 partitions would have it do so 32 times.
type replays struct {
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

	// The outcome, to be read once the messages of a reader are closed.
	after uint64 // up to which sequence all was read
	err   error
}

// replayReader is a follower that takes part in a replay.
type replayReader struct {
	ctx      context.Context
	messages chan message
}

// replay calls each for the messages of a partition that are stored, and returns up to which
// sequence. It is 0 if the follower is to read for itself. Each takes part in a replay that begins
// within a moment.
func (n *natsEngine) replay(ctx context.Context, partition string, each func(message)) (after uint64, err error) {
	r, own := n.joinReplay(ctx, partition)
	if own == nil {
		return 0, nil
	}
	defer n.leaveReplay(r)
	for {
		select {
		case m, ok := <-own.messages:
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			if !ok {
				return r.after, r.err
			}
			each(m)
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// joinReplay returns the next replay and a place in it. It returns nil if the place is taken.
func (n *natsEngine) joinReplay(ctx context.Context, partition string) (*replay, *replayReader) {
	n.replays.mu.Lock()
	defer n.replays.mu.Unlock()
	r := n.replays.next
	if r == nil {
		r = &replay{readers: map[string]*replayReader{}, done: make(chan struct{})}
		r.life, r.stop = context.WithCancel(context.Background())
		n.replays.next = r
		go n.runReplay(r) // the last reader waits for it
	}
	if r.readers[partition] != nil {
		return nil, nil
	}
	own := &replayReader{ctx: ctx, messages: make(chan message, followAhead)}
	r.readers[partition] = own
	r.present++
	return r, own
}

// leaveReplay says that a reader has left. The last one ends the replay and waits for its end.
func (n *natsEngine) leaveReplay(r *replay) {
	n.replays.mu.Lock()
	r.present--
	last := r.present == 0
	if last && n.replays.next == r {
		n.replays.next = nil
	}
	n.replays.mu.Unlock()
	if last {
		r.stop()
		<-r.done
	}
}

// runReplay reads the stream once all readers have joined.
func (n *natsEngine) runReplay(r *replay) {
	defer close(r.done)
	sleep(r.life, replayPause)
	n.replays.mu.Lock()
	if n.replays.next == r {
		n.replays.next = nil
	}
	n.replays.mu.Unlock()
	defer func() {
		for _, own := range r.readers {
			close(own.messages)
		}
	}()
	if len(r.readers)*replayPart < n.partitions {
		return
	}
	caught := false
	err := n.follow(r.life, following{filter: n.name + ".*.*.*"}, r.give, func() {
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
	select {
	case own.messages <- m:
	case <-own.ctx.Done():
	}
}

// partitionOf returns the partition of which a follower wants all, if it is such a one.
func (n *natsEngine) partitionOf(f following) (partition string, ok bool) {
	rest, ours := strings.CutPrefix(f.filter, n.name+".")
	partition, all := strings.CutSuffix(rest, ".*.*")
	_, err := strconv.Atoi(partition)
	return partition, f.store == jobs && f.after == 0 && ours && all && err == nil
}
