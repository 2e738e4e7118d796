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
	// followAhead is how many messages are fetched before a follower needs them.
	followAhead = 256
	// pullExpiry is how long one request for messages waits.
	pullExpiry = 30 * time.Second
	// quickHeartbeat and slowHeartbeat are the times between two heartbeats of the server during a
	// request for messages. Two missing heartbeats end the request. A worker has many followers of
	// jobs, so their heartbeats are slow: each heartbeat wakes both sides. Heartbeats matter only if a
	// follower is lost and the connection is not, for example because another server of a cluster was
	// killed.
	quickHeartbeat = time.Second
	slowHeartbeat  = 5 * time.Second
	// followerLife is how long the server keeps a follower that makes no requests.
	followerLife = time.Minute
	// leastAhead is the maximum size of the answer to one request for messages, in bytes. The maximum
	// is higher if a single message can be larger.
	leastAhead = 4 << 20
	// dismissTimeout limits the request that ends a follower.
	dismissTimeout = time.Second
)

// natsReader reads the messages of streams with consumers. It keeps no state between two calls.
type natsReader struct {
	js    jetstream.JetStream
	names names
}

// follow follows with its own consumer: see [engine].
func (r *natsReader) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	stream, prefix := r.names.stream(f.store), r.names.prefix(f.store)
	if err := r.compare(ctx, stream, f); err != nil {
		return lostOr(err)
	}
	consumer, err := r.follower(ctx, stream, f)
	if err != nil {
		return lostOr(err)
	}
	info := consumer.CachedInfo()
	defer r.dismiss(ctx, stream, info.Name)
	c := &catchUp{left: info.NumPending, caughtUp: caughtUp}
	if c.left == 0 {
		c.reachLocked() // no other goroutine uses c yet
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

// compare returns errRolledBack if the last message that f has seen is not in the stream as it was.
// If that message was removed, and others were stored since, compare cannot know. A stream with
// replicas loses no message that was stored.
func (r *natsReader) compare(ctx context.Context, stream string, f following) error {
	if f.at.IsZero() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	s, err := r.js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	info := s.CachedInfo()
	if info.Config.Replicas > 1 {
		return nil
	}
	if info.State.LastSeq < f.after {
		return errRolledBack
	}
	m, err := s.GetMsg(ctx, f.after)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil
	case err == nil && !m.Time.Equal(f.at):
		return errRolledBack
	}
	return err
}

// follower creates a consumer that delivers each message once and in order. The consumer does not
// survive a restart of the server, because a new consumer can continue.
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

// dismiss deletes a consumer, so that the server need not keep it until it counts as inactive.
func (r *natsReader) dismiss(ctx context.Context, stream, name string) {
	if !r.js.Conn().IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dismissTimeout)
	defer cancel()
	_ = r.js.DeleteConsumer(ctx, stream, name)
}

// pulling is how a follower requests messages.
type pulling struct {
	ahead     int           // how many are fetched ahead
	heartbeat time.Duration // the time between two heartbeats of the server
	// back gives a message back that was fetched and is not needed; nil if that is not necessary.
	back func(jetstream.Msg)
}

// pullingOf returns how a follower of a store requests messages.
func pullingOf(s store) pulling {
	if s == jobs {
		return pulling{ahead: followAhead, heartbeat: slowHeartbeat}
	}
	return pulling{ahead: followAhead, heartbeat: quickHeartbeat}
}

// arrival is a message that a consumer delivered.
type arrival struct {
	message
	order uint64 // the number that the consumer gave it, counted from 1
	// deliveries is how often it was delivered, this time included.
	deliveries uint64
	msg        jetstream.Msg
}

// iterate calls each for the messages of a consumer, one at a time, until ctx ends or each returns
// an error. It also returns when the connection was lost and is back, because the server may have
// forgotten the consumer. It gives back the messages that were fetched ahead, if p says how and the
// server can be reached. Otherwise it drops them.
//
// The client library's iterator is no alternative. With a limit of bytes the server ends each
// request with a message of its own, for which the iterator's buffer has no room. So other messages
// would be dropped. Nor is a Fetch, whose inbox is new: in a cluster, the server that has the
// messages may not know that inbox yet.
func (r *natsReader) iterate(ctx context.Context, c jetstream.Consumer, p pulling, each func(arrival) error) error {
	life, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	back := r.js.Conn().StatusChanged(nats.CONNECTED)
	defer r.js.Conn().RemoveStatusListener(back)
	var calls sync.Mutex // held during a call of each
	run, err := c.Consume(func(msg jetstream.Msg) {
		calls.Lock()
		defer calls.Unlock()
		if life.Err() != nil {
			if p.back != nil {
				p.back(msg)
			}
			return
		}
		if err := give(msg, each); err != nil {
			stop(err)
		}
	}, jetstream.PullMaxMessagesWithBytesLimit(p.ahead, r.bytesAhead()), jetstream.PullExpiry(pullExpiry),
		jetstream.PullHeartbeat(p.heartbeat), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			if isFinal(err) {
				stop(err)
			}
		}))
	if err != nil {
		return lostOr(err)
	}
	defer run.Stop()
	select {
	case <-back:
		stop(errReconnected)
	case <-run.Closed():
		stop(errStopped)
	case <-life.Done():
		if p.back != nil {
			r.drain(run)
		}
	}
	calls.Lock() // a call that is in progress ends first
	defer calls.Unlock()
	return lostOr(context.Cause(life))
}

// drain passes on the messages that were fetched, so that they are given back.
func (r *natsReader) drain(run jetstream.ConsumeContext) {
	if !r.js.Conn().IsConnected() {
		return
	}
	limit := time.NewTimer(dismissTimeout)
	defer limit.Stop()
	run.Drain()
	select {
	case <-run.Closed():
	case <-limit.C:
	}
}

// isFinal reports whether no more messages come after an error of a consumer. The client library
// copes with other errors, such as a change of the leader, by another request.
func isFinal(err error) bool {
	return errors.Is(err, jetstream.ErrNoHeartbeat) || errors.Is(err, jetstream.ErrConsumerDeleted) ||
		errors.Is(err, jetstream.ErrBadRequest) || errors.Is(err, jetstream.ErrConnectionClosed)
}

// bytesAhead returns how many bytes one request for messages may bring. Heartbeats wait behind
// these bytes on the connection, and the server closes a connection on which 64 MB wait. A message
// that is larger than the result would never be delivered.
func (r *natsReader) bytesAhead() int {
	return max(leastAhead, int(r.js.Conn().MaxPayload())+roomForHeaders)
}

var (
	// errReconnected is the error of an iteration whose connection was lost and is back.
	errReconnected = errors.New("the connection was lost and is back")
	// errStopped is the error of an iteration that the client library stopped.
	errStopped = errors.New("the client stopped")
)

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
		order:      meta.Sequence.Consumer,
		deliveries: meta.NumDelivered,
		msg:        msg,
	})
}
