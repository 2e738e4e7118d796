package adaptive

import (
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// known is all that a Learner has learned, and how many watches it follows and takes to run.
func known(t require.TestingT, a *Learner) string {
	data, err := a.MarshalBinary()
	require.NoError(t, err)
	all := fmt.Sprintf("%x", data)
	for _, n := range a.kinds.byUse() {
		all += fmt.Sprintf(" %s: %d followed, %d others, %d running, frontier %v, alive %v", n.name, n.record.roster.followed, n.record.crowd.others,
			n.record.crowd.running.Load(), load(&n.record.crowd.frontier), load(&n.record.crowd.alive))
	}
	return all
}

func TestFollowOfWhatCannotBeTeachesNothing(t *testing.T) {
	t.Parallel()
	for _, jobs := range []int{0, 20} {
		a := taught(jobs, uniform)
		for i := range 10 {
			a.Follow(fmt.Sprint("runs", i), "", 0)
			a.Follow(fmt.Sprint("runs", i), "", 3*time.Second)
		}
		a.Follow("left", "", 0)
		a.Observe(backoff.Outcome{Key: "left", After: 4 * time.Second, Before: 5 * time.Second, Ended: true})
		want := known(t, a)
		for name, follow := range map[string]func(){
			"of a key that never began": func() { a.Follow("unknown", "", 5*time.Second) },
			"of a kind that is unknown": func() { a.Follow("unknown", "unknown", 5*time.Second) },
			"of a watch that was left":  func() { a.Follow("left", "", 6*time.Second) },
			"that a watch begins again": func() { a.Follow("runs1", "", 0) },
			"of an age that goes back":  func() { a.Follow("runs1", "", 2*time.Second) },
			"of an age below zero":      func() { a.Follow("runs1", "", -time.Second) },
			"of the least age":          func() { a.Follow("runs1", "", math.MinInt64) },
			"while the clock stands":    func() { a.Follow("runs1", "", 3*time.Second) },
		} {
			for range 3 {
				follow()
			}
			assert.Equal(t, want, known(t, a), "after %d jobs, Follow %s", jobs, name)
		}
	}
}

// However watches begin, are seen and are left, no place stays taken once all are left.
func TestFollowLeaksNoPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := New()
		begun := map[string]bool{}
		age := rapid.OneOf(rapid.Int64Range(1, int64(time.Minute)), rapid.Int64Range(1, math.MaxInt64))
		leave := func(key string) {
			delete(begun, key)
			a.Observe(backoff.Outcome{Key: key, After: time.Duration(age.Draw(t, "after")),
				Before: time.Duration(age.Draw(t, "before")), Ended: rapid.Bool().Draw(t, "ended")})
		}
		for range rapid.IntRange(1, 150).Draw(t, "events") {
			key := fmt.Sprint(rapid.IntRange(0, maxFollowed+8).Draw(t, "key"))
			switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
			case what == 0 && begun[key]:
				leave(key)
			case what <= 2 && !begun[key]:
				begun[key] = true
				a.Follow(key, "", 0)
			default:
				a.Follow(key, "", time.Duration(age.Draw(t, "age")))
			}
		}
		for key := range begun {
			leave(key)
		}
		k := a.kinds.get("")
		if k == nil {
			return
		}
		if k.record.roster.followed != 0 || k.record.crowd.others != 0 || k.record.crowd.running.Load() != 0 {
			t.Fatalf("%d followed, %d others, %d running", k.record.roster.followed, k.record.crowd.others, k.record.crowd.running.Load())
		}
		k.record.roster.each(func(int, *atomic.Uint32) { t.Fatal("a place is taken") })
	})
}

// A bulk whose jobs begin in the order of their durations shows its shortest jobs only, unless
// others are followed when those have ended.
func TestFollowTurnsToOthersWhenAllThatWereFollowedHaveEnded(t *testing.T) {
	t.Parallel()
	const jobs = 1000
	a := New()
	key := func(i int) string { return fmt.Sprint("sorted", i) }
	for i := range jobs {
		a.Follow(key(i), "", 0)
	}
	for i := range maxFollowed {
		age := time.Duration(5000+10*i) * time.Millisecond
		a.Observe(backoff.Outcome{Key: key(i), After: age - 10*time.Millisecond, Before: age, Ended: true})
	}
	for i := maxFollowed; i < jobs; i++ {
		a.Follow(key(i), "", 6*time.Second)
		a.Follow("never began", "", 6*time.Second)
	}
	k := a.kinds.get("")
	assert.Equal(t, maxFollowed, k.record.roster.followed)
	f, ok := a.Forecast("")
	require.True(t, ok)
	assert.Greater(t, f.Quantile(0.9), 6*time.Second, "many last longer than those that were followed first")
	for i := maxFollowed; i < jobs; i++ {
		a.Observe(backoff.Outcome{Key: key(i), After: 9 * time.Second, Before: 10 * time.Second, Ended: true})
	}
	assert.Zero(t, k.record.roster.followed)
	assert.Zero(t, k.record.crowd.others)
	assert.Zero(t, k.record.crowd.running.Load())
}

// A job that is stuck, or a clock that jumps, must not keep the watches that begin later from being
// polled.
func TestAJobThatIsStuckHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]Option{"About": About(5), "Worth": Worth(time.Second)} {
		for _, stuck := range []time.Duration{72 * time.Hour, math.MaxInt64} {
			a := New(opt)
			a.Follow("stuck", "", 0)
			a.Follow("stuck", "", stuck)
			for i := range 200 {
				a.Follow(fmt.Sprint(i), "", 0)
			}
			for i := range 200 {
				p := backoff.Poll{Key: fmt.Sprint(i)}
				for p.Waited = a.Next(p); ; {
					wait := a.Next(p)
					if wait <= p.Waited {
						break
					}
					p.Waited = wait
				}
				assert.LessOrEqual(t, p.Waited, 5*time.Minute, "%s, stuck for %v, watch %d", name, stuck, i)
			}
		}
	}
}

// The first of many jobs that ends says next to nothing of the others: they may take as long, or
// longer. It must not make the polls of all of them rare.
func TestTheFirstEndOfABulkDoesNotPutTheOthersOff(t *testing.T) {
	t.Parallel()
	a := New()
	for i := range maxFollowed {
		a.Follow(fmt.Sprint(i), "", 0)
		a.Follow(fmt.Sprint(i), "", time.Duration(1000+70*i)*time.Millisecond)
	}
	a.Observe(backoff.Outcome{Key: "0", After: time.Second, Before: 5600 * time.Millisecond, Ended: true})
	f, ok := a.Forecast("")
	require.True(t, ok)
	assert.Less(t, f.Quantile(0.5), time.Minute)
	assert.Less(t, a.Next(backoff.Poll{Key: "1", Elapsed: 5 * time.Second, Attempt: 1}), 5*time.Second)
}
