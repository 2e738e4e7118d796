package fleet

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

const hookSecret = "a-secret-of-more-than-24-bytes"

// reader reads the body of a webhook that is a Status.
type reader struct{}

func (reader) ReadEvents(_ http.Header, body []byte) ([]transport.Status, error) {
	var st transport.Status
	err := json.Unmarshal(body, &st)
	return []transport.Status{st}, err
}

// replica is a process with a worker and a webhook.
type replica struct {
	*actor
	hook *webhook.Handler
}

// replicaOf starts a worker of f that hears of its jobs by webhooks.
func replicaOf(t *testing.T, f *Fleet, l *link, service transport.Transport, opts ...webhook.Option) *replica {
	t.Helper()
	hook := hookOf(t, f, opts...)
	w, err := jobstatus.New(service, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(jobstatus.Unlimited),
		jobstatus.WithNotifier(hook), jobstatus.WithQuietInterval(5*time.Minute))
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return &replica{&actor{fleet: f, link: l, stop: run(t, f, w)}, hook}
}

func hookOf(t *testing.T, f *Fleet, opts ...webhook.Option) *webhook.Handler {
	t.Helper()
	hook, err := webhook.New(reader{}, webhook.SharedHeader("X-Token", hookSecret), append(opts, webhook.WithRelay(f.Relay()))...)
	require.NoError(t, err)
	return hook
}

func (s *stage) replica(name string, opts ...webhook.Option) *replica {
	l := s.memory.link()
	return replicaOf(s.t, s.fleet(l), l, s.service.as(name), opts...)
}

// post sends a webhook, and returns the answer's code.
func post(t *testing.T, hook http.Handler, token string, st transport.Status) int {
	t.Helper()
	body, err := json.Marshal(st)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body))).WithContext(t.Context())
	r.Header.Set("X-Token", token)
	w := httptest.NewRecorder()
	hook.ServeHTTP(w, r)
	return w.Code
}

// jobOf returns a job that an owner watches.
func (s *stage) jobOf(owner string, names []string) string {
	for _, id := range names {
		if polls := s.service.of(id); len(polls) > 0 && polls[len(polls)-1].owner == owner {
			return id
		}
	}
	s.t.Fatal("none is watched by " + owner)
	return ""
}

func TestAWebhookThatReachesAnyReplicaWakesTheOwner(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a, b := s.replica("a"), s.replica("b")
		time.Sleep(20 * time.Second)
		names := s.submit(50)
		time.Sleep(10 * time.Minute)
		for at, owner := range map[*replica]string{a: "b", b: "a"} {
			id := s.jobOf(owner, names)
			n, told := len(s.service.of(id)), len(s.memory.told)
			began := time.Now()
			assert.Equal(t, http.StatusAccepted, post(t, at.hook, hookSecret, transport.Status{ID: id}))
			time.Sleep(time.Second)
			polls := s.service.of(id)
			require.Len(t, polls, n+1, "one poll, at once")
			assert.Equal(t, owner, polls[n].owner)
			assert.WithinDuration(t, began, polls[n].at, 200*time.Millisecond)
			assert.Len(t, s.memory.told, told+1, "one round trip")
		}
		id := s.jobOf("a", names)
		n := len(s.service.of(id))
		assert.Equal(t, http.StatusAccepted, post(t, a.hook, hookSecret, transport.Status{ID: id}))
		time.Sleep(time.Second)
		assert.Len(t, s.service.of(id), n+1, "its own event makes one poll, too")
	})
}

func TestAnEndThatAWebhookTellsIsStoredByTheOwner(t *testing.T) {
	t.Parallel()
	for _, trust := range []bool{false, true} {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			var opts []webhook.Option
			if trust {
				opts = append(opts, webhook.WithTrust())
			}
			a := s.replica("a", opts...)
			s.replica("b", opts...)
			time.Sleep(20 * time.Second)
			names := s.submit(50)
			time.Sleep(10 * time.Minute)
			id := s.jobOf("b", names)
			if !trust {
				s.service.finish(id)
			}
			began := time.Now()
			done := transport.Status{ID: id, State: transport.Completed, Result: []byte(`{"url":"x"}`)}
			assert.Equal(t, http.StatusAccepted, post(t, a.hook, hookSecret, done))
			st, err := a.fleet.Wait(t.Context(), id)
			require.NoError(t, err)
			assert.JSONEq(t, `{"url":"x"}`, string(st.Result))
			assert.Less(t, time.Since(began), 2*time.Second)
		})
	}
}

func TestOnlyWhatWasVerifiedIsRelayedAndNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.replica("a")
		s.replica("b")
		time.Sleep(20 * time.Second)
		names := s.submit(50)
		time.Sleep(10 * time.Minute)
		id := s.jobOf("b", names)
		assert.Equal(t, http.StatusUnauthorized, post(t, a.hook, "forged-forged-forged-forged", transport.Status{ID: id}))
		assert.Empty(t, s.memory.told)
		assert.Equal(t, http.StatusAccepted, post(t, a.hook, hookSecret, transport.Status{ID: id}))
		require.Len(t, s.memory.told, 1)
		assert.NotContains(t, s.memory.told[0], hookSecret)
		assert.NotContains(t, s.memory.told[0], "Token")
	})
}

func TestAWebhookThatNoOwnerHearsIsToBeSentAgain(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(10)
		alone := hookOf(t, s.fleet(s.memory.link()))
		assert.Equal(t, http.StatusServiceUnavailable, post(t, alone, hookSecret, transport.Status{ID: names[0]}), "no worker runs")
		deaf := s.member("deaf")
		time.Sleep(20 * time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, post(t, alone, hookSecret, transport.Status{ID: names[0]}), "it does not listen")
		require.NoError(t, deaf.stop())
		s.replica("a")
		time.Sleep(20 * time.Second)
		assert.Equal(t, http.StatusAccepted, post(t, alone, hookSecret, transport.Status{ID: names[0]}), "a process without a worker relays, too")
	})
}

// A job that was submitted before any worker began to hear is polled soon (fault 17).
func TestAJobThatNobodyHeardOfIsPolledSoon(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(10)
		time.Sleep(30 * time.Second)
		s.replica("a")
		time.Sleep(20 * time.Second)
		for _, id := range names {
			assert.NotEmpty(t, s.service.of(id), id)
		}
		submit(t, s.fleet(s.memory.link()), "heard")
		time.Sleep(20 * time.Second)
		assert.Empty(t, s.service.of("heard"), "the worker hears of it")
	})
}

func TestARelayThatIsLostCostsOnlyAPoll(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a, b := s.replica("a"), s.replica("b")
		time.Sleep(20 * time.Second)
		names := s.submit(50)
		time.Sleep(10 * time.Minute)
		id := s.jobOf("b", names)
		b.link.cut(true)
		cut := time.Now()
		s.service.finish(id)
		assert.Equal(t, http.StatusServiceUnavailable, post(t, a.hook, hookSecret, transport.Status{ID: id}))
		time.Sleep(3 * time.Second)
		b.link.cut(false)
		st, err := a.fleet.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, jobstatus.Completed, st.State)
		assert.Less(t, time.Since(cut), 20*time.Second, "long before the quiet interval is over")
	})
}

func TestAnEventThatIsTooLargeOrCannotBeReadMakesNoHarm(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.replica("a")
		s.replica("b")
		time.Sleep(20 * time.Second)
		names := s.submit(50)
		time.Sleep(10 * time.Minute)
		id := s.jobOf("b", names)
		n := len(s.service.of(id))
		a.fleet.maxPayload = 64 << 10
		big := json.RawMessage(`"` + strings.Repeat("x", 100<<10) + `"`)
		assert.Equal(t, http.StatusAccepted, post(t, a.hook, hookSecret, transport.Status{ID: id, State: transport.Completed, Result: big}))
		require.Less(t, len(s.memory.told[0]), 64<<10)
		time.Sleep(time.Second)
		assert.Len(t, s.service.of(id), n+1, "the owner polls instead")

		p := placeOf(id, 16).partition
		for _, data := range []string{"", "{", `{"v":99}`, `{"v":1,"status":{"id":""}}`, `{"v":1,"status":{"id":"` + id + `","state":"x"}}`} {
			heard, err := a.link.tell(t.Context(), p, []byte(data))
			require.NoError(t, err)
			assert.False(t, heard, data)
		}
		data := encode(relayed{Format: format, Status: jobstatus.Status{ID: id}})
		heard, err := a.link.tell(t.Context(), (p+1)%16, data)
		require.NoError(t, err)
		assert.False(t, heard, "of another partition")
	})
}

func TestARelayRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	f := newFleet(config{partitions: 4}, newMemory().link(), 1<<20)
	require.Error(t, f.Relay().Publish(t.Context(), transport.Status{}), "no id")
	require.ErrorIs(t, (*Fleet)(nil).Relay().Publish(t.Context(), transport.Status{ID: "a"}), errNotOpened)
	require.ErrorIs(t, (*Fleet)(nil).Relay().Notify(t.Context(), func(transport.Status) {}), errNotOpened)
	require.ErrorContains(t, f.Relay().Notify(t.Context(), nil), "nil")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.Relay().Publish(ctx, transport.Status{ID: "a"}), context.Canceled)
}

func TestEventsPassTheServer(t *testing.T) {
	t.Parallel()
	js := start(t)
	s := newService(time.Hour)
	const partitions = 32 // of 8, one worker in 128 would own none
	a := replicaOf(t, open(t, js, Partitions(partitions)), nil, s.as("a"))
	b := replicaOf(t, open(t, js, Partitions(partitions)), nil, s.as("b"))
	require.Eventually(t, func() bool {
		x, y := a.fleet.Stats().Owned, b.fleet.Stats().Owned
		return x > 0 && y > 0 && x+y == partitions
	}, guard, 10*time.Millisecond)
	submit(t, a.fleet, jobIDs(40)...)
	owners := map[string]bool{}
	for _, id := range jobIDs(40) {
		s.finish(id)
		require.Eventually(t, func() bool {
			return post(t, a.hook, hookSecret, transport.Status{ID: id}) == http.StatusAccepted
		}, guard, 10*time.Millisecond)
		st, err := a.fleet.Wait(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, jobstatus.Completed, st.State)
		polls := s.of(id)
		owners[polls[len(polls)-1].owner] = true
	}
	assert.Len(t, owners, 2, "both replicas were woken")
	nobody := hookOf(t, open(t, js, Name("other")))
	assert.Equal(t, http.StatusServiceUnavailable, post(t, nobody, hookSecret, transport.Status{ID: "job-0000"}))
}

// Notify returns when the connection is lost, because events may have been missed.
func TestNotifyOfARelayReturnsWhenTheServerIsLost(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		l := s.memory.link()
		f := s.fleet(l)
		var listening atomic.Bool
		lost := make(chan error)
		l.cut(true)
		go func() { lost <- f.Relay().Notify(t.Context(), func(transport.Status) { listening.Store(true) }) }()
		time.Sleep(time.Second)
		assert.False(t, listening.Load(), "it cannot hear yet")
		l.cut(false)
		time.Sleep(time.Second)
		assert.True(t, listening.Load())
		l.cut(true)
		assert.Error(t, <-lost)
	})
}

func FuzzRelayed(f *testing.F) {
	f.Add(encode(relayed{Format: format, From: "x", Status: jobstatus.Status{ID: "a", State: jobstatus.Running}}))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decodeRelayed(data, nil)
		if err != nil {
			return
		}
		require.NoError(t, transport.CheckID(e.Status.ID))
		again, err := decodeRelayed(encode(e), nil)
		require.NoError(t, err)
		require.Equal(t, e.From, again.From)
		require.Equal(t, e.Status.String(), again.Status.String())
		require.Equal(t, e.Status.Revision, again.Status.Revision)
	})
}

func TestARelayHearsTheOthersAndNotItself(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.member("a")
		time.Sleep(20 * time.Second)
		one, two := a.fleet.Relay(), a.fleet.Relay()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var heard [2]atomic.Int64
		for i, r := range []webhook.Relay{one, two} {
			go func() { _ = r.Notify(ctx, func(transport.Status) { heard[i].Add(1) }) }()
		}
		time.Sleep(time.Second)
		require.NoError(t, one.Publish(ctx, transport.Status{ID: "a"}))
		assert.EqualValues(t, 1, heard[0].Load(), "that it listens")
		assert.EqualValues(t, 2, heard[1].Load())
	})
}
