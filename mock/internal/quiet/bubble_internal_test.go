package quiet

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Goroutines of tests that run beside would look as if something went on for ever.
func TestASnapshotIsOfOneBubble(t *testing.T) {
	t.Parallel()
	outside := make(chan struct{})
	defer close(outside)
	go func() { <-outside }()
	synctest.Test(t, func(t *testing.T) {
		all, ok := Snapshot()
		require.True(t, ok)
		require.NotEmpty(t, all)
		for _, g := range all {
			assert.NotEmpty(t, g.bubble)
			assert.Equal(t, all[0].bubble, g.bubble)
		}
	})
	all, ok := Snapshot()
	require.True(t, ok)
	for _, g := range all {
		assert.Empty(t, g.bubble)
	}
}
