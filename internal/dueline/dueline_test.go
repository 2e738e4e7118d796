package dueline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/dueline"
	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type item struct {
	due   time.Duration
	place int32
}

func (x *item) Place() *int32 { return &x.place }

func TestItemsComeInTheOrderOfTheirInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var line dueline.Line[item, *item]
		var on []*item
		put := func(x *item, due time.Duration) {
			x.due = due
			line.Put(x, due)
		}
		for i := range rapid.IntRange(0, 2500).Draw(t, "added before") {
			x := &item{}
			put(x, time.Duration(i*7919%1000))
			on = append(on, x)
		}
		for _, op := range rapid.SliceOf(rapid.IntRange(0, 99)).Draw(t, "added, or for the smallest moved and removed") {
			if op >= 15 || len(on) == 0 {
				x := &item{}
				put(x, time.Duration(op))
				on = append(on, x)
				continue
			}
			x := on[op%len(on)]
			switch {
			case op >= 10:
				put(x, x.due/2)
			case op >= 5:
				put(x, x.due*2)
			case op >= 2:
				line.Remove(x)
			default:
				put(x, instant.Forever)
			}
			if op < 5 {
				assert.Zero(t, x.place)
				line.Remove(x) // which does nothing
				on = slices.DeleteFunc(on, func(y *item) bool { return y == x })
			}
		}
		slices.SortFunc(on, func(a, b *item) int { return int(a.due - b.due) })
		for _, x := range on {
			assert.Equal(t, x.due, line.Next())
			first := line.First()
			assert.Equal(t, x.due, first.due)
			line.Remove(first)
		}
		assert.Equal(t, instant.Forever, line.Next())
	})
}
