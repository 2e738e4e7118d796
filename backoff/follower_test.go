package backoff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// follower notes what it is told. It puts polls off until a minute has passed.
type follower struct {
	learner
	followed []string
}

func (f *follower) Next(p backoff.Poll) time.Duration {
	if p.Waited >= time.Minute {
		return time.Minute
	}
	return p.Waited + 30*time.Second
}

func (f *follower) Follow(key, kind string, age time.Duration) {
	f.followed = append(f.followed, fmt.Sprint(key, kind, age))
}

func (f *follower) Rank(backoff.Poll, time.Duration) float64 { return 7 }

// plainFollower is a follower that is no Ranker.
type plainFollower struct{ backoff.Follower }

func TestADecoratedFollowerFollows(t *testing.T) {
	t.Parallel()
	for name, decorate := range map[string]func(backoff.Strategy) backoff.Strategy{
		"Cap":              func(s backoff.Strategy) backoff.Strategy { return backoff.Cap(s, time.Hour) },
		"Floor":            func(s backoff.Strategy) backoff.Strategy { return backoff.Floor(s, time.Second) },
		"Jitter":           func(s backoff.Strategy) backoff.Strategy { return backoff.Jitter(s, 0.1) },
		"RetryAfterJitter": func(s backoff.Strategy) backoff.Strategy { return backoff.RetryAfterJitter(s) },
		"ByKind":           func(s backoff.Strategy) backoff.Strategy { return backoff.ByKind(nil, s) },
		"ByState":          func(s backoff.Strategy) backoff.Strategy { return backoff.ByState(nil, s) },
		"ByAge":            func(s backoff.Strategy) backoff.Strategy { return backoff.ByAge(nil, s) },
		"two":              func(s backoff.Strategy) backoff.Strategy { return backoff.Cap(backoff.ByKind(nil, s), time.Hour) },
	} {
		f := &follower{}
		s := decorate(f)
		require.Implements(t, (*backoff.Follower)(nil), s, name)
		require.Implements(t, (*backoff.Ranker)(nil), s, name)
		s.(backoff.Follower).Follow("key", "kind", time.Second)
		s.(backoff.Follower).Observe(backoff.Outcome{Key: "key"})
		assert.Equal(t, []string{"keykind1s"}, f.followed, name)
		assert.Len(t, f.seen, 1, name)
		plain := decorate(plainFollower{f})
		assert.Implements(t, (*backoff.Follower)(nil), plain, name)
		assert.NotImplements(t, (*backoff.Ranker)(nil), plain, name)
		assert.NotImplements(t, (*backoff.Follower)(nil), decorate(&learner{}), name)

		// A decorator passes on how long the watch has waited, and the poll comes in the end.
		p := backoff.Poll{Key: "key", Attempt: 1}
		for wait := time.Duration(0); ; p.Waited = wait {
			if wait = s.Next(p); wait <= p.Waited {
				break
			}
		}
		assert.GreaterOrEqual(t, p.Waited, 54*time.Second, name)
		assert.Less(t, p.Waited, 3*time.Minute, name)
	}
}

func TestByKindTellsTheFollowerOfTheKind(t *testing.T) {
	t.Parallel()
	a, rest := &follower{}, &follower{}
	s := backoff.ByKind(named{"a": a, "b": backoff.Constant(1)}, rest).(backoff.Follower)
	for _, kind := range []string{"a", "b", "c"} {
		s.Follow("key", kind, 0)
	}
	assert.Equal(t, []string{"keya0s"}, a.followed)
	assert.Equal(t, []string{"keyc0s"}, rest.followed)
}
