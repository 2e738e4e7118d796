package fleet

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lease5 is the JSON of the default lease.
const lease5 = `5000000000`

// write stores a message as a program does that knows no rules.
func (s *stage) write(to store, subject, data string) (seq uint64) {
	s.t.Helper()
	seq, err := s.memory.link().publish(s.t.Context(), outgoing{store: to, subject: subject, data: []byte(data), always: true})
	require.NoError(s.t, err)
	return seq
}

// stored returns the newest message of a subject.
func (s *stage) stored(in store, subject string) message {
	s.t.Helper()
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	m, ok := s.memory.lastLocked(in, subject)
	require.True(s.t, ok, subject)
	return m
}

// beating stores a heartbeat once a second, until stop is called.
func (s *stage) beating(member, data string) (stop func()) {
	s.write(members, member, data)
	done := make(chan struct{})
	s.t.Cleanup(func() { stop() })
	tick := time.NewTicker(time.Second)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-tick.C:
				s.write(members, member, data)
			case <-done:
				return
			}
		}
	}()
	ended := false
	return func() {
		if !ended {
			ended = true
			tick.Stop()
			close(done)
			<-over
		}
	}
}

func TestAPartitionIsLeftToANewerWorkerAsLongAsThatLives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		beat, claim string
		lease       time.Duration
	}{
		{`{"v":2,"lease":` + lease5 + `}`, `{"v":2,"owner":"n"}`, defaultLease},
		{`{"v":2,"lease":` + lease5 + `,"loans":7}`, `{"v":1,"owner":"n"}`, defaultLease},
		{`{"v":2,"lease":` + lease5 + `}`, `{"v":2,"owner":["n"]}`, defaultLease},
		{`{"v":2,"lease":` + lease5 + `}`, `{"v":2,"owner":null}`, defaultLease},
		{`{"v":2,"lease":{"s":5}}`, `{"v":2,"owner":"n"}`, maxLease},
		{`{"v":2,"lease":1}`, `{"v":99}`, maxLease},
		{`{"v":2,"lease":` + strconv.Itoa(1<<62) + `}`, `{"v":2,"Owner":{}}`, maxLease},
		{`{"v":2}`, `{"v":1,"owner":"n"}`, maxLease},
	} {
		playVirtually(t, 10*time.Hour, func(s *stage) {
			t := s.t
			stop := s.beating("n", c.beat)
			seqs := map[int]uint64{}
			for p := range 4 {
				seqs[p] = s.write(owners, strconv.Itoa(p), c.claim)
			}
			a := s.member("a")
			time.Sleep(time.Minute)
			assert.Equal(t, 12, a.fleet.Stats().Owned, "%v: the rest is not the newer worker's", c)
			stop()
			time.Sleep(c.lease - 2*time.Second)
			for p, seq := range seqs {
				assert.Equal(t, seq, s.stored(owners, strconv.Itoa(p)).seq, "%v", c)
			}
			time.Sleep(4 * time.Second)
			assert.Equal(t, 16, a.fleet.Stats().Owned, "%v: its lease is over", c)
		})
	}
}

func TestAnOlderWorkerTakesWhatANewerOneGivesUpAndStopsWhatItTakes(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(200)
		s.beating("n", `{"v":2,"lease":`+lease5+`}`)
		s.write(owners, "0", `{"v":2,"owner":""}`)
		a := s.member("a")
		time.Sleep(20 * time.Second)
		require.Equal(t, 16, a.fleet.Stats().Owned)
		seq := s.write(owners, "3", `{"v":2,"owner":{"name":"n"}}`)
		time.Sleep(2 * time.Second)
		since := time.Now()
		time.Sleep(time.Minute)
		assert.Equal(t, seq, s.stored(owners, "3").seq)
		assert.EqualValues(t, 1, a.fleet.Stats().Taken)
		for _, id := range names {
			polls := s.service.of(id)
			assert.Equal(t, placeOf(id, 16).partition != 3, polls[len(polls)-1].at.After(since), id)
		}
	})
}

func TestAClaimThatCannotBeReadChangesNoOwner(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(100)
		a, b := s.member("a"), s.member("b")
		time.Sleep(20 * time.Second)
		before := a.fleet.Stats().Owned
		for _, data := range []string{"{", "", `null`, `{"v":1}`, `{"v":0,"owner":"x"}`, `{"v":1,"owner":7}`, `{"owner":""}`, `{"v":"2"}`, `{"v":1e400}`} {
			for p := range 16 {
				s.write(owners, strconv.Itoa(p), data)
			}
			time.Sleep(3 * time.Second)
			for p := range 16 {
				owner, err := decodeClaim(s.stored(owners, strconv.Itoa(p)).data)
				require.NoError(t, err, "its owner writes it again")
				require.NotEmpty(t, owner)
			}
		}
		as, bs := a.fleet.Stats(), b.fleet.Stats()
		assert.Equal(t, before, as.Owned)
		assert.Equal(t, 16, as.Owned+bs.Owned)
		assert.EqualValues(t, as.Owned, as.Claimed-as.GaveUp)
		assert.Zero(t, as.Taken+bs.Taken+as.TakenOver+bs.TakenOver)
		assert.NotZero(t, as.Unreadable)
		for _, id := range names {
			polls := s.service.of(id)
			for i := 1; i < len(polls); i++ {
				require.Less(t, polls[i].at.Sub(polls[i-1].at), 1200*time.Millisecond, "no watch is interrupted")
			}
		}
	})
}

func TestAPartitionWhoseClaimCannotBeReadIsClaimedAfterALease(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		for p := range 16 {
			s.write(owners, strconv.Itoa(p), "{")
		}
		a := s.member("a")
		time.Sleep(defaultLease - time.Second)
		assert.Zero(t, a.fleet.Stats().Owned, "its owner may live")
		time.Sleep(4 * time.Second)
		assert.Equal(t, 16, a.fleet.Stats().Owned)
	})
}

func TestAHeartbeatThatCannotBeReadMakesNoMember(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		s.submit(50)
		for i, data := range []string{
			"", "{", "null", "7", `{"v":1}`, `{"v":0,"lease":` + lease5 + `}`, `{"lease":` + lease5 + `}`, `{"v":1,"lease":-5}`, `{"v":1,"lease":1}`,
			`{"v":1,"lease":9223372036854775807}`, `{"v":1,"lease":1e300}`, `{"v":1,"lease":"5s"}`, `{"v":1,"lease":` + lease5 + `,"loans":[1]}`,
			`{"v":1,"lease":` + lease5 + `,"loans":{"a":1e999}}`, `{"v":99}`, `{"v":2,"lease":` + lease5 + `}`,
		} {
			s.beating(fmt.Sprintf("x%d", i), data)
		}
		a := s.member("a")
		time.Sleep(20 * time.Second)
		assert.Equal(t, 16, a.fleet.Stats().Owned)
		assert.Equal(t, 1, a.fleet.Stats().Workers)
		assert.NotZero(t, a.fleet.Stats().Unreadable)
	})
}

// Another program writes over the heartbeats of a worker. One that begins to look sees only the
// newest.
func TestAWorkerWhoseHeartbeatCannotBeReadIsNotDeadAtOnce(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{", `{"v":1,"lease":-5}`} {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			for p := range 16 {
				s.write(owners, strconv.Itoa(p), `{"v":1,"owner":"b"}`)
			}
			s.write(members, "b", data)
			a := s.member("a")
			time.Sleep(700 * time.Millisecond)
			stop := s.beating("b", `{"v":1,"lease":`+lease5+`}`)
			time.Sleep(20 * time.Second)
			assert.Zero(t, a.fleet.Stats().Owned, "%q", data)
			s.write(members, "b", data)
			time.Sleep(20 * time.Second)
			assert.Zero(t, a.fleet.Stats().Owned, "%q", data)
			stop()
			time.Sleep(2 * time.Second)
			for range 10 {
				s.write(members, "b", data)
				time.Sleep(time.Second)
			}
			assert.Equal(t, 16, a.fleet.Stats().Owned, "%q is no sign of life", data)
		})
	}
}

func TestAWorkerKnowsItsOwnHeartbeats(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.member("a")
		time.Sleep(10 * time.Second)
		require.Equal(t, 16, a.fleet.Stats().Owned)
		self, err := decodeClaim(s.stored(owners, "0").data)
		require.NoError(t, err)
		for _, data := range []string{`{"v":1,"lease":` + lease5 + `,"left":true}`, `{"v":1,"lease":` + lease5 + `,"n":1,"left":true}`, `{"v":2}`, `{"v":1,"lease":` + lease5 + `,"n":99999999}`} {
			for range 20 {
				s.write(members, self, data)
				time.Sleep(300 * time.Millisecond)
			}
		}
		st := a.fleet.Stats()
		assert.Equal(t, 16, st.Owned)
		assert.Zero(t, st.GaveUp+st.Fenced+st.Taken)
	})
}

// Whatever a heartbeat lends, all workers together keep the limit.
func TestALoanOfMoreThanTheLenderOwnsIsNone(t *testing.T) {
	t.Parallel()
	const limit = 60
	for _, loans := range []string{
		`{"A":1e308,"B":1e308}`, `{"A":1e308}`, `{"A":17,"B":17}`, `{"A":9007199254740993}`, `{"A":-1e308}`, `{"A":20,"B":-20}`, `{"A":-0.5,"c":1}`, `{"A":5e-324}`, `{"A":1}`,
	} {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			s.submit(300)
			a, b := s.member("a"), s.member("b")
			s.watchLimit(limit, a, b)
			time.Sleep(20 * time.Second)
			names := map[string]bool{}
			for p := range 16 {
				owner, err := decodeClaim(s.stored(owners, strconv.Itoa(p)).data)
				require.NoError(t, err)
				names[owner] = true
			}
			require.Len(t, names, 2)
			both := slices.Collect(maps.Keys(names))
			named := strings.NewReplacer(`"A"`, `"`+both[0]+`"`, `"B"`, `"`+both[1]+`"`).Replace(loans)
			s.beating("x", `{"v":1,"lease":`+lease5+`,"short":true,"loans":`+named+`}`)
			s.beating("newer", `{"v":2,"lease":`+lease5+`,"short":true,"loans":`+named+`}`)
			time.Sleep(20 * time.Second)
			perSecond := map[int64]int{}
			for _, p := range s.service.all() {
				perSecond[p.at.UnixNano()/int64(time.Second)]++
			}
			for second, n := range perSecond {
				assert.LessOrEqual(t, n, limit*102/100+3, "%s: second %d", loans, second)
			}
		}, RateLimit(limit))
	}
}

// A worker lends to those that own partitions, so what it says of its loans stays small.
func TestNothingIsLentToAMemberWithoutPartitions(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		a := s.member("a")
		time.Sleep(10 * time.Second)
		for i := range 100 {
			s.beating("x"+strconv.Itoa(i), `{"v":1,"lease":`+lease5+`,"short":true}`)
		}
		time.Sleep(2 * time.Second)
		self := ""
		for p := range 16 {
			if owner, _ := decodeClaim(s.stored(owners, strconv.Itoa(p)).data); owner != "" {
				self = owner
			}
		}
		h, err := decodeHeartbeat(s.stored(members, self).data)
		require.NoError(t, err)
		assert.Empty(t, h.Loans)
		assert.NotZero(t, a.fleet.Stats().RateLimit)
	}, RateLimit(60))
}

// Neither a tiny nor a huge limit makes a figure that cannot be told, or no limit.
func TestAnyRateLimitCanBeDivided(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{math.SmallestNonzeroFloat64, 1e-300, 1e300, math.MaxFloat64} {
		playVirtually(t, time.Hour, func(s *stage) {
			s.submit(50)
			a, b := s.member("a"), s.member("b")
			s.beating("x", `{"v":1,"lease":`+lease5+`,"short":true}`)
			time.Sleep(20 * time.Second)
			for _, w := range []*actor{a, b} {
				if st := w.fleet.Stats(); st.Owned > 0 {
					assert.Greater(s.t, st.RateLimit, 0.0, "%v", rate)
					assert.LessOrEqual(s.t, st.RateLimit, rate)
				}
			}
			if n := len(s.service.all()); rate < 1 {
				assert.LessOrEqual(s.t, n, 2*16, "%v: at most one poll for each change of the limit", rate)
			}
		}, RateLimit(rate))
	}
}
