package fleet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// catchUpPause is the time between two requests that ask whether a follower has caught up.
const catchUpPause = 500 * time.Millisecond

// catchUp finds out when a follower has received all messages that were stored before it began. It
// cannot only count the messages, because some may be removed before they are delivered.
type catchUp struct {
	left     uint64 // how many messages were stored when it began
	caughtUp func()

	mu        sync.Mutex
	delivered uint64 // guarded by mu
	reached   bool   // guarded by mu
}

// errGap is the error of a consumer that left out messages. A new consumer then begins at the gap.
var errGap = errors.New("messages are missing")

// take passes a message to each. The argument order is the number that the consumer gave the
// message, counted from 1.
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

// reachLocked calls caughtUp the first time that it is called.
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

// sent records that the server has sent all its messages, and how many they are.
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
