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

// The jobs are compared with what a plan let expect. Where that was a narrow time, each of them
// would look surprising if the time were blurred.
func TestWhatAPlanLetsExpectIsAsNarrowAsThePlan(t *testing.T) {
	t.Parallel()
	for n := range 20 { // so that the narrow time is at steps of any number
		f := new(fitter)
		var spans []span
		for i := range 30 + n {
			spans = append(spans, span{10, 10}, span{0, 10 + float32(i)/100})
		}
		assert.True(t, f.take(spans))
		p := f.plan(wish{kappa: 5}, false, nil)
		e := p.expectation()
		for _, s := range p.steps {
			assert.InDelta(t, s.live, e.beyond(s.end), 0.02, "at %v", s.end)
		}
	}
}
