package jobstatus_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is one way of moving virtual time: each test of waiting passes in both.
type world struct {
	*testing.T
	clock clock.Clock
	run   func(func()) // calls a function that waits, and moves time until it returns
}

func inVirtualTime(t *testing.T, test func(w world)) {
	t.Parallel()
	t.Run("synctest", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(world{t, clock.New(), func(f func()) { f() }}) })
	})
	t.Run("mock clock", func(t *testing.T) {
		t.Parallel()
		clk := mock.NewClock(t)
		test(world{t, clk, clk.Run})
	})
}

// virtually runs a test in a synctest bubble alone.
func virtually(t *testing.T, test func(w world)) {
	synctest.Test(t, func(t *testing.T) { test(world{t, clock.New(), func(f func()) { f() }}) })
}

// watcher returns a Watcher on the world's clock that is closed with the test.
func (w world) watcher(t jobstatus.Transport, opts ...jobstatus.Option) *jobstatus.Watcher {
	w.Helper()
	watcher, err := jobstatus.New(t, append([]jobstatus.Option{jobstatus.WithClock(w.clock)}, opts...)...)
	require.NoError(w, err)
	w.Cleanup(func() { _ = watcher.Close() })
	return watcher
}

// A service is a Transport that answers the nth poll of a job with what answer returns for it, and
// notes when it was asked.
type service struct {
	clock  clock.Clock
	answer func(ctx context.Context, id string, n int) (jobstatus.Status, error)

	mu    sync.Mutex
	began time.Time
	asked map[string][]time.Duration // by id, since the first poll of all
}

func (w world) service(answer func(ctx context.Context, id string, n int) (jobstatus.Status, error)) *service {
	return &service{clock: w.clock, answer: answer, began: w.clock.Now(), asked: map[string][]time.Duration{}}
}

func (s *service) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	s.mu.Lock()
	s.asked[id] = append(s.asked[id], s.clock.Since(s.began))
	n := len(s.asked[id])
	s.mu.Unlock()
	return s.answer(ctx, id, n)
}

// reset forgets what was asked, and when it began.
func (s *service) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.began = map[string][]time.Duration{}, s.clock.Now()
}

func (s *service) polls(id string) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Duration(nil), s.asked[id]...)
}

// after answers pending to n-1 polls, and then with the state.
func after(n int, state jobstatus.State) func(context.Context, string, int) (jobstatus.Status, error) {
	return func(_ context.Context, _ string, poll int) (jobstatus.Status, error) {
		if poll < n {
			return jobstatus.Status{State: jobstatus.Pending, Raw: "pending"}, nil
		}
		return jobstatus.Status{State: state, Raw: state.String()}, nil
	}
}

// never answers pending for good.
func never(context.Context, string, int) (jobstatus.Status, error) {
	return jobstatus.Status{State: jobstatus.Pending}, nil
}
