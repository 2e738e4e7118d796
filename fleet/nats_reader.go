package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// followAhead is how many messages are fetched ahead of a follower.
	followAhead = 256
	// pullExpiry is how long one request for messages waits.
	pullExpiry = 30 * time.Second
	// quickHeartbeat and slowHeartbeat are how often the server says meanwhile that it is there. Two
	// that are missing end the wait. A worker has many followers of jobs, so theirs are slow: each
	// heartbeat wakes both sides. They matter only if a follower is lost and the connection is not,
	// as when another server of a cluster is killed.
	quickHeartbeat = time.Second
	slowHeartbeat  = 5 * time.Second
	// followerLife is when the server forgets a follower that asks for nothing any more.
	followerLife = time.Minute
	// leastAhead is the bound, in bytes, of what one request for messages brings. The bound is higher
	// if a single message can be larger.
	leastAhead = 4 << 20
	// dismissTimeout limits the request that ends a follower.
	dismissTimeout = time.Second
)

// natsReader reads the messages of streams by consumers. It keeps nothing between two calls.
type natsReader struct {
	js    jetstream.JetStream
	names names
}

// follow follows by a consumer of its own: see [engine].
func (r *natsReader) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	stream, prefix := r.names.stream(f.store), r.names.prefix(f.store)
	consumer, err := r.follower(ctx, stream, f)
	if err != nil {
		return lostOr(err)
	}
	info := consumer.CachedInfo()
	defer r.dismiss(ctx, stream, info.Name)
	c := &catchUp{left: info.NumPending, caughtUp: caughtUp}
	if c.left == 0 {
		c.reachLocked() // nobody else knows it yet
	}
	life, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() { c.watch(life, consumer) })
	return r.iterate(ctx, consumer, pullingOf(f.store), func(d arrival) error {
		d.subject = d.subject[len(prefix):]
		return c.take(d.message, d.order, each)
	})
}

// follower creates a consumer that delivers each message once and in order, as long as it lasts.
// It does not survive the server, because another one can go on.
func (r *natsReader) follower(ctx context.Context, stream string, f following) (jetstream.Consumer, error) {
	cfg := jetstream.ConsumerConfig{
		FilterSubject:     f.filter,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: followerLife,
	}
	switch {
	case f.after > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, f.after+1
	case f.store != jobs:
		cfg.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
		cfg.FilterSubject = r.names.prefix(f.store) + ">"
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return r.js.CreateConsumer(ctx, stream, cfg)
}

// dismiss deletes a consumer, so that the server need not wait until it is inactive.
func (r *natsReader) dismiss(ctx context.Context, stream, name string) {
	if !r.js.Conn().IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dismissTimeout)
	defer cancel()
	_ = r.js.DeleteConsumer(ctx, stream, name)
}

// pulling is how messages are asked for.
type pulling struct {
	ahead     int           // how many are fetched ahead
	heartbeat time.Duration // how often the server says that it is there
}

// pullingOf returns how a follower of a store asks for messages.
func pullingOf(s store) pulling {
	if s == jobs {
		return pulling{followAhead, slowHeartbeat}
	}
	return pulling{followAhead, quickHeartbeat}
}

// arrival is a message that a consumer delivered.
type arrival struct {
	message
	order uint64 // counted from 1, by the consumer
	msg   jetstream.Msg
}

// iterate calls each for the messages of a consumer, until ctx ends or each returns an error. It
// returns when the connection was lost and is back, because the server may know the consumer no
// more.
//
// What was fetched ahead is dropped. The iterator's Drain would return it, but the Next that
// follows can block for ever, because it asks a goroutine for more that has ended.
func (r *natsReader) iterate(ctx context.Context, c jetstream.Consumer, p pulling, each func(arrival) error) error {
	life, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	back := r.js.Conn().StatusChanged(nats.CONNECTED)
	defer r.js.Conn().RemoveStatusListener(back)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop(nil)
	group.Go(func() {
		select {
		case <-back:
			stop(errReconnected)
		case <-life.Done():
		}
	})
	it, err := c.Messages(jetstream.PullMaxMessagesWithBytesLimit(p.ahead, r.bytesAhead()),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(p.heartbeat))
	if err != nil {
		return lostOr(err)
	}
	defer it.Stop()
	for {
		msg, err := it.Next(jetstream.NextContext(life))
		if err == nil {
			err = give(msg, each)
		}
		if life.Err() != nil {
			err = context.Cause(life)
		}
		if err != nil {
			return lostOr(err)
		}
	}
}

// bytesAhead returns how many bytes one request for messages may bring. Heartbeats wait behind them
// on the connection, and the server closes one on which 64 MB wait. A message that is larger would
// never come.
func (r *natsReader) bytesAhead() int {
	return max(leastAhead, int(r.js.Conn().MaxPayload())+roomForHeaders)
}

// errReconnected ends the iteration over a consumer of the connection that was lost.
var errReconnected = errors.New("the connection was lost and is back")

// give calls each for a message.
func give(msg jetstream.Msg, each func(arrival) error) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("message on %s: %w", msg.Subject(), err)
	}
	return each(arrival{
		message: message{
			subject: msg.Subject(), seq: meta.Sequence.Stream, at: meta.Timestamp, data: msg.Data(),
			after: comparedWith(msg.Subject(), msg.Headers()), more: meta.NumPending > 0,
		},
		order: meta.Sequence.Consumer,
		msg:   msg,
	})
}
