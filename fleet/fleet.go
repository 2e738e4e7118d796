package fleet

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// Fleet is a set of jobs that several processes watch together. Use [Open] to get one. A Fleet is
// safe for concurrent use. It has no Close, because the caller closes the connection.
type Fleet struct {
	config
	engine     engine
	maxPayload int
	log        *zap.Logger
	counts     counts
	ears       ears
	loaded     atomic.Bool  // what others have learned was asked for
	asked      atomic.Int64 // when the backlog was asked for, in Unix nanoseconds
}

// Open returns the fleet that is stored in js. If they do not exist yet, it creates a stream for
// the jobs, a consumer for their ends, and two key-value buckets.
//
// Open returns an error if the server has no JetStream or is older than version 2.12. It also
// returns an error if the fleet exists with other [Partitions] or [Replicas]. If options are wrong,
// the error joins all problems with them.
func Open(ctx context.Context, js jetstream.JetStream, opts ...Option) (*Fleet, error) {
	c, err := newConfig(opts)
	if js == nil {
		err = errors.Join(errors.New("fleet: Open: the JetStream is nil"), err)
	}
	if ctx == nil {
		err = errors.Join(errors.New("fleet: Open: the context is nil"), err)
	}
	if err != nil {
		return nil, err
	}
	n, err := openNATS(ctx, js, &c)
	if err != nil {
		return nil, err
	}
	return newFleet(c, n, int(js.Conn().MaxPayload())), nil
}

func newFleet(c config, e engine, maxPayload int) *Fleet {
	return &Fleet{config: c, engine: e, maxPayload: maxPayload, log: c.logger}
}

var errNotOpened = errors.New("fleet: the Fleet was not made by Open")

// check reports a Fleet or a context that cannot be used.
func (f *Fleet) check(ctx context.Context) error {
	switch {
	case f == nil || f.engine == nil:
		return errNotOpened
	case ctx == nil:
		return errors.New("fleet: the context is nil")
	default:
		return context.Cause(ctx)
	}
}
