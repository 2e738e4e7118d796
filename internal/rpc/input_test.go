package rpc

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnInputIsAValueOrAPointer(t *testing.T) {
	t.Parallel()
	type order struct{ n int }
	for _, c := range []struct {
		input any
		want  order
	}{{order{7}, order{7}}, {&order{7}, order{7}}, {(*order)(nil), order{}}} {
		got, err := Input[order](c.input)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	for input, want := range map[any]string{nil: "the input is a <nil>, and must be a order", "x": "the input is a string, and must be a order"} {
		_, err := Input[order](input)
		require.EqualError(t, err, want)
	}
}
