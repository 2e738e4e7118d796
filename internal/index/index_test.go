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
		flip := func(key string) {
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
		runs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int {
			return [2]int{rapid.IntRange(0, 3000).Draw(t, "from"), rapid.IntRange(1, 3000).Draw(t, "keys")}
		}), 0, 12).Draw(t, "runs of keys added, or removed if there")
		for _, run := range runs {
			for n := range run[1] {
				flip(fmt.Sprint(run[0] + n))
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
