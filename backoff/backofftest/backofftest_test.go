package backofftest_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/backofftest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(ending{m}) }

// ending closes testsEnd after the tests.
type ending struct{ *testing.M }

func (e ending) Run() int {
	defer close(testsEnd)
	return e.M.Run()
}

// doubling is a Strategy without fault.
func doubling(p backoff.Poll) time.Duration {
	if p.Attempt == 0 {
		return 0
	}
	return min(time.Second<<min(p.Attempt-1, 30), time.Minute)
}

func always(f backoff.Func) func() backoff.Strategy { return func() backoff.Strategy { return f } }

var kept atomic.Pointer[[]byte]

// Each has one fault, and is caught by the rule that is there for it.
func TestBrokenStrategiesAreCaught(t *testing.T) {
	t.Parallel()
	capped := backofftest.Limits{Cap: time.Minute}
	for name, broken := range map[string]struct {
		rule   string
		new    func() backoff.Strategy
		limits backofftest.Limits
	}{
		"wait until a moment that may have passed": {"never negative", always(func(p backoff.Poll) time.Duration {
			return max(time.Duration(p.Attempt), 1)*time.Minute - p.Elapsed
		}), backofftest.Limits{}},
		"zero value spins": {"never spins", always(func(p backoff.Poll) time.Duration { return 0 }), capped},
		"spins while a person is awaited": {"never spins", always(func(p backoff.Poll) time.Duration {
			if p.State == "blocked" {
				return 0
			}
			return doubling(p)
		}), capped},
		"negative near the end": {"never negative", always(func(p backoff.Poll) time.Duration {
			if p.Progress > 0.9 && p.Progress < 1 {
				return -time.Second
			}
			return doubling(p)
		}), capped},
		"under its floor": {"never spins", always(doubling), backofftest.Limits{Floor: 2 * time.Second}},
		"jitter past the cap": {"never past its cap", always(func(p backoff.Poll) time.Duration {
			return doubling(p) + doubling(p)/10*time.Duration(p.Attempt%2)
		}), capped},
		"further past the cap than allowed": {"never past its cap", always(func(p backoff.Poll) time.Duration {
			return doubling(p) + doubling(p)/5
		}), backofftest.Limits{Cap: time.Minute, Past: 0.1}},
		"overflow to below zero": {"no overflow", always(func(p backoff.Poll) time.Duration {
			return time.Duration(1) << max(p.Attempt-1, 0)
		}), backofftest.Limits{}},
		"overflow to zero": {"no overflow", always(func(p backoff.Poll) time.Duration {
			return 1 << min(p.Attempt, 64)
		}), backofftest.Limits{}},
		"table that ends": {"no overflow: Next(", always(func(p backoff.Poll) time.Duration {
			return make([]time.Duration, 20_000)[p.Attempt] + time.Second
		}), capped},
		"counts its calls": {"pure", func() backoff.Strategy {
			var n atomic.Int64
			return backoff.Func(func(backoff.Poll) time.Duration { return time.Duration(n.Add(1)) })
		}, capped},
		"chance": {"pure", always(func(p backoff.Poll) time.Duration { return 1 + rand.N(time.Minute) }), capped},
		"shares what it works on": {"safe for concurrent use", func() backoff.Strategy {
			var at atomic.Int64
			return backoff.Func(func(p backoff.Poll) time.Duration {
				at.Store(int64(p.Attempt))
				runtime.Gosched()
				return doubling(backoff.Poll{Attempt: int(at.Load())})
			})
		}, capped},
		"allocates": {"no allocation", always(func(p backoff.Poll) time.Duration {
			b := make([]byte, 64)
			kept.Store(&b)
			return doubling(p)
		}), capped},
		"reads the time": {"no clock of its own", always(func(p backoff.Poll) time.Duration {
			return doubling(p)/2 + time.Duration(time.Now().Year()%2+time.Now().YearDay()%2) + 1
		}), capped},
		"sleeps": {"no clock of its own: a call of Next waited", always(func(p backoff.Poll) time.Duration {
			if p.Attempt == 9 {
				time.Sleep(time.Microsecond)
			}
			return doubling(p)
		}), capped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, backofftest.Check(t, broken.new, broken.limits), broken.rule)
		})
	}
}

// earliest waits until a second before the shortest duration that it was told of. It has at most
// one fault.
type earliest struct {
	fault   string
	writers atomic.Int64

	mu sync.RWMutex
	of []time.Duration // in order
}

func (e *earliest) Next(p backoff.Poll) time.Duration {
	e.mu.RLock()
	defer e.mu.RUnlock()
	switch {
	case p.Attempt == 0:
		return 0
	case len(e.of) == 0:
		return time.Second
	case e.fault == "allocates once it knows":
		b := make([]byte, 64)
		kept.Store(&b)
	}
	return e.of[0]
}

func (e *earliest) Observe(o backoff.Outcome) {
	possible := o.Ended && 0 < o.After && o.After <= o.Before
	switch {
	case !possible && e.fault == "panics at what cannot be":
		panic("what cannot be")
	case !possible && e.fault != "learns what cannot be":
		return
	case e.fault == "two write at once":
		alone(&e.writers)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of = slices.Sorted(slices.Values(append(slices.Clone(e.of), o.Before)))
}

// alone panics if another goroutine calls it at the same time. On a busy machine that may need a
// few looks.
func alone(writers *atomic.Int64) {
	n := writers.Add(1)
	defer writers.Add(-1)
	for range 100 {
		runtime.Gosched()
		if writers.Load() != n {
			panic("they do")
		}
	}
}

func (e *earliest) MarshalBinary() ([]byte, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.fault == "cannot save" {
		return nil, errors.New("no")
	}
	b := []byte{byte(len(e.of))}
	for _, d := range e.of {
		if e.fault == "saves something else" {
			d /= 2
		}
		b = binary.BigEndian.AppendUint64(b, uint64(d))
	}
	return b, nil
}

func (e *earliest) UnmarshalBinary(b []byte) error {
	whole := len(b) > 0 && len(b) == 1+8*int(b[0])
	if !whole && (len(b) == 1 || e.fault != "loads a part" && e.fault != "panics at damage") {
		return errors.New("cut off")
	}
	var of []time.Duration
	for b = b[min(len(b), 1):]; len(b) >= 8 || len(b) > 0 && e.fault == "panics at damage"; b = b[8:] {
		d := time.Duration(binary.BigEndian.Uint64(b))
		if d <= 0 && e.fault != "believes damage" {
			return errors.New("not a duration")
		}
		of = append(of, d)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of = slices.Sorted(slices.Values(of))
	return nil
}

func TestBrokenLearnersAreCaught(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		"learns what cannot be":    "holds after hostile observations: after Observe(",
		"panics at what cannot be": "holds in any order of observations: Observe(",
		"two write at once":        "safe to observe concurrently: Observe(",
		"allocates once it knows":  "holds in any order of observations: Next(",
		"cannot save":              "save and load agree: MarshalBinary: no",
		"saves something else":     "save and load agree: loaded: ",
		"loads a part":             "were loaded without an error",
		"panics at damage":         "UnmarshalBinary panicked",
		"believes damage":          "or has another byte there: after Observe(",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			err := backofftest.Check(t, func() backoff.Strategy { return &earliest{fault: fault} }, backofftest.Limits{})
			require.ErrorContains(t, err, want)
		})
	}
}

// watching counts the jobs of a kind that run. It waits longer the more do. It has at most one
// fault.
type watching struct {
	earliest
	fault string

	mu      sync.Mutex
	running map[string]time.Duration
}

func (w *watching) Next(p backoff.Poll) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := time.Second + time.Duration(len(w.running))*time.Millisecond
	if p.Waited > 0 && w.fault == "always later" {
		wait += p.Waited
	}
	return wait
}

func (w *watching) Follow(key, kind string, age time.Duration) {
	if w.fault == "two write at once" {
		alone(&w.writers)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before, known := w.running[key]
	switch {
	case w.fault == "panics at unknown keys" && age > 0 && !known, w.fault == "panics at ages that go back" && age < before:
		panic("what cannot be")
	case w.fault == "allocates":
		b := make([]byte, 64)
		kept.Store(&b)
	}
	if known || age == 0 {
		w.running[key] = age
	}
}

func (w *watching) Observe(o backoff.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault != "keeps what was left" {
		delete(w.running, o.Key)
	}
}

func TestBrokenFollowersAreCaught(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		"":                            "",
		"always later":                "polls in the end: Next(",
		"panics at unknown keys":      "holds after hostile follows: Follow(",
		"panics at ages that go back": "holds after hostile follows: Follow(",
		"two write at once":           "safe to follow concurrently: Follow of a",
		"allocates":                   "follows without allocation: the method Follow allocates",
		"keeps what was left":         "learns nothing from a watch that saw nothing: Next(",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			err := backofftest.Check(t, func() backoff.Strategy {
				return &unsaved{watching{fault: fault, running: map[string]time.Duration{}}}
			}, backofftest.Limits{})
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}

// unsaved is a Follower that cannot be saved.
type unsaved struct{ w watching }

func (u *unsaved) Next(p backoff.Poll) time.Duration          { return u.w.Next(p) }
func (u *unsaved) Follow(key, kind string, age time.Duration) { u.w.Follow(key, kind, age) }
func (u *unsaved) Observe(o backoff.Outcome)                  { u.w.Observe(o) }

// weighing ranks by what a function says.
type weighing struct {
	backoff.Func
	rank func(p backoff.Poll, since time.Duration) float64
}

func (w weighing) Rank(p backoff.Poll, since time.Duration) float64 { return w.rank(p, since) }

func longest(_ backoff.Poll, since time.Duration) float64 { return since.Seconds() }

func TestBrokenRankersAreCaught(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	for name, broken := range map[string]struct {
		rule string
		rank func(p backoff.Poll, since time.Duration) float64
	}{
		"divides by nothing": {"ranks by a number: Rank(", func(p backoff.Poll, _ time.Duration) float64 { return 1 / float64(p.Attempt) }},
		"nothing by nothing": {"ranks by a number: Rank(", func(_ backoff.Poll, since time.Duration) float64 { return float64(since) / float64(since) }},
		"table that ends":    {"panicked", func(p backoff.Poll, _ time.Duration) float64 { return make([]float64, 64)[p.Attempt] }},
		"counts its calls":   {"ranks alike when asked again: Rank(", func(backoff.Poll, time.Duration) float64 { return float64(calls.Add(1)) }},
		"chance":             {"ranks alike when asked again: Rank(", func(backoff.Poll, time.Duration) float64 { return rand.Float64() }},
		"allocates":          {"ranks without allocation: Rank(", func(backoff.Poll, time.Duration) float64 { b := make([]byte, 64); kept.Store(&b); return 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := backofftest.Check(t, func() backoff.Strategy { return weighing{doubling, broken.rank} }, backofftest.Limits{})
			require.ErrorContains(t, err, broken.rule)
		})
	}
}

func TestStrategiesWithoutFaultPass(t *testing.T) {
	t.Parallel()
	backofftest.Run(t, always(doubling), backofftest.Limits{Cap: time.Minute, Floor: time.Second})
	backofftest.Run(t, func() backoff.Strategy { return &earliest{} }, backofftest.Limits{Floor: time.Second})
	backofftest.Run(t, func() backoff.Strategy { return weighing{doubling, longest} }, backofftest.Limits{Cap: time.Minute})
	require.NoError(t, backofftest.Check(t, always(func(p backoff.Poll) time.Duration {
		return max(doubling(p), p.RetryAfter)
	}), backofftest.Limits{Cap: time.Minute}), "a cap does not bound what the service asks for")
	require.NoError(t, backofftest.Check(t, always(func(p backoff.Poll) time.Duration {
		return doubling(p) + doubling(p)/10
	}), backofftest.Limits{Cap: time.Minute, Past: 0.1}))
}

// testsEnd is closed when the tests have ended.
var testsEnd = make(chan struct{})

// deaf is a Learner whose Observe does not return.
type deaf struct{ backoff.Func }

func (deaf) Observe(backoff.Outcome) { <-testsEnd }

func TestAStrategyThatDoesNotAnswerFailsAtOnce(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]backoff.Strategy{
		"Attempt:9 Elapsed:9s Previous:1s Waited:0s RetryAfter:0s Progress:0 State: Err:<nil>}) has not returned, and": backoff.Func(func(p backoff.Poll) time.Duration {
			if p.Attempt == 9 {
				<-testsEnd
			}
			return doubling(p)
		}),
		"have taken 5s. Next must not block, and must not loop over the attempts": backoff.Func(func(p backoff.Poll) time.Duration {
			select { // as long as a loop over many attempts takes
			case <-testsEnd:
			case <-time.After(20 * time.Millisecond):
			}
			return doubling(p)
		}),
		"the method Observe has not returned within 5s. It must not block": deaf{doubling},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			require.ErrorContains(t, backofftest.Check(t, func() backoff.Strategy { return s }, backofftest.Limits{}), want)
			assert.Less(t, time.Since(began), time.Minute)
		})
	}
}

func TestEachErrorNamesItsRuleAndThePoll(t *testing.T) {
	t.Parallel()
	err := backofftest.Check(t, always(func(p backoff.Poll) time.Duration { return -1 }), backofftest.Limits{})
	for _, want := range []string{"never negative: Next(", "Attempt:", "= -1ns", "never spins: ", "no overflow: "} {
		assert.ErrorContains(t, err, want)
	}
}

func TestAnErrorTellsTheBoundAndWhatToDo(t *testing.T) {
	t.Parallel()
	minute := always(func(p backoff.Poll) time.Duration { return max(p.RetryAfter, time.Minute) })
	err := backofftest.Check(t, minute, backofftest.Limits{Cap: time.Second})
	assert.ErrorContains(t, err, "= 1m0s, which exceeds Limits.Cap, 1s: A cap promises")
	err = backofftest.Check(t, minute, backofftest.Limits{Cap: time.Second, Past: 0.5})
	assert.ErrorContains(t, err, "= 1m0s, which exceeds Limits.Cap with Limits.Past, 1.5s: A cap")
	err = backofftest.Check(t, minute, backofftest.Limits{Floor: time.Hour})
	assert.ErrorContains(t, err, "= 1m0s, which is below Limits.Floor, 1h0m0s: After the first poll")
}

func TestWhatCannotBeCheckedIsToldOnce(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, backofftest.Check(t, func() backoff.Strategy { return nil }, backofftest.Limits{}), "the factory returned no Strategy")
	for want, limits := range map[string]backofftest.Limits{
		"Limits.Floor, 1m0s, exceeds Limits.Cap, 1s":                                       {Cap: time.Second, Floor: time.Minute},
		"Limits.Past is -1, want zero or more":                                             {Past: -1},
		"Limits.Past is NaN, want zero or more":                                            {Past: math.NaN()},
		"Limits.Cap is -1s, want zero or more":                                             {Cap: -time.Second},
		"Limits.Floor is -1s, want zero or more":                                           {Floor: -time.Second},
		"Limits.Past is -1, want zero or more\nLimits.Floor, 1m0s, exceeds Limits.Cap, 1s": {Cap: time.Second, Floor: time.Minute, Past: -1},
	} {
		assert.EqualError(t, backofftest.Check(t, always(doubling), limits), want)
	}
}

func ExampleRun() {
	var t *testing.T // the one of your TestPatientKeepsTheContract
	patient := func() backoff.Strategy {
		return backoff.Func(func(p backoff.Poll) time.Duration { return max(p.RetryAfter, 10*time.Second) })
	}
	backofftest.Run(t, patient, backofftest.Limits{Cap: 10 * time.Second, Floor: 10 * time.Second})
}
