package fleet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	// inFlightPause is the time until it is asked again.
	inFlightPause = 20 * time.Millisecond
	// requestTimeout limits one request to the server.
	requestTimeout = 5 * time.Second
	// ahead is how many messages are fetched ahead of whoever reads them.
	ahead = 256
	// drainTimeout limits the wait for messages that were fetched ahead.
	drainTimeout = 200 * time.Millisecond
)

// natsEngine is the engine on JetStream.
type natsEngine struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	name    string
	log     *zap.Logger
	ackWait time.Duration
}

var _ engine = (*natsEngine)(nil)

// subject returns the subject of a message in its store.
func (n *natsEngine) subject(s store, subject string) string {
	if s == jobs {
		return subject
	}
	return "$KV." + n.bucket(s) + "." + subject
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
		case errors.Is(err, nats.ErrMaxPayload):
			return 0, fmt.Errorf("%w: %w", errRefused, err)
		case !errors.As(err, &api):
			return 0, err
		case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
			return 0, errTaken
		case api.ErrorCode != errCodeInFlight:
			return 0, fmt.Errorf("%w: %w", errRefused, err)
		}
		if !sleep(ctx, inFlightPause) {
			return 0, err
		}
	}
}

func (n *natsEngine) remove(ctx context.Context, seq uint64) error {
	err := n.stream.DeleteMsg(ctx, seq)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	// The error of a message that is not there any more has no type of its own.
	if _, missing := n.stream.GetMsg(ctx, seq); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}

func (n *natsEngine) last(ctx context.Context, filter string) (message, error) {
	m, err := n.stream.GetLastMsgForSubject(ctx, filter)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return message{}, errNone
	}
	if err != nil {
		return message{}, err
	}
	return message{subject: m.Subject, seq: m.Sequence, at: m.Time, data: m.Data}, nil
}

func (n *natsEngine) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	stream, cfg, prefix := n.name, jetstream.OrderedConsumerConfig{}, ""
	switch {
	case f.store != jobs:
		stream, prefix = "KV_"+n.bucket(f.store), "$KV."+n.bucket(f.store)+"."
		cfg.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
	case f.after > 0:
		cfg.FilterSubjects = []string{f.filter}
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, f.after+1
	default:
		cfg.FilterSubjects = []string{f.filter}
	}
	consumer, err := n.js.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return err
	}
	left := consumer.CachedInfo().NumPending
	if left == 0 {
		caughtUp()
	}
	return n.iterate(ctx, consumer, false, func(msg jetstream.Msg, m message) {
		m.subject = m.subject[len(prefix):]
		each(m)
		if left > 0 {
			if left--; left == 0 {
				caughtUp()
			}
		}
	})
}

// iterate calls each for the messages of a consumer, until ctx ends. With drain, each is called for
// those too that were fetched ahead by then.
func (n *natsEngine) iterate(ctx context.Context, c jetstream.Consumer, drain bool, each func(jetstream.Msg, message)) error {
	it, err := c.Messages(jetstream.PullMaxMessages(ahead))
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		msg, err := it.Next(jetstream.NextContext(ctx))
		switch {
		case err == nil:
			err = give(msg, each)
		case errors.Is(err, jetstream.ErrNoHeartbeat) && ctx.Err() == nil:
			err = nil
		}
		if ctx.Err() != nil {
			if drain {
				drainInto(it, each)
			}
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// drainInto calls each for the messages that were fetched ahead.
func drainInto(it jetstream.MessagesContext, each func(jetstream.Msg, message)) {
	it.Drain()
	for {
		msg, err := it.Next(jetstream.NextMaxWait(drainTimeout))
		if err != nil || give(msg, each) != nil {
			return
		}
	}
}

// give calls each for a message.
func give(msg jetstream.Msg, each func(jetstream.Msg, message)) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("message on %s: %w", msg.Subject(), err)
	}
	each(msg, message{subject: msg.Subject(), seq: meta.Sequence.Stream, at: meta.Timestamp, data: msg.Data()})
	return nil
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
		return err
	}
	return n.iterate(ctx, consumer, true, func(msg jetstream.Msg, m message) {
		each(delivery{message: m, ack: msg.DoubleAck, term: msg.Term, later: msg.NakWithDelay})
	})
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
