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
		learn := func(name string) (spans []span) {
			for range rapid.IntRange(1, 20).Draw(t, name) {
				if s, ok := newSpan(anyOutcome(t)); ok {
					spans = append(spans, s)
				}
			}
			return spans
		}
		w := wish{about: rapid.Float64Range(1, 100).Draw(t, "about")}
		used, fresh := new(fitter), new(fitter)
		if used.take(learn("jobs planned for before")) {
			used.plan(w, false, nil)
		}
		spans := learn("jobs")
		if used.take(spans) && fresh.take(spans) {
			assert.True(t, reflect.DeepEqual(fresh.plan(w, false, nil), used.plan(w, false, nil)))
		}
	})
}
