package mock

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAStreamKeepsAFewEventsAndThoseOfSlowConnections(t *testing.T) {
	t.Parallel()
	s := &stream{changed: make(chan struct{})}
	add := func(n int) {
		for range n {
			s.add(&pushed{}, false)
		}
	}
	add(3 * keptEvents)
	assert.Equal(t, keptEvents, len(s.events))
	late := s.begin("7")
	events, broken, _ := s.since(late)
	assert.False(t, broken)
	assert.Equal(t, keptEvents, len(events), "the others are forgotten")

	slow := s.begin("")
	add(3 * keptEvents)
	events, broken, _ = s.since(slow)
	assert.False(t, broken)
	assert.Equal(t, 3*keptEvents, len(events))
	s.end(late)
	s.end(slow)
	assert.Equal(t, keptEvents, len(s.events))

	slow = s.begin("")
	add(mostEvents + 1)
	assert.Equal(t, mostEvents, len(s.events))
	_, broken, _ = s.since(slow)
	assert.True(t, broken)
	s.end(slow)
	assert.Empty(t, s.open)
}
