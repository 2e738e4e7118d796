package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheThreeKindsEnd(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	assert.Equal(t, `Azure               completed: {"name":"7","properties":{"provisioningState":"Succeeded"}}
AIP-151             completed: {"transcript":"good morning"}
202 and a Location  completed: {"rows":1200}
`, out.String())
}
