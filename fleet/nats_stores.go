package fleet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// errCodeInFlight is the server's code for a conditional write while an earlier message is not
	// replicated yet. The outcome of the write is open, so it is tried again.
	errCodeInFlight = 10164
	// errCodeNonceInFlight is the server's code for a message while another message with the same
	// nonce is not replicated yet, for example because the leader of a stream has no majority. Its
	// outcome is open too.
	errCodeNonceInFlight = 10158
	// The server has these codes if there is no room. The account is full, the server is full, or a
	// stream cannot be created. The last code is for a message that is not stored. It stands for
	// several reasons, and the description says which one applies.
	errCodeAccountFull = 10002
	errCodeServerFull  = 10023
	errCodeStorageFull = 10047
	errCodeNotStored   = 10077
	// inFlightPause is the time until such a write is tried again.
	inFlightPause = 20 * time.Millisecond
	// maxAsking is how many requests to read or to remove a message this process makes at once. The
	// server drops the requests of all its clients when more than 10,000 wait.
	maxAsking = 256
	// haltedTimeout limits the question whether the server has stopped writing.
	haltedTimeout = time.Second
)

// natsStores writes and reads single messages of the streams.
type natsStores struct {
	js      jetstream.JetStream
	names   names
	stream  jetstream.Stream // the stream of the jobs
	learned jetstream.Stream // nil if no Learner is shared
	asking  chan struct{}    // has one value for each request to read or to remove a message
}

// ask waits until a request may be made. The caller calls over after the request.
func (n *natsStores) ask(ctx context.Context) (over func(), err error) {
	select {
	case n.asking <- struct{}{}:
		return func() { <-n.asking }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// subject returns the subject to which a message is published. A server does not pass on messages
// for buckets to the servers of another JetStream domain, unless the domain is in the subject.
func (n *natsStores) subject(m outgoing) string {
	subject := n.names.prefix(m.store) + m.subject
	if m.store != members && m.store != owners {
		return subject
	}
	switch opts := n.js.Options(); {
	case opts.Domain != "":
		return "$JS." + opts.Domain + ".API." + subject
	case opts.APIPrefix != "" && opts.APIPrefix != jetstream.DefaultAPIPrefix:
		return strings.TrimSuffix(opts.APIPrefix, ".") + "." + subject
	default:
		return subject
	}
}

func (n *natsStores) publish(ctx context.Context, m outgoing) (uint64, error) {
	msg := &nats.Msg{Subject: n.subject(m), Data: m.data}
	if !m.always {
		msg.Header = nats.Header{jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(m.after, 10)}}
		if m.filter != "" {
			msg.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{m.filter}
		}
	}
	if m.nonce != "" {
		msg.Header[jetstream.MsgIDHeader] = []string{m.nonce}
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	for {
		ack, err := n.js.PublishMsg(limited, msg)
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
			return 0, n.haltedOr(ctx, m.store, err)
		case api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
			return 0, errTaken
		case api.ErrorCode == errCodeNonceInFlight:
			return 0, err
		case api.ErrorCode != errCodeInFlight:
			return 0, refusal(api)
		}
		if !sleep(limited, inFlightPause) {
			return 0, err
		}
	}
}

// haltedOr returns the error of a message that was not answered because the server no longer writes
// to the stream, or err. A server that could not write a message, for example because the disk is
// full, answers no message for that stream until it is started again. But it says why if it is
// asked to remove a message, even one that does not exist.
func (n *natsStores) haltedOr(ctx context.Context, s store, err error) error {
	if s != jobs || ctx.Err() != nil || n.stream.CachedInfo().Config.Replicas > 1 || !n.js.Conn().IsConnected() {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, haltedTimeout)
	defer cancel()
	if halted := n.stream.DeleteMsg(ctx, math.MaxUint64); isHalted(halted) {
		return fmt.Errorf("%w: %w: %w", errRefused, ErrFull, halted)
	}
	return err
}

// isHalted reports whether a message cannot be removed because the server has stopped writing to
// the stream, for want of room.
func isHalted(err error) bool {
	return errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) && isDiskFull(err.Error())
}

// isDiskFull reports whether the server's description of an error means that its disk is full.
func isDiskFull(description string) bool {
	return strings.Contains(description, "no space left") || strings.Contains(description, "not enough space") ||
		strings.Contains(description, "quota exceeded")
}

// refusal returns the error of a message that the server refused.
func refusal(err *jetstream.APIError) error {
	switch err.ErrorCode {
	case errCodeAccountFull, errCodeServerFull, errCodeStorageFull:
		return fmt.Errorf("%w: %w: %w", errRefused, ErrFull, err)
	case errCodeNotStored:
		d := err.Description
		if strings.Contains(d, "maximum bytes") || strings.Contains(d, "maximum messages") || isDiskFull(d) {
			return fmt.Errorf("%w: %w: %w", errRefused, ErrFull, err)
		}
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

func (n *natsStores) storage(ctx context.Context) ([]use, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := n.stream.Info(ctx)
	if err != nil {
		return nil, lostOr(err)
	}
	account, err := n.js.AccountInfo(ctx)
	if err != nil {
		return nil, lostOr(err)
	}
	return []use{
		{of: "stream", used: int64(info.State.Bytes), limit: info.Config.MaxBytes},
		accountUse(account, max(info.Config.Replicas, 1)),
	}, nil
}

// accountUse returns the use of an account's storage limit, as if each message were stored once.
// For the limit of a tier, the server counts a message once. For the limit of an account, it counts
// each replica of the message.
func accountUse(a *jetstream.AccountInfo, replicas int) use {
	n := int64(replicas)
	if tier, ok := a.Tiers["R"+strconv.Itoa(replicas)]; ok {
		return use{of: "account", used: int64(tier.Store) / n, limit: tier.Limits.MaxStore}
	}
	return use{of: "account", used: int64(a.Store) / n, limit: a.Limits.MaxStore / n}
}

func (n *natsStores) remove(ctx context.Context, s store, seq uint64) error {
	stream := n.stream
	if s == learned {
		stream = n.learned
	}
	over, err := n.ask(ctx)
	if err != nil {
		return err
	}
	defer over()
	err = stream.DeleteMsg(ctx, seq)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	if isHalted(err) {
		return fmt.Errorf("%w: %w: %w", errRefused, ErrFull, err)
	}
	// The error for a message that no longer exists has no type of its own.
	if _, missing := stream.GetMsg(ctx, seq); errors.Is(missing, jetstream.ErrMsgNotFound) {
		return nil
	}
	return lostOr(err)
}

func (n *natsStores) last(ctx context.Context, filter string) (message, error) {
	over, err := n.ask(ctx)
	if err != nil {
		return message{}, err
	}
	defer over()
	m, err := n.stream.GetLastMsgForSubject(ctx, filter)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return message{}, errNone
	}
	if err != nil {
		return message{}, lostOr(err)
	}
	return message{subject: m.Subject, seq: m.Sequence, at: m.Time, data: m.Data, after: comparedWith(m.Subject, m.Header)}, nil
}

// comparedWith returns the sequence with which the server compared the newest message of the same
// job when it stored a message, or 0. The server stores the headers of a conditional write with the
// message.
func comparedWith(subject string, h nats.Header) (seq uint64) {
	filter := h.Get(jetstream.ExpectedLastSubjSeqSubjHeader)
	if job, all := strings.CutSuffix(filter, "*"); !all || subject[:strings.LastIndexByte(subject, '.')+1] != job {
		return 0
	}
	seq, _ = strconv.ParseUint(h.Get(jetstream.ExpectedLastSubjSeqHeader), 10, 64)
	return seq
}
