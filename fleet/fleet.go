package fleet

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// Fleet is a set of watches that many processes share. [Open] makes one. It is safe for concurrent
// use, and needs no Close: the connection belongs to the caller.
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

// Open returns the fleet whose watches are kept by js. It creates what is missing there: a stream
// for the jobs, a consumer for their ends, and two key-value buckets.
//
// Open refuses a server without JetStream or before version 2.12, and a fleet that exists with
// other Partitions or Replicas. The error joins everything that is wrong with the options.
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
