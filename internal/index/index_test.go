package index_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/index"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type item struct{ key string }

func (x *item) Key() string { return x.key }

func TestIndexDoesWhatAMapDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ix, model := index.New[item](), map[string]*item{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2000), 0, 5000).Draw(t, "keys added, or removed if there") {
			key := fmt.Sprint(n)
			x := model[key]
			got, hash := ix.Get(key)
			assert.True(t, got == x)
			if x == nil {
				x = &item{key}
				ix.Add(x, hash)
				model[key] = x
			} else {
				ix.Remove(x)
				delete(model, key)
			}
		}
		for key, x := range model {
			got, _ := ix.Get(key)
			assert.True(t, got == x)
		}
		assert.Equal(t, len(model), ix.Len())
		assert.Len(t, slices.Collect(ix.All()), len(model))
		for range ix.All() {
			break
		}
	})
}
