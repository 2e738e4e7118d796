package mock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// While the service holds a request, the call that made it does not count as work. It counts again
// once the hold has ended, for whatever reason.
func TestACallIsNoWorkWhileTheServiceLetsItWait(t *testing.T) {
	t.Parallel()
	busy := func(c *Clock) int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.tally.busy
	}
	for name, end := range map[string]func(c *Clock, left func(), over func() bool){
		"the client leaves":  func(_ *Clock, left func(), _ func() bool) { left() },
		"the service ends":   func(_ *Clock, _ func(), over func() bool) { assert.True(t, over()) },
		"the time is passed": func(c *Clock, _ func(), _ func() bool) { c.rester.step(time.Hour) },
	} {
		c := NewClock(t)
		c.tally.Begin()
		left := c.tally.Asking("client", "GET /")
		ended := make(chan int, 1)
		_, over := c.tally.serve("client", time.Minute, func() { ended <- busy(c) })
		assert.Zero(t, busy(c), name)
		end(c, left, over)
		if name == "the time is passed" {
			assert.Equal(t, 2, <-ended, "the call is work before the service goes on")
			c.mu.Lock()
			for c.tally.busy != 1 {
				c.changed.Wait()
			}
			c.mu.Unlock()
		}
		assert.Equal(t, 1, busy(c), name)
		left()
		assert.False(t, over(), "the client has left")
		assert.Equal(t, 1, busy(c), name)
	}
}

func TestARequestThatIsOverDoesNotEndTheNextOnItsConnection(t *testing.T) {
	t.Parallel()
	c := NewClock(t)
	first := c.tally.Asking("client", "GET /first")
	second := c.tally.Asking("client", "GET /second")
	first()
	assert.Contains(t, c.rester.describe(), "requests: 1;")
	assert.Contains(t, c.rester.describe(), "GET /second")
	second()
	assert.Contains(t, c.rester.describe(), "requests: 0;")
}

// The message names the code that set a timer, not the functions of the Clock that it called.
func TestATimerIsNamedByWhoSetIt(t *testing.T) {
	t.Parallel()
	c := NewClock(t)
	c.AfterFunc(time.Second, func() {})
	wait.AfterFunc(c, 2*time.Second, func() {})
	c.Timer(3 * time.Second)
	_, over := c.tally.serve("client", 4*time.Second, func() {})
	defer over()
	for _, in := range []string{"1s", "2s", "3s", "4s"} {
		assert.Contains(t, c.rester.describe(), "timer in "+in+", set by mock.TestATimerIsNamedByWhoSetIt")
	}
}
