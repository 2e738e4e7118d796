package hearing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASourceThatWasLostIsReliedOnAgainAfterAMinute(t *testing.T) {
	t.Parallel()
	var s hearing.Source
	assert.False(t, s.IsWell(0), "it has not begun to listen")
	assert.False(t, s.Listens(time.Second), "there is no gap before the first time")
	assert.True(t, s.IsWell(time.Second), "the first time at once")
	restart, news := s.Lost(2 * time.Second)
	assert.Equal(t, time.Second, restart)
	assert.True(t, news)
	assert.False(t, s.IsWell(2*time.Second))
	assert.True(t, s.Listens(3*time.Second), "what happened in between was not heard")
	assert.False(t, s.Listens(60*time.Second))
	assert.False(t, s.IsWell(62*time.Second))
	assert.True(t, s.IsWell(63*time.Second))
	restart, news = s.Lost(64 * time.Second)
	assert.Equal(t, time.Second, restart, "it had been well")
	assert.True(t, news)
}

func TestASourceThatIsLostAgainAndAgainIsStartedEverLess(t *testing.T) {
	t.Parallel()
	var s hearing.Source
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		restart, news := s.Lost(0)
		assert.Equal(t, want*time.Second, restart)
		assert.Equal(t, i == 0, news, "one line, however often it is lost")
		s.Listens(0)
		assert.False(t, s.IsWell(0))
	}
}

func notice(id string, state transport.State) hearing.Notice {
	return hearing.Notice{Status: transport.Status{ID: id, State: state}, Final: true}
}

func TestANoticeIsRememberedForAMinute(t *testing.T) {
	t.Parallel()
	var m hearing.Memory
	m.Keep(0, notice("a", transport.Running))
	m.Keep(time.Second, notice("a", transport.Completed))
	m.Keep(2*time.Second, notice("a", transport.Running))
	n, ok := m.Take(60*time.Second, "a")
	require.True(t, ok)
	assert.Equal(t, transport.Completed, n.Status.State, "a job that has ended does not go on")
	_, ok = m.Take(60*time.Second, "a")
	assert.False(t, ok, "once only")
	m.Keep(time.Hour, notice("b", transport.Completed))
	_, ok = m.Take(time.Hour+time.Minute, "b")
	assert.False(t, ok)
}

// fault 61: what is remembered is bounded, however much is said of jobs that nobody waits for.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	var m hearing.Memory
	large := notice("0", transport.Completed)
	large.Status.Result = make([]byte, 1<<20)
	m.Keep(0, large)
	n, _ := m.Take(0, "0")
	assert.Nil(t, n.Status.Result)
	assert.False(t, n.Final, "a poll brings the result")
	long := strings.Repeat("x", 1<<20)
	for _, st := range []transport.Status{{ID: "0", Raw: long}, {ID: "0", Message: long}, {ID: "0", Revision: long}} {
		m.Keep(0, hearing.Notice{Status: st, Final: true})
		n, _ = m.Take(0, "0")
		assert.Equal(t, hearing.Notice{Status: transport.Status{ID: "0"}}, n)
	}
	for i := range 10_000 {
		m.Keep(0, notice(fmt.Sprint(i), transport.Running))
	}
	left := 0
	for i := range 10_000 {
		if _, ok := m.Take(0, fmt.Sprint(i)); ok {
			left++
		}
	}
	assert.Equal(t, 4096, left)
}

// fault 29: however often the same is said at one instant, the newest notice is kept.
func TestANoticeThatComesAgainAndAgainIsKept(t *testing.T) {
	t.Parallel()
	var m hearing.Memory
	for range 2*4096 + 1 {
		m.Keep(0, notice("a", transport.Completed))
	}
	_, ok := m.Take(0, "a")
	assert.True(t, ok)
}

func TestMemoryDoesWhatAMapDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var m hearing.Memory
		type said struct {
			state transport.State
			at    time.Duration
		}
		model := map[string]said{}
		now := time.Duration(0)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second
			for id, s := range model {
				if now-s.at >= time.Minute {
					delete(model, id)
				}
			}
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			if rapid.Bool().Draw(t, "kept") {
				state := rapid.SampledFrom([]transport.State{transport.Running, transport.Completed}).Draw(t, "state")
				if old, ok := model[id]; !ok || !old.state.Terminal() || state.Terminal() {
					model[id] = said{state, now}
				}
				m.Keep(now, notice(id, state))
				continue
			}
			want, there := model[id]
			n, ok := m.Take(now, id)
			require.Equal(t, there, ok)
			require.Equal(t, want.state, n.Status.State)
			delete(model, id)
		}
	})
}

func TestASourceThatMissesEndsIsReliedOnNoLonger(t *testing.T) {
	t.Parallel()
	var s hearing.Source
	assert.False(t, s.Missed(0), "it has not begun to listen")
	s.Listens(0)
	for now := time.Minute; now < time.Hour; now += time.Minute {
		assert.False(t, s.Missed(now))
		assert.False(t, s.Missed(now))
		s.Said(now)
	}
	for range 10 {
		assert.False(t, s.Missed(time.Hour-31*time.Second), "it has just said something")
	}
	assert.True(t, s.IsWell(time.Hour))
	assert.True(t, s.Missed(time.Hour))
	assert.False(t, s.IsWell(2*time.Hour), "it has said nothing since")
	s.Listens(2 * time.Hour)
	assert.False(t, s.IsWell(2*time.Hour))
	assert.True(t, s.IsWell(2*time.Hour+time.Minute))
}
