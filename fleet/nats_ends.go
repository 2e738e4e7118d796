package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// endsName is the name of the durable consumer of the ends.
	endsName = "ends"
	// maxAckPending is the maximum number of ends that are delivered and not yet acknowledged.
	maxAckPending = 20_000
)

// natsEnds delivers each end to one of all processes, by a consumer that they share.
type natsEnds struct {
	reader  *natsReader
	ackWait time.Duration // the time after which an end that is not acknowledged is delivered again
}

// consumer returns the consumer that all processes share. It creates the consumer if necessary.
func (e *natsEnds) consumer(ctx context.Context) (jetstream.Consumer, error) {
	return e.reader.js.CreateOrUpdateConsumer(ctx, e.reader.names.stream(jobs), jetstream.ConsumerConfig{
		Durable:       endsName,
		FilterSubject: e.reader.names.ends(),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       e.ackWait,
		MaxAckPending: maxAckPending,
		MaxDeliver:    -1,
	})
}

// errPace is the error of an iteration after which more or fewer ends are fetched ahead.
var errPace = errors.New("the loop has another pace")

func (e *natsEnds) receive(ctx context.Context, each func(delivery)) error {
	consumer, err := e.consumer(ctx)
	if err != nil {
		return lostOr(err)
	}
	conn := e.reader.js.Conn()
	before := conn.Stats().Reconnects
	stale := func() bool { return conn.Stats().Reconnects != before }
	pace := newAhead(e.ackWait)
	for {
		err = e.reader.iterate(ctx, consumer, pulling{
			ahead: pace.now, heartbeat: quickHeartbeat, back: func(m jetstream.Msg) { _ = m.Nak() },
		}, func(a arrival) error {
			began := time.Now()
			each(delivery{
				message: a.message, deliveries: a.deliveries, stale: stale,
				ack: a.msg.Ack, term: a.msg.Term, later: a.msg.NakWithDelay, handed: func() {
					if pace.slow() {
						_ = a.msg.InProgress()
					}
				},
			})
			if pace.took(time.Since(began)) {
				return errPace
			}
			return nil
		})
		if !errors.Is(err, errPace) || stale() {
			return err
		}
	}
}

func (e *natsEnds) backlog(ctx context.Context) (waiting int, acked uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	c, err := e.reader.js.Consumer(ctx, e.reader.names.stream(jobs), endsName)
	if err != nil {
		return 0, 0, lostOr(err)
	}
	info := c.CachedInfo()
	return int(info.NumPending) + info.NumAckPending, info.AckFloor.Stream, nil
}
