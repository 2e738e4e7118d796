package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// core is what all parts of a fleet share in a process: the options, the server, the log and the
// figures. It is safe for concurrent use. The parts use it, and it uses none of them.
type core struct {
	config
	engine     engine
	maxPayload int
	log        *zap.Logger
	counts     counts
	room       *room
	removals   removals
	complained atomic.Int64 // when complain has logged last, in Unix nanoseconds
}

var errNotOpened = errors.New("fleet: the Fleet was not made by Open")

// check reports a core or a context that cannot be used. Without Open, a core is nil.
func (c *core) check(ctx context.Context) error {
	switch {
	case c == nil:
		return errNotOpened
	case ctx == nil:
		return errors.New("fleet: the context is nil")
	default:
		return context.Cause(ctx)
	}
}

// place returns the place of the messages about a job.
func (c *core) place(id string) place { return c.key.place(id, c.partitions) }

// follow calls each for all messages that fo matches, until ctx ends or the connection is closed.
// After the server was away, it continues where it was. It passes no message twice. If the server
// has lost messages, follow returns errRolledBack for the jobs and the owners. For the other stores
// it begins again.
func (c *core) follow(ctx context.Context, fo following, each func(message), caughtUp func()) error {
	caught := false
	for pause := time.Duration(0); ctx.Err() == nil; {
		err := c.engine.follow(ctx, fo, func(m message) {
			if m.seq <= fo.after {
				return
			}
			fo.after, fo.at, pause = m.seq, m.at, 0
			each(m)
		}, func() {
			if !caught {
				caught = true
				caughtUp()
			}
		})
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return err
		}
		if errors.Is(err, errRolledBack) {
			c.log.Warn("the server has lost its newest messages", zap.String("filter", fo.filter))
			if fo.store == jobs || fo.store == owners {
				return err
			}
			fo.after, fo.at = 0, time.Time{}
		}
		pause = nextPause(pause)
		c.complain(pause, err)
		c.log.Debug("following the stream begins anew", zap.String("filter", fo.filter), zap.Error(err))
		sleep(ctx, pause)
	}
	return context.Cause(ctx)
}
