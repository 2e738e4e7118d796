package adaptive

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestAPlanDoesNotDependOnWhatWasPlannedBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		learn := func(name string) *history {
			h := &history{}
			for range rapid.IntRange(1, 20).Draw(t, name) {
				if s, ok := newSpan(anyOutcome(t)); ok {
					h.add(s, nil)
				}
			}
			return h
		}
		before, h := learn("jobs planned for before"), learn("jobs")
		if len(before.spans) == 0 || len(h.spans) == 0 {
			return
		}
		w := wish{about: rapid.Float64Range(1, 100).Draw(t, "about")}
		used := new(fitter)
		used.plan(before, w)
		assert.True(t, reflect.DeepEqual(new(fitter).plan(h, w), used.plan(h, w)))
	})
}
