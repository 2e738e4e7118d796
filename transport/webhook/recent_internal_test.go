package webhook

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func keyOf(n int) (key fingerprint) {
	binary.BigEndian.PutUint64(key[:], uint64(n))
	return key
}

func TestADeliveryIsKnownForItsMemoryAndForgottenAfterTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var m recent
		now := time.Unix(1700000000, 0)
		added := map[int]time.Time{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds")) * time.Second)
			n := rapid.IntRange(0, 9).Draw(t, "key")
			before, known := added[n]
			age := now.Sub(before)
			fresh := m.add(keyOf(n), now)
			switch {
			case !known:
				assert.True(t, fresh)
			case age < DuplicateWindow:
				assert.False(t, fresh, "after %v", age)
			case age >= 2*DuplicateWindow:
				assert.True(t, fresh, "after %v", age)
			}
			if fresh {
				added[n] = now
			}
			if rapid.IntRange(0, 9).Draw(t, "remove") == 0 {
				m.remove(keyOf(n))
				delete(added, n)
			}
		}
	})
}

// This is fault 46: the memory is bounded, and the newest deliveries stay known.
func TestTheMemoryOfDeliveriesIsBounded(t *testing.T) {
	t.Parallel()
	var m recent
	now := time.Unix(1700000000, 0)
	for n := range 5 * maxRecent {
		assert.True(t, m.add(keyOf(n), now))
	}
	assert.LessOrEqual(t, len(m.newer)+len(m.older), 2*maxRecent)
	assert.False(t, m.add(keyOf(4*maxRecent), now))
}
