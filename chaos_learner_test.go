package jobstatus_test

import (
	"sync"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// chaosLearner is a Backoff that checks what it is told.
type chaosLearner struct {
	assert.TestingT
	*dice
	follows bool

	mu       sync.Mutex
	observed int
	open     map[string]int // watches that have begun and not ended, by job, if it follows
}

// Next returns up to three seconds. The wait depends only on the job and the attempt. Some early
// calls take a while, so that watches end meanwhile, and others begin.
func (l *chaosLearner) Next(p backoff.Poll) time.Duration {
	if !(p.Progress >= 0 && p.Progress <= 1) {
		l.Errorf("an impossible progress: %v", p.Progress)
	}
	if p.Attempt < 10 && l.oneIn(10) {
		time.Sleep(l.within(3 * time.Second))
	}
	return time.Duration((number(p.Key)*31+p.Attempt*977)%3000) * time.Millisecond
}

func (l *chaosLearner) Observe(o backoff.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.observed++
	l.open[o.Key]--
	if l.follows && l.open[o.Key] < 0 {
		l.Errorf("an outcome too many: %+v", o)
	}
	if o.After < 0 || o.Ended && o.Before < o.After {
		l.Errorf("an impossible outcome: %+v", o)
	}
}

// check checks that each watch that ended had one outcome. A Follower also hears of the beginning
// and the end of watches that are refused, for example by WithMaxWatches.
func (l *chaosLearner) check(ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.follows {
		assert.Equal(l, ended, l.observed, "the Observer and the Learner differ")
		return
	}
	assert.GreaterOrEqual(l, l.observed, ended, "the Observer and the Follower differ")
	for key, n := range l.open {
		assert.Zero(l, n, "watches of %s that began and have no outcome", key)
	}
}

// chaosFollower is a learner that also hears of watches that run.
type chaosFollower struct{ *chaosLearner }

func (f chaosFollower) Follow(key, _ string, age time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age == 0 {
		f.open[key]++
	}
	if age < 0 || f.open[key] <= 0 {
		f.Errorf("follows %s at the age of %v, with %d watches that have not ended", key, age, f.open[key])
	}
}

// chaosRanker is a learner that ranks at random.
type chaosRanker struct{ *chaosLearner }

func (r chaosRanker) Rank(backoff.Poll, time.Duration) float64 { return float64(r.below(100)) }
