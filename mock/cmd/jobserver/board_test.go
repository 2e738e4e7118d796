package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/push"
	"github.com/iamber12/job-status-monitoring/transport"
)

// boardOn returns a board and the transport whose calls it notes.
func boardOn(t *testing.T, clk *mock.Clock, opts ...mock.Option) (*board, *mock.Transport) {
	b := newBoard(clk, 1)
	tr := mock.NewTransport(t, append([]mock.Option{mock.WithClock(clk), mock.KeepCalls(0), mock.OnCall(func(c mock.Call) {
		c.Method = map[bool]string{true: http.MethodGet, false: http.MethodPost}[c.State != transport.Unknown]
		b.note(c)
	})}, opts...)...)
	b.service = tr.Service
	return b, tr
}

func TestBoardShowsWhoAskedWhenAndHowLateTheEndWasHeardOf(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	b, tr := boardOn(t, clk, mock.Created(mock.Pending(10*time.Second), mock.Completed(nil)))
	clk.Advance(5 * time.Second)
	id, err := tr.Create(context.Background(), transport.CreateRequest{Input: map[string]string{"kind": "k"}})
	require.NoError(t, err)
	for range 4 {
		_, err := tr.Status(context.Background(), id)
		require.NoError(t, err)
		clk.Advance(4 * time.Second)
	}
	s, moves := b.look(firstPage)
	assert.True(t, moves, "the requests of the last minute are still in the picture")
	assert.Equal(t, []jobState{{ID: id, Kind: "k", State: "completed", Polls: 4, Created: 5, Ended: 15, Told: 17, Way: "poll",
		Asked: []float64{5, 9, 13, 17}}}, s.Jobs)
	assert.Equal(t, 1, s.Counts["completed"])
	assert.Equal(t, 5, s.Requests)
	assert.InDelta(t, 2, s.Delay.P50, 1e-9)
	assert.Equal(t, []int{0, 0, 0, 0, 0, 2, 0, 0, 0, 1}, s.Rate[:10])
	assert.Len(t, s.Rate, 22)
	clk.Advance(2 * time.Minute)
	s, moves = b.look(firstPage)
	assert.False(t, moves)
	assert.Len(t, s.Rate, shownRate)
}

func TestBoardShowsByWhichWayAnEndWasTold(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	heard := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	b, tr := boardOn(t, clk, mock.Push(push.Handler(heard, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
		mock.Job("pushed", mock.Pending(10*time.Second), mock.Completed(nil)), mock.Job("lost", mock.Pending(10*time.Second), mock.Failed("")),
		mock.Job("runs", mock.Pending(mock.Forever)),
		mock.Fault(fault.Always().OfPush().Of("lost"), fault.Lost()), mock.Fault(fault.Always().OfPush(), fault.Latency(time.Second)))
	clk.Advance(20 * time.Second)
	for _, id := range []string{"pushed", "lost"} {
		_, err := tr.Status(context.Background(), id)
		require.NoError(t, err)
	}
	s, _ := b.look(firstPage)
	told := map[string]string{}
	for _, j := range s.Jobs {
		told[j.ID] = fmt.Sprint(j.Told, " ", j.Way)
	}
	assert.Equal(t, map[string]string{"pushed": "11 webhook", "lost": "20 poll", "runs": "-1 "}, told)
	assert.Equal(t, map[string]int{"webhook": 1, "poll": 1}, s.Ways)
	assert.InDelta(t, 10, s.Delay.P50, 1e-9)
}

func TestBoardForgetsWhatIsOld(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	b, tr := boardOn(t, clk, mock.KeepCalls(0), mock.KeepJobs(300), mock.Created(mock.Pending(mock.Forever)))
	for range 1000 {
		id, err := tr.Create(context.Background(), transport.CreateRequest{})
		require.NoError(t, err)
		_, err = tr.Status(context.Background(), id)
		require.NoError(t, err)
	}
	for range 3 * shownAsked {
		_, err := tr.Status(context.Background(), "00000000-0000-4000-8000-000000001000")
		require.NoError(t, err)
	}
	s, _ := b.look(firstPage)
	assert.Len(t, s.Jobs, shownJobs)
	assert.Len(t, s.Jobs[0].Asked, shownAsked)
	assert.Equal(t, 300, s.Counts["pending"])
	assert.Equal(t, 300, s.All)
	assert.Equal(t, 3*shownAsked+1, s.Jobs[0].Polls, "the page says that there were more")
	for n := range 2 * keptJobs {
		b.note(mock.Call{ID: fmt.Sprint(n), Method: http.MethodGet, Time: clk.Now()})
	}
	assert.Len(t, b.asked, keptJobs)
	assert.Len(t, b.order, keptJobs)
	_, err := tr.Status(context.Background(), "00000000-0000-4000-8000-000000000001")
	require.ErrorIs(t, err, transport.ErrNotFound)
}

func TestBoardKeepsThePollsOfAllJobsThatAreWatched(t *testing.T) {
	t.Parallel()
	const watched, rounds = 3000, 3
	clk := mock.NewClock(t)
	b, tr := boardOn(t, clk, mock.KeepCalls(0), mock.KeepJobs(keptJobs), mock.Created(mock.Pending(mock.Forever)))
	var ids []string
	for range watched {
		id, err := tr.Create(context.Background(), transport.CreateRequest{})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for range rounds {
		clk.Advance(time.Second)
		for _, id := range ids {
			_, err := tr.Status(context.Background(), id)
			require.NoError(t, err)
		}
	}
	seen := 0
	for p := (page{limit: mostJobs}); seen == 0 || p.after != ""; {
		s, _ := b.look(p)
		for _, j := range s.Jobs {
			assert.Equal(t, []float64{1, 2, 3}, j.Asked, j.ID)
		}
		seen, p.after = seen+len(s.Jobs), s.Next
		assert.Equal(t, watched, s.All)
	}
	assert.Equal(t, watched, seen)
}

func TestEventsTellWhatChangedUntilTheServerEnds(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	b, tr := boardOn(t, clk, mock.Job("a", mock.Completed(nil)))
	ending := make(chan struct{})
	server := httptest.NewServer(b.events(ending, clock.New()))
	defer server.Close()
	server.Client().Timeout = patience
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	next := func() (s snapshot) {
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(text), &s))
				return s
			}
		}
		t.Fatal("the stream ended")
		return s
	}
	assert.Zero(t, next().Requests)
	_, err = tr.Status(context.Background(), "a")
	require.NoError(t, err)
	for next().Requests != 1 {
	}
	close(ending)
	for lines.Scan() {
	}
	require.NoError(t, lines.Err())
}

func TestEventsHaveABound(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	b, _ := boardOn(t, clk)
	ending := make(chan struct{})
	server := httptest.NewServer(b.events(ending, clock.New()))
	defer server.Close()
	defer close(ending)
	server.Client().Timeout = patience
	for range mostListeners {
		answer, err := server.Client().Get(server.URL)
		require.NoError(t, err)
		defer answer.Body.Close()
		assert.Equal(t, http.StatusOK, answer.StatusCode)
	}
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
}

func TestThePageMayRunWhatIsInItAlone(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	servePage(w, nil)
	assert.Contains(t, w.Body.String(), "<title>jobserver</title>")
	h := w.Header().Get("Content-Security-Policy")
	assert.Contains(t, h, "default-src 'none'")
	assert.NotContains(t, h, "unsafe")
	assert.Equal(t, 1, strings.Count(pageHTML, "http"), "the name of SVG: it asks nobody else")
}

func TestAScaledClockRunsFaster(t *testing.T) {
	t.Parallel()
	base := mock.NewClock(t)
	clk := newScaled(base, 10)
	began := clk.Now()
	fired := time.Duration(0)
	clk.AfterFunc(time.Minute, func() { fired = clk.Since(began) })
	base.Advance(7 * time.Second)
	assert.Equal(t, time.Minute, fired)
	assert.Equal(t, 70*time.Second, clk.Since(began))
	assert.Equal(t, -70*time.Second, clk.Until(began))
	assert.Same(t, base, newScaled(base, 1))
}

func TestTheSameSeedGivesTheSameJobs(t *testing.T) {
	t.Parallel()
	script := func(seed uint64, n int) string {
		c := config{seed: seed, duration: duration.Exponential(time.Minute), pending: 0.3, fail: 0.5, kinds: kinds{}}
		return fmt.Sprintf("%+v", c.script(mock.Creation{N: n, ID: "x"}, newLogger(discard{}, false)))
	}
	assert.Equal(t, script(7, 1), script(7, 1))
	assert.NotEqual(t, script(7, 1), script(7, 2))
	assert.NotEqual(t, script(7, 1), script(8, 1))
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
