package fleet

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// teach tells a Learner of n jobs of a kind, each of which took about d.
func teach(l *adaptive.Learner, kind string, n int, d time.Duration) {
	for i := range n {
		took := d + time.Duration(i)*time.Millisecond
		l.Observe(backoff.Outcome{Key: fmt.Sprint(kind, i), Kind: kind, After: took, Before: took, Ended: true})
	}
}

// learns returns how many jobs of a kind a Learner knows.
func learns(l *adaptive.Learner, kind string) int {
	f, _ := l.Forecast(kind)
	return f.Jobs
}

// pupil starts a worker whose Watcher learns.
func (s *stage) pupil(name string, l *adaptive.Learner, opts ...Option) *actor {
	link := s.memory.link()
	f := s.fleet(link)
	f.engine = slow{link}
	for _, opt := range append(opts, Learned(l)) {
		opt(&f.config)
	}
	f.log = f.logger
	return &actor{fleet: f, link: link, stop: run(s.t, f, s.service.watcher(s.t, name, jobstatus.WithBackoff(l)))}
}

// slow is an engine that takes a while to tell what was learned.
type slow struct{ engine }

func (s slow) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	if f.store == learned {
		sleep(ctx, 3*time.Second)
	}
	return s.engine.follow(ctx, f, each, caughtUp)
}

func (m *memory) states() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]message(nil), m.stored[learned]...)
}

func TestAWorkerThatStartsKnowsWhatTheOthersLearned(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		first, second := adaptive.New(), adaptive.New()
		teach(first, "one", 20, time.Minute)
		teach(second, "two", 10, time.Hour)
		a, b := s.pupil("a", first), s.pupil("b", second)
		time.Sleep(2 * time.Minute)
		a.link.cut(true) // it dies
		require.NoError(t, b.stop())
		third := adaptive.New()
		teach(third, "three", 5, time.Second)
		s.pupil("c", third)
		time.Sleep(10 * time.Second)
		assert.Equal(t, 20, learns(third, "one"))
		assert.Equal(t, 10, learns(third, "two"))
		assert.Equal(t, 5, learns(third, "three"), "what it knows it keeps")
		assert.Less(t, learns(first, "two"), 10, "nothing is merged into one that watches")
	})
}

func TestAWorkerKnowsWhatTheOthersLearnedBeforeItsFirstWatch(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		taught := adaptive.New()
		teach(taught, "k", 20, time.Minute)
		a := s.pupil("a", taught)
		time.Sleep(10 * time.Second)
		require.NoError(t, a.stop())
		require.Len(t, s.memory.states(), 1, "it saves when it leaves")
		s.submit(1)
		s.pupil("b", adaptive.New())
		time.Sleep(30 * time.Second)
		assert.LessOrEqual(t, len(s.service.of("job-0000")), 1, "a job of a minute is not asked about at once")
	})
}

func TestAStateThatCannotBeReadIsNeverUsed(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.WarnLevel)
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		good := adaptive.New()
		teach(good, "one", 20, time.Minute)
		data, err := good.MarshalBinary()
		require.NoError(t, err)
		newer := append([]byte(nil), data...)
		newer[4]++
		damaged := append([]byte(nil), data...)
		damaged[len(damaged)/2] ^= 1
		l := s.memory.link()
		for i, d := range [][]byte{data, nil, []byte("x"), newer, damaged, data[:len(data)-1], bytes.Repeat([]byte("x"), 1<<16)} {
			_, err := l.publish(t.Context(), outgoing{store: learned, subject: "w." + strconv.Itoa(i), data: d})
			require.NoError(t, err)
		}
		own := adaptive.New()
		s.pupil("a", own, Logger(zap.New(core)))
		time.Sleep(10 * time.Second)
		assert.Equal(t, 20, learns(own, "one"))
		lines := logs.FilterMessageSnippet("cannot be read").All()
		assert.Len(t, lines, 6)
		for _, line := range lines {
			assert.Contains(t, line.ContextMap()["subject"], "w.")
		}
		assert.Len(t, s.memory.states(), 7, "a newer worker may read them")
	})
}

func TestAWorkerSavesSeldomAndReplacesNothing(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		l := adaptive.New()
		a := s.pupil("a", l)
		subjects := map[string]uint64{}
		const minutes = 20
		for i := range minutes * 60 {
			teach(l, "one", 1, time.Duration(i)*time.Second)
			time.Sleep(time.Second)
			states := s.memory.states()
			require.LessOrEqual(t, len(states), 1)
			for _, m := range states {
				if seq, ok := subjects[m.subject]; ok {
					require.Equal(t, seq, m.seq, "a subject is used once")
				}
				subjects[m.subject] = m.seq
			}
		}
		assert.LessOrEqual(t, len(subjects), 2*minutes)
		assert.GreaterOrEqual(t, len(subjects), minutes-1)
		n := len(subjects)
		time.Sleep(10 * time.Minute)
		for _, m := range s.memory.states() {
			subjects[m.subject] = m.seq
		}
		assert.LessOrEqual(t, len(subjects), n+1, "what has not changed is not saved again")
		require.NoError(t, a.stop())
	})
}

func TestWhatIsTooLargeIsNotSavedAndSaidOnce(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.WarnLevel)
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		l := adaptive.New()
		for i := range 10 {
			teach(l, strings.Repeat("x", 60_000)+strconv.Itoa(i), 1, time.Minute)
		}
		a := s.pupil("a", l, Logger(zap.New(core)))
		time.Sleep(5 * time.Minute)
		require.NoError(t, a.stop())
		assert.Empty(t, s.memory.states())
		assert.Equal(t, 1, logs.FilterMessageSnippet("too large").Len())
	})
}

func TestStatesOfWorkersThatCrashDoNotPileUp(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		data, err := adaptive.New().MarshalBinary()
		require.NoError(t, err)
		l := s.memory.link()
		for i := range 40 {
			_, err := l.publish(t.Context(), outgoing{store: learned, subject: "w." + strconv.Itoa(i), data: data})
			require.NoError(t, err)
		}
		s.pupil("a", adaptive.New())
		time.Sleep(10 * time.Second)
		states := s.memory.states()
		require.Len(t, states, learnedKept)
		assert.Equal(t, "w.39", states[len(states)-1].subject, "the newest stay")
	})
}

// A newer worker reads newer states, and damaged ones push nothing out.
func TestStatesThatCannotBeReadAreNotCounted(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		taught := adaptive.New()
		teach(taught, "k", 20, time.Minute)
		data, err := taught.MarshalBinary()
		require.NoError(t, err)
		newer := bytes.Clone(data)
		newer[4]++
		s.write(learned, "newer.0", string(newer))
		s.write(learned, "w.0", string(data))
		for i := range 2 * learnedKept {
			s.write(learned, "x."+strconv.Itoa(i), "x")
		}
		own := adaptive.New()
		s.pupil("a", own)
		time.Sleep(10 * time.Second)
		assert.Len(t, s.memory.states(), 2+2*learnedKept)
		assert.Equal(t, 20, learns(own, "k"))
	})
}

func TestAWorkerStartsWithoutWhatTheOthersLearnedIfTheServerIsAway(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(5)
		a := s.pupil("a", adaptive.New())
		a.link.cut(true)
		time.Sleep(20 * time.Second)
		a.link.cut(false)
		collect(t, s.fleet(s.memory.link()), 5)
	})
}

func TestWhatIsLearnedIsKeptByTheServer(t *testing.T) {
	t.Parallel()
	js := start(t)
	l := adaptive.New()
	teach(l, "one", 20, time.Minute)
	s := newService(0)
	for range 3 {
		f := open(t, js, Learned(l))
		stop := run(t, f, s.watcher(t, "a", jobstatus.WithBackoff(l)))
		submit(t, f, jobIDs(3)...)
		collect(t, f, 3)
		require.NoError(t, stop())
		fresh := adaptive.New()
		next := open(t, js, Learned(fresh))
		sleeper := run(t, next, s.watcher(t, "b", jobstatus.WithBackoff(fresh)))
		require.Eventually(t, func() bool { return learns(fresh, "one") >= 20 }, guard, 10*time.Millisecond)
		require.NoError(t, sleeper())
	}
	st := &study{core: open(t, js, Learned(l)).core, worker: "w", log: zap.NewNop()}
	st.save(t.Context())
	teach(l, "one", 1, time.Hour)
	st.save(t.Context())
	stored, ok := st.stored(t.Context())
	require.True(t, ok)
	require.NotEmpty(t, stored)
	assert.Equal(t, "w.2", stored[len(stored)-1].subject)
	for _, m := range stored {
		assert.NotEqual(t, "w.1", m.subject, "the state before is gone")
	}
}
