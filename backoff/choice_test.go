package backoff_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/backoff"
)

type named = map[string]backoff.Strategy

func TestByAgeTakesTheStrategyOfTheNextGreaterAge(t *testing.T) {
	t.Parallel()
	s := backoff.ByAge(map[time.Duration]backoff.Strategy{
		time.Hour: backoff.Constant(2), time.Minute: backoff.Constant(1),
		0: backoff.Constant(4), -1: backoff.Constant(5),
	}, backoff.Constant(3))
	for age, want := range map[time.Duration]time.Duration{
		math.MinInt64: 1, -1: 1, 0: 1, time.Minute - 1: 1,
		time.Minute: 2, time.Hour - 1: 2,
		time.Hour: 3, math.MaxInt64: 3,
	} {
		assert.Equal(t, want, s.Next(backoff.Poll{Attempt: 1, Elapsed: age}), age)
	}
	assert.Zero(t, s.Next(backoff.Poll{}), "the first poll is made at once")
	err := validate(t, s)
	require.ErrorContains(t, err, "ByAge: age 0s")
	require.ErrorContains(t, err, "ByAge: age -1ns")
}

func TestByKindAndByStateFallBackToOtherwise(t *testing.T) {
	t.Parallel()
	kinds := named{"a": backoff.Constant(1), "b": backoff.Constant(2)}
	byKind := backoff.ByKind(kinds, backoff.Constant(3))
	kinds["a"] = nil // the Strategy has a copy
	for kind, want := range map[string]time.Duration{"a": 1, "b": 2, "": 3, "aa": 3, "z": 3} {
		assert.Equal(t, want, byKind.Next(backoff.Poll{Attempt: 1, Kind: kind, State: "b"}), kind)
	}
	byState := backoff.ByState(named{"running": backoff.Constant(1), "": backoff.Constant(2), "blocked": backoff.Constant(4)}, backoff.Constant(3))
	for state, want := range map[string]time.Duration{"running": 1, "": 2, "pending": 3, "unknown": 3, "blocked": 4} {
		assert.Equal(t, want, byState.Next(backoff.Poll{Attempt: 1, State: state, Kind: "running"}), state)
	}
	require.NoError(t, validate(t, byState))
	require.NoError(t, validate(t, byKind))
}

func TestAChoiceNamesWhatIsWrongWithin(t *testing.T) {
	t.Parallel()
	s := backoff.ByState(named{"quued": nil, "pending": backoff.Constant(-1)}, nil)
	err := validate(t, backoff.Cap(s, time.Minute))
	for _, want := range []string{
		`ByState: state "quued"`, "ByState: quued: the Strategy within is nil", "Constant: d -1ns",
		"ByState: otherwise: the Strategy within is nil",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, time.Second, backoff.ByKind(nil, nil).Next(backoff.Poll{Attempt: 1}))
}

func TestAChoiceTellsItsLearners(t *testing.T) {
	t.Parallel()
	a, b, rest := &learner{}, &learner{}, &learner{}
	tell := func(s backoff.Strategy, kinds ...string) {
		require.Implements(t, (*backoff.Learner)(nil), s)
		for _, kind := range kinds {
			s.(backoff.Learner).Observe(backoff.Outcome{Kind: kind})
		}
	}
	byKind := backoff.ByKind(named{"a": a, "b": backoff.Jitter(b, 0.1), "c": backoff.Constant(1)}, rest)
	tell(byKind, "a", "b", "b", "c", "d")
	assert.Equal(t, []backoff.Outcome{{Kind: "a"}}, a.seen)
	assert.Equal(t, []backoff.Outcome{{Kind: "b"}, {Kind: "b"}}, b.seen)
	assert.Equal(t, []backoff.Outcome{{Kind: "d"}}, rest.seen)
	tell(backoff.Cap(backoff.ByState(named{"pending": backoff.Constant(1), "running": a}, rest), time.Minute), "e")
	assert.Len(t, a.seen, 2)
	assert.Len(t, rest.seen, 2)
	assert.NotImplements(t, (*backoff.Learner)(nil), backoff.ByState(nil, backoff.Constant(1)))
}

func ExampleByAge() {
	s := backoff.ByAge(map[time.Duration]backoff.Strategy{
		time.Minute: backoff.Constant(time.Second),
		time.Hour:   backoff.Constant(10 * time.Second),
	}, backoff.Constant(time.Minute))
	for _, age := range []time.Duration{5 * time.Second, 5 * time.Minute, 5 * time.Hour} {
		fmt.Println(age, s.Next(backoff.Poll{Attempt: 9, Elapsed: age}))
	}
	// Output:
	// 5s 1s
	// 5m0s 10s
	// 5h0m0s 1m0s
}

func ExampleByKind() {
	s := backoff.ByKind(map[string]backoff.Strategy{
		"thumbnail": backoff.Constant(time.Second),
	}, backoff.Constant(time.Minute))
	fmt.Println(s.Next(backoff.Poll{Attempt: 1, Kind: "thumbnail"}), s.Next(backoff.Poll{Attempt: 1, Kind: "film"}))
	// Output: 1s 1m0s
}

func ExampleByState() {
	s := backoff.ByState(map[string]backoff.Strategy{
		"running": backoff.Constant(2 * time.Second),
	}, backoff.Constant(20*time.Second))
	fmt.Println(s.Next(backoff.Poll{Attempt: 1, State: "pending"}), s.Next(backoff.Poll{Attempt: 2, State: "running"}))
	// Output: 20s 2s
}
