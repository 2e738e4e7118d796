package fleet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small returns a server whose storage is limited to some bytes, and JetStream on it.
func small(t *testing.T, bytes int64) (*server.Server, jetstream.JetStream) {
	t.Helper()
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: bytes, NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(guard))
	closed := make(chan struct{})
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close(); <-closed; s.Shutdown(); s.WaitForShutdown() })
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return s, js
}

// submitUntilFull submits jobs one by one until the server has no room, and returns their ids.
func submitUntilFull(t *testing.T, f *Fleet) (names []string) {
	t.Helper()
	for {
		id := fmt.Sprintf("%04d%s", len(names), strings.Repeat("x", 1000))
		if err := f.Submit(t.Context(), Job{ID: id}); err != nil {
			require.ErrorIs(t, err, ErrFull)
			return names
		}
		names = append(names, id)
		require.Less(t, len(names), 10_000)
	}
}

// Submissions alone cannot fill the server: heartbeats, ends and Forget still find room.
func TestSubmitLeavesRoomForHeartbeatsAndEnds(t *testing.T) {
	t.Parallel()
	const limit = 1 << 18
	for what, set := range map[string]func(t *testing.T, s *server.Server, js jetstream.JetStream){
		"account": func(t *testing.T, s *server.Server, _ jetstream.JetStream) {
			unlimited := server.JetStreamAccountLimits{MaxMemory: -1, MaxStore: limit, MaxStreams: -1, MaxConsumers: -1}
			require.NoError(t, s.GlobalAccount().UpdateJetStreamLimits(map[string]server.JetStreamAccountLimits{"": unlimited}))
		},
		"stream": func(t *testing.T, _ *server.Server, js jetstream.JetStream) {
			stream, err := js.Stream(t.Context(), defaultName)
			require.NoError(t, err)
			c := stream.CachedInfo().Config
			c.MaxBytes = limit
			_, err = js.UpdateStream(t.Context(), c)
			require.NoError(t, err)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, js := small(t, 4*limit)
			open(t, js)
			set(t, s, js)
			f := open(t, js, Lease(20*time.Second))
			names := submitUntilFull(t, f)
			assert.Greater(t, len(names), 170, "most of the storage is for jobs")
			run(t, f, newService(0).watcher(t, "w"))
			for id, keys := range collect(t, f, len(names)) {
				assert.Len(t, keys, 1, id)
			}
			assert.Zero(t, f.Stats().Fenced, "heartbeats were stored all the time")
			require.Eventually(t, func() bool { return f.Submit(t.Context(), Job{ID: "later"}) == nil }, guard, 50*time.Millisecond)
		})
	}
}

func TestRoomIsTakenInPartsOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	now := time.Now()
	limited := func(used, limit int64) []use { return []use{{of: "account"}, {of: "stream", used: used, limit: limit}} }
	for name, c := range map[string]struct {
		uses  []use
		after time.Duration // of the second submission
		known bool
		full  bool
	}{
		"no limit":                       {uses: limited(1<<40, -1), known: true},
		"much is left":                   {uses: limited(0, 10_000), known: true},
		"its part is used up":            {uses: limited(7_500, 10_000)},
		"time has passed":                {uses: limited(0, 10_000), after: roomLife},
		"there is room for one":          {uses: limited(8_900, 10_000)},
		"what is left is reserved":       {uses: limited(8_901, 10_000), known: true, full: true},
		"it was full a second ago":       {uses: limited(8_901, 10_000), after: fullLife, full: true},
		"the limit is lower than before": {uses: limited(20_000, 10_000), known: true, full: true},
	} {
		r := newRoom()
		known, err := r.take(100, now)
		assert.False(t, known, name)
		require.NoError(t, err, name)
		assert.Equal(t, c.full, errors.Is(r.learn(c.uses, 100, now), ErrFull), name)
		known, err = r.take(100, now.Add(c.after))
		assert.Equal(t, c.known, known, name)
		assert.Equal(t, c.full && known, errors.Is(err, ErrFull), name)
	}
}

// For the limit of a tier, the server counts a message once. For the limit of an account, it counts
// each replica of the message.
func TestTheUseOfAnAccountCountsEachMessageOnce(t *testing.T) {
	t.Parallel()
	flat := &jetstream.AccountInfo{Tier: jetstream.Tier{Store: 300, Limits: jetstream.AccountLimits{MaxStore: 3000}}}
	assert.Equal(t, use{of: "account", used: 100, limit: 1000}, accountUse(flat, 3))
	tiered := &jetstream.AccountInfo{Tiers: map[string]jetstream.Tier{"R3": flat.Tier, "R1": {Limits: jetstream.AccountLimits{MaxStore: -1}}}}
	assert.Equal(t, use{of: "account", used: 100, limit: 3000}, accountUse(tiered, 3))
	assert.Negative(t, accountUse(tiered, 1).limit)
}
