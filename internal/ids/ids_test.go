package ids_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/ids"
)

// fault 44
func TestAShortIDHoldsNoQuery(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 40)
	for id, want := range map[string]string{"": "", "a": "a", "/a?b": "/a…", "?b": "…", strings.Repeat("x", 64): strings.Repeat("x", 64),
		strings.Repeat("x", 65): strings.Repeat("x", 64) + "…", long: long[:64] + "…"} {
		assert.Equal(t, want, ids.Short(id))
	}
}
