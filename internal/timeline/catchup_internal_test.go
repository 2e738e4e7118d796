package timeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMissedPollsAreCountedOverAllCalls(t *testing.T) {
	t.Parallel()
	var c catchUps
	for i := range 5 {
		assert.Equal(t, i, c.next(time.Duration(i)*time.Second, time.Second))
	}
	assert.Equal(t, 0, c.next(6*time.Second, time.Second), "none came for longer than the gap")
	assert.Equal(t, 1, c.next(7*time.Second, time.Second))
}
