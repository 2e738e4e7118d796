package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// flight lists the requests in flight, oldest first. All share one timeout, so the oldest is the
// next to expire.
type flight struct{ first, last *call }

func (l *flight) add(c *call) {
	c.in, c.previous, c.next = l, l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
}

// insert adds c after the requests that expire before it.
func (l *flight) insert(c *call) {
	after := l.last
	for after != nil && after.until > c.until {
		after = after.previous
	}
	if after == l.last {
		l.add(c)
		return
	}
	c.in, c.previous = l, after
	if after == nil {
		c.next, l.first = l.first, c
	} else {
		c.next, after.next = after.next, c
	}
	c.next.previous = c
}

// leave removes c from its list, if it is in one.
func (c *call) leave() {
	l := c.in
	if l == nil {
		return
	}
	if c.previous != nil {
		c.previous.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.previous = c.previous
	} else {
		l.last = c.previous
	}
	c.in, c.next, c.previous = nil, nil, nil
}

// next returns when the first request expires, or instant.Forever if there is none.
func (l *flight) next() time.Duration {
	if l.first == nil {
		return instant.Forever
	}
	return l.first.until
}
