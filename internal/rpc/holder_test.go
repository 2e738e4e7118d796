package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/internal/rpc/rpctest"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

var after = rpctest.After

// streamer is a service that tells of its jobs on streams.
type streamer struct {
	events     []rpctest.Event
	refuse     int    // the status code of a refusal, or 0
	state      string // what a poll returns
	polls      int
	subscribes int
	open       int
}

func (s *streamer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.subscribes++
	if s.refuse == 0 {
		s.open++
		return rpctest.Stream(r, s.events, func() { s.open-- }), nil
	}
	return rpctest.Server(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(s.refuse)
		_, _ = io.WriteString(w, `{"error":{}}`)
	}).RoundTrip(r)
}

// holder returns the Holder of the service. An event names a job and its state.
func (s *streamer) holder(t *testing.T) *rpc.Holder {
	t.Helper()
	d := rpc.NewDialect(rpc.Faults(nil))
	d.Fetch = rest.Call{Method: http.MethodGet, Path: "/{id}"}
	clients, err := rpc.Service{Base: "http://h", Options: []rest.Option{rest.WithRetries(rest.NoRetries)}}.Clients(rpc.Route{Dialect: d, Over: s})
	require.NoError(t, err)
	return &rpc.Holder{
		Name: "x", Streams: clients[0],
		Read: func(text []byte) (st transport.Status, err error) {
			if strings.Contains(string(text), "error") {
				return st, rpc.ErrRefused
			}
			if err := json.Unmarshal(text, &st); err != nil {
				return st, rpc.Errorf(transport.Malformed, "%w", err)
			}
			return st, nil
		},
		Poll: func(_ context.Context, id string) (st transport.Status, err error) {
			s.polls++
			st.ID = id
			return st, st.State.UnmarshalText([]byte(s.state))
		},
	}
}

func TestHoldEndsWithNews(t *testing.T) {
	t.Parallel()
	const same, done, other = `{"id":"7","state":"running"}`, `{"id":"7","state":"completed"}`, `{"id":"8","state":"completed"}`
	running, long := transport.Status{ID: "7", State: transport.Running}, strings.Repeat("word ", 1000)
	for name, c := range map[string]struct {
		streamer
		last  transport.Status
		takes time.Duration
		polls int
		err   error
	}{
		"news":                   {streamer{events: []rpctest.Event{after(0, same), after(time.Second, done), after(time.Hour, same)}, state: "completed"}, running, time.Second, 1, nil},
		"no news":                {streamer{events: []rpctest.Event{after(0, same), after(time.Second, other), after(time.Hour, done)}, state: "running"}, running, time.Minute, 1, nil},
		"end that no event says": {streamer{events: []rpctest.Event{after(0, same), after(time.Minute-1, same), after(time.Hour, same)}, state: "completed"}, running, time.Minute, 1, nil},
		"silence":                {streamer{events: []rpctest.Event{after(time.Hour, done)}, state: "running"}, running, time.Minute, 1, nil},
		"end of the stream":      {streamer{events: []rpctest.Event{after(time.Second, same)}, state: "failed"}, running, time.Second, 1, nil},
		"event that is bad":      {streamer{events: []rpctest.Event{after(0, same), after(time.Second, "x")}, state: "running"}, running, time.Second, 1, nil},
		"refusal after same":     {streamer{events: []rpctest.Event{after(0, same), after(time.Second, `{"error":{}}`)}, state: "running"}, running, time.Second, 1, nil},
		"other spelling":         {streamer{events: []rpctest.Event{after(0, `{"id":"7","state":"running","raw":"RUNNING"}`), after(time.Hour, same)}, state: "running"}, running, time.Minute, 1, nil},
		"new word":               {streamer{events: []rpctest.Event{after(0, `{"id":"7","state":"unknown","raw":"idle"}`), after(time.Hour, same)}, state: "unknown"}, transport.Status{ID: "7", Raw: "busy"}, 0, 1, nil},
		"long message, of which a Watcher keeps the beginning": {streamer{events: []rpctest.Event{after(0, `{"id":"7","state":"running","message":"`+long+`"}`), after(time.Hour, same)}, state: "running"},
			transport.Status{ID: "7", State: transport.Running, Message: long[:2<<10] + "…"}, time.Minute, 1, nil},
		"new message":          {streamer{events: []rpctest.Event{after(0, `{"id":"7","state":"running","message":"m"}`), after(time.Hour, same)}, state: "running"}, running, 0, 1, nil},
		"only a bad event":     {streamer{events: []rpctest.Event{after(time.Second, "x")}}, running, time.Second, 0, transport.ErrMalformed},
		"nothing known before": {streamer{state: "running"}, transport.Status{}, 0, 1, nil},
		"end known before":     {streamer{state: "completed"}, transport.Status{ID: "7", State: transport.Completed}, 0, 1, nil},
		"refusal":              {streamer{refuse: 400, state: "running"}, running, 0, 1, errors.ErrUnsupported},
		"refusal by an event":  {streamer{events: []rpctest.Event{after(0, `{"error":{}}`)}, state: "running"}, running, 0, 1, errors.ErrUnsupported},
		"refusal in place":     {streamer{refuse: 200, state: "running"}, running, 0, 1, errors.ErrUnsupported},
		"refusal after an end": {streamer{refuse: 400, state: "failed"}, running, 0, 1, nil},
		"fault that passes":    {streamer{refuse: 502}, running, 0, 0, nil},
		"job that is unknown":  {streamer{refuse: 404}, running, 0, 0, transport.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := c.streamer
				h := s.holder(t)
				begun := time.Now()
				st, err := h.Hold(t.Context(), "7", c.last, time.Minute)
				assert.Equal(t, c.takes, time.Since(begun))
				assert.Equal(t, c.polls, s.polls)
				assert.Zero(t, s.open, "a stream is left open")
				switch {
				case c.err != nil:
					require.ErrorIs(t, err, c.err)
				case s.state == "":
					require.Error(t, err)
				default:
					require.NoError(t, err)
					assert.Equal(t, s.state, st.State.String())
				}
				synctest.Wait()

				before := s.subscribes
				assert.Equal(t, c.last.ID != "" && !c.last.State.Terminal(), before == 1, "subscribes %d times", before)
				_, err = h.Hold(t.Context(), "7", running, time.Second)
				if errors.Is(c.err, errors.ErrUnsupported) {
					require.ErrorIs(t, err, errors.ErrUnsupported)
					assert.Equal(t, before, s.subscribes, "a service without streams is asked again")
				} else {
					assert.Equal(t, before+1, s.subscribes)
				}
				synctest.Wait()
			})
		})
	}
}

// A Watcher takes the error of a hold for a sign that requests cannot be held. So it does not hear
// of a fault of the poll after a stream that worked.
func TestAFaultOfTheLastPollIsNotThatOfTheHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault error
		told  bool
	}{
		"transient": {rpc.Errorf(transport.Transient, "503"), false},
		"throttled": {rpc.Errorf(transport.Throttled, "429"), false},
		"of a Poll": {errors.New("broken"), false},
		"not found": {rpc.Errorf(transport.NotFound, "404"), true},
		"permanent": {rpc.Errorf(transport.Permanent, "403"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &streamer{events: []rpctest.Event{after(0, `{"id":"7","state":"running"}`), after(time.Hour, "{}")}}
				h := s.holder(t)
				h.Poll = func(context.Context, string) (transport.Status, error) { return transport.Status{}, c.fault }
				running := transport.Status{ID: "7", State: transport.Running}
				st, err := h.Hold(t.Context(), "7", running, time.Minute)
				if c.told {
					require.ErrorIs(t, err, c.fault)
				} else {
					require.NoError(t, err)
					assert.Equal(t, running, st)
				}
				synctest.Wait()
			})
		})
	}
}

// A refusal is about one job, until several in a row mean that the service has no streams. It is
// never final.
func TestARefusalIsTriedAgainEverLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &streamer{state: "running", events: []rpctest.Event{after(time.Hour, "{}")}}
		h := s.holder(t)
		hold := func(id string) (subscribed bool) {
			before := s.subscribes
			_, err := h.Hold(t.Context(), id, transport.Status{ID: id, State: transport.Running}, 1)
			synctest.Wait()
			assert.Equal(t, s.refuse != 0 || s.subscribes == before, errors.Is(err, errors.ErrUnsupported))
			return s.subscribes > before
		}
		s.refuse = 400
		require.True(t, hold("a"))
		require.False(t, hold("a"))
		s.refuse = 0
		require.True(t, hold("b"), "another job")
		require.False(t, hold("a"))
		time.Sleep(time.Minute)
		s.refuse = 400
		require.True(t, hold("a"), "after a minute")
		time.Sleep(2*time.Minute - 1)
		require.False(t, hold("a"), "twice as long")
		s.refuse = 0
		time.Sleep(time.Nanosecond)
		require.True(t, hold("a"))
		require.True(t, hold("a"))

		s.refuse = 400
		for _, id := range []string{"c", "d", "e"} {
			require.True(t, hold(id))
		}
		for i, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			time.Sleep(minutes*time.Minute - 1)
			require.False(t, hold(fmt.Sprint("early ", i)), "any job")
			time.Sleep(time.Nanosecond)
			require.True(t, hold(fmt.Sprint(i)))
			require.False(t, hold(fmt.Sprint("late ", i)))
		}
		s.refuse = 0
		time.Sleep(time.Hour)
		require.True(t, hold("late"))
		require.True(t, hold("early"))
		s.refuse = 400
		require.True(t, hold("0"), "its own pause is over")
		require.True(t, hold("early"), "a refusal is again about one job")
	})
}

func TestAHoldEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		s := &streamer{events: []rpctest.Event{after(time.Hour, "{}")}, state: "running"}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		_, err := s.holder(t).Hold(ctx, "7", transport.Status{ID: "7", State: transport.Running}, time.Minute)
		require.ErrorIs(t, err, gone)
		assert.Zero(t, s.polls)
		assert.Zero(t, s.open)
		synctest.Wait()
	})
}
