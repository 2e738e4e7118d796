package fleet

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
)

// The answers of a process that hears a partition.
const (
	eventHeard   = "heard"
	eventUnheard = "unheard"
)

// natsRelay passes on the events of partitions. It stores nothing.
type natsRelay struct {
	conn  *nats.Conn
	names names
}

func (r *natsRelay) tell(ctx context.Context, partition int, event []byte) (heard bool, err error) {
	answer, err := r.conn.RequestWithContext(ctx, r.names.events(partition), event)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return false, nil
	case err != nil:
		return false, lostOr(err)
	}
	return string(answer.Data) == eventHeard, nil
}

func (r *natsRelay) hear(ctx context.Context, partition int, each func(event []byte) bool) error {
	sub, err := r.conn.Subscribe(r.names.events(partition), func(m *nats.Msg) {
		answer := eventUnheard
		if each(m.Data) {
			answer = eventHeard
		}
		_ = m.Respond([]byte(answer))
	})
	if err != nil {
		return lostOr(err)
	}
	<-ctx.Done()
	return sub.Unsubscribe()
}

// errDisconnected is the error of online when the connection is lost.
var errDisconnected = errors.New("fleet: relay: the connection to the server is lost")

func (r *natsRelay) online(ctx context.Context, ready func()) error {
	changed := r.conn.StatusChanged(nats.CONNECTED, nats.DISCONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer r.conn.RemoveStatusListener(changed)
	told := false
	for {
		switch connected := r.conn.IsConnected(); {
		case r.conn.IsClosed():
			return errLost
		case connected && !told:
			told = true
			ready()
		case !connected && told:
			return errDisconnected
		}
		select {
		case st := <-changed:
			if told && st != nats.CONNECTED {
				return errDisconnected // even if the connection is back already
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
