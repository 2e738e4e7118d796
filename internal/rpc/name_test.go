package rpc

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAValueWithoutANameIsPrintedAsANumber(t *testing.T) {
	t.Parallel()
	type color uint8
	for value, want := range map[color]string{0: "red", 1: "blue", 2: "color(2)", 255: "color(255)"} {
		assert.Equal(t, want, Name("color", value, "red", "blue"))
	}
}
