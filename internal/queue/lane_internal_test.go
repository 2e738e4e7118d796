package queue

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

type thing struct{}

func (*thing) Waits(time.Duration) bool { return true }

func TestALaneThatSeveralKindsShareHasNoKind(t *testing.T) {
	t.Parallel()
	k := New[thing]()
	kind, only := k.Lane(k.Enter("first")).Kind()
	assert.Equal(t, "first", kind)
	assert.True(t, only)
	k.lanes = slices.Repeat(k.lanes, maxLanes)
	_, only = k.Lane(k.Enter("one kind too many")).Kind()
	assert.False(t, only)
}
