package fleet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
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
		}, Lease(20*time.Second)) // so that an hour has fewer heartbeats
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
		s.pollsWithin(names, 1200*time.Millisecond, "no watch is interrupted")
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
	const limit = 20
	for _, loans := range []string{
		`{"A":1e308,"B":1e308}`, `{"A":1e308}`, `{"A":17,"B":17}`, `{"A":9007199254740993}`, `{"A":-1e308}`, `{"A":20,"B":-20}`, `{"A":-0.5,"c":1}`, `{"A":5e-324}`, `{"A":1}`,
	} {
		playVirtually(t, time.Hour, func(s *stage) {
			t := s.t
			s.submit(100)
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

// inTheWay returns messages that are none of a job, by the last word of their subject.
func inTheWay(id string) map[string][]string {
	other := encode(submission{Format: format, ID: id + "-other"})
	otherEnd := encode(ending{Format: format, Of: 1, ID: id + "-other", Status: jobstatus.Status{State: jobstatus.Completed}})
	named := func(rest string) string { return `{"v":1,"id":"` + id + `"` + rest + `}` }
	return map[string][]string{
		submittedSuffix: {
			"", "{", "null", `{"v":0,"id":"x"}`, `{"v":1}`, `{"v":1,"id":7}`, `{"v":1,"id":""}`, `{"v":1,"id":"\u0000"}`, `{"v":1e400}`, `{"v":99999999999999999999}`,
			`{"v":1,"id":"` + strings.Repeat("x", 20<<10) + `"}`, string(other), named(`,"timeout":-7`), named(`,"timeout":1e30`), named(`,"kind":{}`),
			named(`,"id":"x"`), named(`,"ID":"x"`),
		},
		endedSuffix: {
			"", "{", "[]", string(otherEnd), named(`,"of":0`), named(`,"of":-1`), named(`,"of":18446744073709551616`), named(`,"of":1,"status":{"state":"x"}`),
			named(`,"of":1,"status":{"state":"running"}`), named(`,"of":999999,"status":{"state":"completed"}`),
			named(`,"of":1,"status":{"state":"completed"},"failure":{"job":true}`), named(`,"of":999999,"forgotten":true`),
		},
		".q": {"", "{", named(``)},
	}
}

// A message under a job's subject that is not about the job keeps it neither from being watched nor
// from ending once.
func TestAJobIsWatchedAndEndsOnceWhateverIsInItsWay(t *testing.T) {
	t.Parallel()
	for suffix, bodies := range inTheWay("a") {
		for _, data := range bodies {
			playVirtually(t, 30*time.Second, func(s *stage) {
				t, f := s.t, s.fleet(s.memory.link())
				subject := placeOf("a", 16).subject("fw", suffix)
				before := s.write(jobs, subject, data)
				first := s.member("first")
				time.Sleep(10 * time.Second)
				require.NoError(t, f.Submit(t.Context(), Job{ID: "a"}))
				time.Sleep(5 * time.Second)
				require.NotEmpty(t, s.service.of("a"), "%s %.99q", suffix, data)
				s.write(jobs, subject, data)
				require.NoError(t, f.Submit(t.Context(), Job{ID: "a"}), "it is watched")
				s.write(jobs, subject, data)
				first.link.cut(true)
				s.member("second")
				st, err := f.Wait(t.Context(), "a")
				require.NoError(t, err, "%s %.99q", suffix, data)
				assert.Equal(t, jobstatus.Completed, st.State)
				s.write(jobs, subject, data)
				assert.Len(t, collect(t, f, 1)["a"], 1)
				time.Sleep(20 * time.Second)
				polls := len(s.service.of("a"))
				s.member("third")
				time.Sleep(20 * time.Second)
				assert.Len(t, s.service.of("a"), polls, "it has ended")
				for _, m := range s.memory.all() {
					assert.Equal(t, data, string(m.data), "what is left is what could not be read")
					assert.NotEqual(t, before, m.seq, "what was in the way of Submit is gone")
				}
				assert.Empty(t, s.service.of("x"))
				assert.Empty(t, s.service.of("a-other"))
			})
		}
	}
}

func TestForgetForgetsWhateverIsInItsWay(t *testing.T) {
	t.Parallel()
	for suffix, bodies := range inTheWay("a") {
		for _, data := range bodies {
			playVirtually(t, time.Hour, func(s *stage) {
				t, f := s.t, s.fleet(s.memory.link())
				subject := placeOf("a", 16).subject("fw", suffix)
				s.write(jobs, subject, data)
				require.NoError(t, f.Forget(t.Context(), "a"))
				_, err := f.Wait(t.Context(), "a")
				require.ErrorIs(t, err, fs.ErrNotExist)
				require.NoError(t, f.Submit(t.Context(), Job{ID: "a"}))
				s.write(jobs, subject, data)
				require.NoError(t, f.Forget(t.Context(), "a"), "%s %.99q", suffix, data)
				s.member("a")
				time.Sleep(20 * time.Second)
				assert.Empty(t, s.service.of("a"))
				assert.Empty(t, s.memory.all())
			})
		}
	}
}

// An end says which submission has ended. Whoever acknowledges the end removes that.
func TestAnEndThatNamesTheSubmissionOfAnotherJobRemovesNothing(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t, f := s.t, s.fleet(s.memory.link())
		submit(t, f, "a", "b")
		victim := s.stored(jobs, placeOf("b", 16).subject("fw", submittedSuffix)).seq
		for _, forgotten := range []bool{false, true} {
			data := encode(ending{Format: format, Of: victim, ID: "a", Status: jobstatus.Status{State: jobstatus.Completed}, Forgotten: forgotten})
			s.write(jobs, placeOf("a", 16).subject("fw", endedSuffix), string(data))
		}
		s.member("w")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for end := range f.Ends(ctx) {
			assert.Fail(t, "nothing has ended", end.Key)
		}
		assert.NotEmpty(t, s.service.of("a"))
		assert.NotEmpty(t, s.service.of("b"))
		require.NoError(t, f.Forget(t.Context(), "a"))
		assert.Equal(t, victim, s.stored(jobs, placeOf("b", 16).subject("fw", submittedSuffix)).seq)
	})
}

func TestASecondSubmissionOfAJobMakesNoSecondEnd(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Minute, func(s *stage) {
		t, f := s.t, s.fleet(s.memory.link())
		submit(t, f, "a")
		again := func() {
			s.write(jobs, placeOf("a", 16).subject("fw", submittedSuffix), string(encode(submission{Format: format, ID: "a"})))
		}
		again()
		first := s.member("first")
		time.Sleep(20 * time.Second)
		again()
		keys := collect(t, f, 1)["a"]
		require.NoError(t, first.stop())
		s.member("second")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for end := range f.Ends(ctx) {
			keys[end.Key] = end
			end.Ack()
		}
		assert.Len(t, keys, 1)
		assert.Empty(t, s.memory.all())
	})
}

func TestNewerMessagesAboutJobsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{submittedSuffix, endedSuffix, ".x"} {
		playVirtually(t, 0, func(s *stage) {
			t, f := s.t, s.fleet(s.memory.link())
			seq := s.write(jobs, placeOf("a", 16).subject("fw", suffix), `{"v":2,"id":{}}`)
			require.NoError(t, f.Submit(t.Context(), Job{ID: "a"}), "a newer worker sees to it")
			s.member("w")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := f.Wait(ctx, "a")
			require.Error(t, err)
			for end := range f.Ends(ctx) {
				assert.Fail(t, "an end", end.Key)
			}
			assert.Empty(t, s.service.of("a"))
			require.Len(t, s.memory.all(), 1)
			assert.Equal(t, seq, s.memory.all()[0].seq)
		})
	}
}

// The server stores with an end what it compared when it stored it. A copy of a stream lacks that.
func TestTheServerVouchesForAnEnd(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	submit(t, f, "a", "b", "c")
	at := func(id string) place { return placeOf(id, f.partitions) }
	seqs := map[string]uint64{}
	for _, id := range []string{"a", "b", "c"} {
		m, err := f.engine.last(t.Context(), at(id).all("fw"))
		require.NoError(t, err)
		assert.Zero(t, m.after)
		seqs[id] = m.seq
	}
	done := func(id string, of uint64) []byte {
		return encodeEnding(ending{Of: of, ID: id, Status: jobstatus.Status{State: jobstatus.Completed}}, 1<<20)
	}
	for id, m := range map[string]outgoing{
		"a": {filter: at("a").all("fw"), after: seqs["a"], data: done("a", seqs["a"])},
		"b": {always: true, data: done("b", seqs["b"])}, // as in a copy
		"c": {always: true, data: done("c", seqs["a"])},
	} {
		m.subject = at(id).subject("fw", endedSuffix)
		_, err := f.engine.publish(t.Context(), m)
		require.NoError(t, err)
	}
	last, err := f.engine.last(t.Context(), at("a").all("fw"))
	require.NoError(t, err)
	assert.Equal(t, seqs["a"], last.after)
	got := collect(t, f, 2)
	assert.Len(t, got["a"], 1)
	assert.Len(t, got["b"], 1)
	assert.EqualValues(t, 2, stored(t, f), "c is watched, and what cannot be its end is put aside")
	run(t, f, newService(0).watcher(t, "w"))
	assert.Len(t, collect(t, f, 1)["c"], 1)
	assert.Zero(t, stored(t, f))
}

func TestWhatIsInTheWayOfAJobIsRemovedFromTheServer(t *testing.T) {
	t.Parallel()
	f := open(t, start(t))
	foreign := func(suffix string) {
		_, err := f.engine.publish(t.Context(), outgoing{subject: placeOf("a", f.partitions).subject("fw", suffix), data: []byte("{"), always: true})
		require.NoError(t, err)
	}
	foreign(submittedSuffix)
	foreign(endedSuffix)
	submit(t, f, "a")
	assert.EqualValues(t, 1, stored(t, f))
	foreign(".q")
	foreign(endedSuffix)
	run(t, f, newService(0).watcher(t, "w"))
	assert.Len(t, collect(t, f, 1)["a"], 1)
	assert.Zero(t, stored(t, f))
	foreign(endedSuffix)
	require.NoError(t, f.Forget(t.Context(), "a"))
	assert.Zero(t, stored(t, f))
}

// Whatever stands in the stream, it is about the job of its subject, or put aside.
func FuzzEntries(f *testing.F) {
	a := placeOf("a", 4)
	for _, suffix := range []string{submittedSuffix, endedSuffix, ".q"} {
		f.Add(a.subject("fw", suffix), encode(submission{Format: format, ID: "a", Timeout: time.Second}), uint64(3))
		f.Add(a.subject("fw", suffix), encodeEnding(ending{Of: 3, ID: "a", Status: jobstatus.Status{State: jobstatus.Completed}}, 1<<20), uint64(3))
		f.Add(a.subject("fw", suffix), encode(ending{Format: format, Of: 3, ID: "b", Forgotten: true}), uint64(0))
		f.Add(a.subject("fw", suffix), []byte(`{"v":2}`), uint64(1))
	}
	f.Add("fw.99999999999999999999.x.s", []byte("{"), uint64(0))
	c := newFleet(config{name: "fw", partitions: 4}, newMemory().link(), 1<<20).core
	f.Fuzz(func(t *testing.T, subject string, data []byte, after uint64) {
		e, err := c.entryOf(t.Context(), message{subject: subject, data: data, seq: 9, after: after})
		if err != nil {
			require.NotEqual(t, errors.Is(err, errNewer), errors.Is(err, errUnreadable))
			return
		}
		id, suffix := e.submission.ID, submittedSuffix
		if e.ended {
			id, suffix = e.ending.ID, endedSuffix
			require.Equal(t, after, e.ending.Of)
		}
		_, rest, _ := strings.Cut(subject, ".")
		_, want, _ := strings.Cut(placeOf(id, 4).subject("fw", suffix), ".")
		require.Equal(t, want, rest)
	})
}

// Whatever stands in a heartbeat, its lease is one that a worker can have.
func FuzzDecodeHeartbeat(f *testing.F) {
	for _, data := range []string{"", "{", `{"v":1,"lease":` + lease5 + `,"n":3,"loans":{"a":0.5}}`, `{"v":2,"lease":{}}`, `{"v":2,"lease":` + lease5 + `,"loans":7}`, `{"v":1,"lease":-1}`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := decodeHeartbeat(data)
		if err != nil {
			return
		}
		require.NoError(t, checkLease(h.Lease))
		if h.newer() {
			require.Equal(t, heartbeat{Format: h.Format, Lease: h.Lease}, h, "nothing else is used")
		}
		if h.lends(3) {
			for _, p := range h.Loans {
				require.True(t, p >= 0 && p <= 3)
			}
		}
	})
}

// A Watcher that has no room for a job gets it again when the server is back.
func TestAJobForWhichThereIsNoRoomOutlivesTheServersAbsence(t *testing.T) {
	t.Parallel()
	playVirtually(t, 20*time.Second, func(s *stage) {
		t := s.t
		names := s.submit(20)
		a := s.worker("a", 0, jobstatus.WithMaxWatches(10))
		time.Sleep(3500 * time.Millisecond)
		for range 10 { // never long enough for the worker to stop
			a.link.cut(true)
			time.Sleep(2500 * time.Millisecond)
			a.link.cut(false)
			time.Sleep(time.Second)
		}
		collect(t, s.fleet(s.memory.link()), len(names))
	})
}

// Whatever an event says, it wakes at most the watch of its job.
func TestAnEventWithAbsurdFiguresHarmsNothing(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		names := s.submit(20)
		a := s.replica("a")
		time.Sleep(time.Minute)
		for _, rest := range []string{
			``, `,"state":"running","progress":1e308`, `,"state":"running","progress":-1`, `,"state":"running","retryAfter":9223372036854775807`,
			`,"state":"running","retryAfter":-9223372036854775808`, `,"state":"running","updated":"9999-12-31T23:59:59Z"`, `,"state":"completed"`,
			`,"state":"running","message":"` + strings.Repeat(`\u0000`, 1000) + `"`, `,"state":"running","progress":1e999`, `,"id":"x"`,
		} {
			for _, id := range names {
				_, err := a.link.tell(t.Context(), placeOf(id, 16).partition, []byte(`{"v":1,"from":"x","status":{"id":"`+id+`"`+rest+`}}`))
				require.NoError(t, err)
			}
			time.Sleep(10 * time.Second)
		}
		for _, id := range names {
			s.service.finish(id)
			assert.Equal(t, http.StatusAccepted, post(t, a.hook, hookSecret, transport.Status{ID: id}))
		}
		for _, keys := range collect(t, s.fleet(s.memory.link()), len(names)) {
			assert.Len(t, keys, 1)
			for _, end := range keys {
				assert.NoError(t, end.Err)
			}
		}
	})
}
