package rest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/rules"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 64: the default words contain no word that may hide a failure.
func TestTheDefaultWordsHideNoFailure(t *testing.T) {
	t.Parallel()
	w, err := rules.New(1, rest.DefaultStates())
	require.NoError(t, err)
	for _, said := range []string{"done", "finished", "complete", "ended", "closed", "stopped", "terminated", "exited", "resolved", "ready", "ok",
		"partial", "partial_success", "completed_with_errors", "success_with_failures", "skipped", "neutral", "unknown", "final", "dead", "null", ""} {
		for _, spelled := range []string{said, strings.ToUpper(said), " " + said} {
			got := w.Find([][]byte{[]byte(`"` + spelled + `"`)})
			assert.False(t, got.Fits, spelled)
			assert.Equal(t, spelled, got.Raw)
		}
	}
	completed := map[string]bool{"completed": true, "succeeded": true, "success": true, "successful": true, "passed": true}
	for said, state := range rest.DefaultStates() {
		assert.Equal(t, completed[said], state == transport.Completed, said)
		assert.Equal(t, strings.TrimSpace(strings.ToLower(said)), said, "in lower case")
	}
	assert.Equal(t, transport.Failed, rest.DefaultStates()["failure"])
	rest.DefaultStates()["done"] = transport.Completed
	assert.NotContains(t, rest.DefaultStates(), "done", "each caller has its own")
}
