package blocks_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/blocks"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestListDoesWhatASliceDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list blocks.List[*int]
		var model []*int
		for _, n := range rapid.SliceOfN(rapid.IntRange(-9000, 9000), 0, 20).Draw(t, "items added, or taken off if negative") {
			for range n {
				x := new(int)
				list.Push(x)
				model = append(model, x)
			}
			for range min(-n, len(model)) {
				last := len(model) - 1
				assert.Same(t, model[last], list.Pop())
				model = model[:last]
			}
			assert.Equal(t, len(model), list.Len())
			assert.True(t, slices.Equal(model, list.All()))
			for i, x := range model {
				assert.True(t, x == *list.At(i))
				if i%8 == 0 {
					from := list.From(i)
					assert.True(t, len(from) >= min(8, len(model)-i) && from[0] == x)
				}
			}
		}
	})
}

// A list that has become short does not keep the memory of a long one, nor does it allocate when it
// grows and shrinks by one item.
func TestListGivesMemoryBack(t *testing.T) {
	var list blocks.List[[64]byte]
	fill := func(n int) {
		for range n {
			list.Push([64]byte{})
		}
	}
	fill(100_000)
	for list.Len() > 8192 {
		list.Pop()
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		list.Pop()
		list.Push([64]byte{})
		list.Push([64]byte{})
		list.Pop()
	}))
	assert.NotZero(t, testing.AllocsPerRun(1, func() { fill(8192) }), "what is no longer used was kept")
}
