package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheIndexIsCurrent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, write(&b))
	kept, err := os.ReadFile("../../../../../docs/dialects.md")
	require.NoError(t, err)
	require.Equal(t, string(kept), b.String(), "docs/dialects.md is stale: go generate ./transport/rest/dialects")
}
