package fleet

import (
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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
