package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

const (
	// endsName is the name of the durable consumer of the ends.
	endsName = "ends"
	// errCodeInFlight is the server's code for a conditional write whose predecessor is not
	// replicated yet. Its outcome is open: ask again.
	errCodeInFlight = 10164
	// errCodeNonceInFlight is the server's code for a message whose nonce is that of one that is not
	// replicated yet, as while the leader of a stream has no majority. Its outcome is open too.
	errCodeNonceInFlight = 10158
	// inFlightPause is the time until it is asked again.
	inFlightPause = 20 * time.Millisecond
	// requestTimeout limits one request to the server.
	requestTimeout = 5 * time.Second
	// followAhead and endsAhead are how many messages are fetched ahead of whoever reads them. Ends
	// that are dropped come again only after ackWait, so they are few.
	followAhead = 256
	endsAhead   = 64
	// pullExpiry is how long one request for messages waits, and pullHeartbeat how often the server
	// says meanwhile that it is there. Two that are missing end the wait.
	pullExpiry    = 30 * time.Second
	pullHeartbeat = time.Second
	// followerLife is when the server forgets a follower that asks for nothing any more.
	followerLife = time.Minute
	// dismissTimeout limits the request that ends a follower.
	dismissTimeout = time.Second
)

// natsEngine is the engine on JetStream.
type natsEngine struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	learned jetstream.Stream // nil if nothing is shared
	name    string
	log     *zap.Logger
	ackWait time.Duration

	partitions int
	replays    replays
}

var _ engine = (*natsEngine)(nil)

// subject returns the subject of a message in its store.
func (n *natsEngine) subject(s store, subject string) string {
	return n.prefix(s) + subject
}

// prefix returns what stands before all subjects of a store.
func (n *natsEngine) prefix(s store) string {
	switch s {
	case jobs:
		return ""
	case learned:
		return n.learnedName() + "."
	default:
		return "$KV." + n.bucket(s) + "."
	}
}

// streamOf returns the name of the stream of a store.
func (n *natsEngine) streamOf(s store) string {
	switch s {
	case jobs:
		return n.name
	case learned:
		return n.learnedName()
	default:
		return "KV_" + n.bucket(s)
	}
}

func (n *natsEngine) publish(ctx context.Context, m outgoing) (uint64, error) {
	msg := &nats.Msg{Subject: n.subject(m.store, m.subject), Data: m.data}
	if !m.always {
		msg.Header = nats.Header{jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(m.after, 10)}}
		if m.filter != "" {
			msg.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{m.filter}
		}
	}
	if m.nonce != "" {
		msg.Header[jetstream.MsgIDHeader] = []string{m.nonce}
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for {
		ack, err := n.js.PublishMsg(ctx, msg)
		if err == nil {
			return ack.Sequence, nil
		}
		var api *jetstream.APIError
		switch {
		case isLost(err):
			return 0, errLost
		case errors.Is(err, nats.ErrMaxPayload):
			return 0, fmt.Errorf("%w: %w", errRefused, err)
		case !errors.As(err, &api):
			return 0, err
		case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
			return 0, errTaken
		case api.ErrorCode == errCodeNonceInFlight:
			return 0, err
		case api.ErrorCode != errCodeInFlight:
			return 0, fmt.Errorf("%w: %w", errRefused, err)
		}
		if !sleep(ctx, inFlightPause) {
			return 0, err
		}
	}
}

func (n *natsEngine) remove(ctx context.Context, s store, seq uint64) error {
	stream := n.stream
	if s == learned {
		stream = n.learned
	}
	err := stream.DeleteMsg(ctx, seq)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	// The error of a message that is not there any more has no type of its own.
	if _, missing := stream.GetMsg(ctx, seq); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return nil
	}
	return lostOr(err)
}

func (n *natsEngine) last(ctx context.Context, filter string) (message, error) {
	m, err := n.stream.GetLastMsgForSubject(ctx, filter)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return message{}, errNone
	}
	if err != nil {
		return message{}, lostOr(err)
	}
	return message{subject: m.Subject, seq: m.Sequence, at: m.Time, data: m.Data}, nil
}

func (n *natsEngine) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	if p, ok := n.partitionOf(f); ok {
		after, err := n.replay(ctx, p, each)
		if err != nil {
			return err
		}
		f.after = after
	}
	stream, prefix := n.streamOf(f.store), n.prefix(f.store)
	consumer, err := n.follower(ctx, stream, f)
	if err != nil {
		return lostOr(err)
	}
	info := consumer.CachedInfo()
	defer n.dismiss(ctx, stream, info.Name)
	c := &catchUp{left: info.NumPending, caughtUp: caughtUp}
	if c.left == 0 {
		c.reachLocked() // nobody else knows it yet
	}
	life, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() { c.watch(life, consumer) })
	return n.iterate(ctx, consumer, followAhead, func(d arrival) error {
		d.subject = d.subject[len(prefix):]
		return c.take(d, each)
	})
}

// errGap is the error of a consumer that left out messages. Another one begins where it was.
var errGap = errors.New("messages are missing")

// follower creates a consumer that delivers each message once and in order, as long as it lasts.
// It does not survive the server, because another one can go on.
func (n *natsEngine) follower(ctx context.Context, stream string, f following) (jetstream.Consumer, error) {
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
		cfg.FilterSubject = n.prefix(f.store) + ">"
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return n.js.CreateConsumer(ctx, stream, cfg)
}

// dismiss deletes a consumer, so that the server need not wait until it is inactive.
func (n *natsEngine) dismiss(ctx context.Context, stream, name string) {
	if !n.js.Conn().IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dismissTimeout)
	defer cancel()
	_ = n.js.DeleteConsumer(ctx, stream, name)
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
func (n *natsEngine) iterate(ctx context.Context, c jetstream.Consumer, ahead int, each func(arrival) error) error {
	life, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	back := n.js.Conn().StatusChanged(nats.CONNECTED)
	defer n.js.Conn().RemoveStatusListener(back)
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
	it, err := c.Messages(jetstream.PullMaxMessages(ahead), jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
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

// isLost reports whether an error says that the connection is closed for good.
func isLost(err error) bool {
	return errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, jetstream.ErrConnectionClosed)
}

// lostOr returns errLost in place of an error that says so.
func lostOr(err error) error {
	if isLost(err) {
		return errLost
	}
	return err
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
		message: message{subject: msg.Subject(), seq: meta.Sequence.Stream, at: meta.Timestamp, data: msg.Data(), more: meta.NumPending > 0},
		order:   meta.Sequence.Consumer,
		msg:     msg,
	})
}

// endsConsumer returns the consumer that all processes share. It is created if need be.
func (n *natsEngine) endsConsumer(ctx context.Context) (jetstream.Consumer, error) {
	return n.js.CreateOrUpdateConsumer(ctx, n.name, jetstream.ConsumerConfig{
		Durable:       endsName,
		FilterSubject: n.name + ".*.*" + endedSuffix,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       n.ackWait,
		MaxAckPending: maxAckPending,
		MaxDeliver:    -1,
	})
}

func (n *natsEngine) receive(ctx context.Context, each func(delivery)) error {
	consumer, err := n.endsConsumer(ctx)
	if err != nil {
		return lostOr(err)
	}
	return n.iterate(ctx, consumer, endsAhead, func(a arrival) error {
		each(delivery{message: a.message, ack: a.msg.Ack, term: a.msg.Term, later: a.msg.NakWithDelay})
		return nil
	})
}

func (n *natsEngine) backlog(ctx context.Context) (waiting int, acked uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	c, err := n.js.Consumer(ctx, n.name, endsName)
	if err != nil {
		return 0, 0, lostOr(err)
	}
	info := c.CachedInfo()
	return int(info.NumPending) + info.NumAckPending, info.AckFloor.Stream, nil
}

// sleep waits for d. It reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
