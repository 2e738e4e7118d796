package edits_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/edits"
)

func TestInputsAreEditsOfSeedsAndSomeAreAsTheyWere(t *testing.T) {
	t.Parallel()
	seeds := []string{"", "one", "two and more"}
	made, kept := map[string]bool{}, 0
	edits.Run(t, func(e *edits.Editor) error {
		text := string(e.Edit(seeds))
		made[text] = true
		if text == seeds[2] {
			kept++
		}
		return nil
	})
	assert.Greater(t, len(made), 1000)
	assert.Greater(t, kept, 100)
	assert.Equal(t, []string{"", "one", "two and more"}, seeds)
}
