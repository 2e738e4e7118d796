package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// catchUpPause is how often the server is asked whether a follower has caught up.
const catchUpPause = 500 * time.Millisecond

// catchUp finds out when a follower has been given all that was stored before. Messages that are
// removed meanwhile never come, so counting those that come is not enough.
type catchUp struct {
	left     uint64 // how many messages were stored when it began
	caughtUp func()

	mu        sync.Mutex
	delivered uint64 // guarded by mu
	reached   bool   // guarded by mu
}

// errGap is the error of a consumer that left out messages. Another one begins where it was.
var errGap = errors.New("messages are missing")

// take gives each the message that the consumer has delivered as number order, from 1 on.
func (c *catchUp) take(m message, order uint64, each func(message)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.delivered++; order != c.delivered {
		return errGap
	}
	each(m)
	if !m.more || c.delivered >= c.left {
		c.reachLocked()
	}
	return nil
}

// reachLocked says once that the follower has caught up.
func (c *catchUp) reachLocked() {
	if !c.reached {
		c.reached = true
		c.caughtUp()
	}
}

// watch asks the server until the follower has caught up, or ctx ends.
func (c *catchUp) watch(ctx context.Context, consumer jetstream.Consumer) {
	for !c.done() && sleep(ctx, catchUpPause) {
		asked, cancel := context.WithTimeout(ctx, requestTimeout)
		info, err := consumer.Info(asked)
		cancel()
		if err == nil && info.NumPending == 0 {
			c.sent(info.Delivered.Consumer)
		}
	}
}

// sent says that the server has sent all it has, which are so many messages.
func (c *catchUp) sent(messages uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.delivered == messages {
		c.reachLocked()
	}
}

func (c *catchUp) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reached
}
