package fleet

import (
	"context"
	"errors"
	"strconv"

	"github.com/nats-io/nats.go"
)

// The answers of whoever hears a partition.
const (
	eventHeard   = "heard"
	eventUnheard = "unheard"
)

// eventSubject is the subject of the events of a partition. It has three words, so that the stream
// of the jobs does not store it.
func (n *natsEngine) eventSubject(partition int) string {
	return n.name + ".relay." + strconv.Itoa(partition)
}

func (n *natsEngine) tell(ctx context.Context, partition int, event []byte) (heard bool, err error) {
	answer, err := n.js.Conn().RequestWithContext(ctx, n.eventSubject(partition), event)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return false, nil
	case err != nil:
		return false, lostOr(err)
	}
	return string(answer.Data) == eventHeard, nil
}

func (n *natsEngine) hear(ctx context.Context, partition int, each func(event []byte) bool) error {
	sub, err := n.js.Conn().Subscribe(n.eventSubject(partition), func(m *nats.Msg) {
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

func (n *natsEngine) online(ctx context.Context, ready func()) error {
	nc := n.js.Conn()
	changed := nc.StatusChanged(nats.CONNECTED, nats.DISCONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer nc.RemoveStatusListener(changed)
	told := false
	for {
		switch connected := nc.IsConnected(); {
		case nc.IsClosed():
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
				return errDisconnected // it may be back already
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
