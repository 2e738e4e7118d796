package fleet

import (
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// isLost reports whether an error means that the connection is closed for good.
func isLost(err error) bool {
	return errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, jetstream.ErrConnectionClosed)
}

// lostOr returns errLost for an error that isLost recognizes, and any other error unchanged.
func lostOr(err error) error {
	if isLost(err) {
		return errLost
	}
	return err
}
