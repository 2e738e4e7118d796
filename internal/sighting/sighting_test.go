package sighting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A drawn is one poll of a watch: an answer, or a fault of a class.
type drawn struct {
	after time.Duration
	err   error
	st    transport.Status
}

func polls(t *rapid.T) []drawn {
	draw := rapid.Custom(func(t *rapid.T) drawn {
		d := drawn{after: time.Duration(rapid.IntRange(1, 20_000).Draw(t, "ms")) * time.Millisecond}
		pace := time.Duration(rapid.SampledFrom([]int{0, 0, 5, -1}).Draw(t, "pace"))
		if class := rapid.IntRange(-3, int(transport.Misdirected)).Draw(t, "class"); class >= 0 {
			d.err = &transport.Error{Class: transport.Class(class), RetryAfter: pace}
			return d
		}
		d.st = transport.Status{State: transport.Running, RetryAfter: pace}
		if s := rapid.IntRange(0, 100).Draw(t, "updated"); s > 50 {
			d.st.Updated = time.Unix(int64(s), 0)
		}
		return d
	})
	return rapid.SliceOfN(draw, 1, 60).Draw(t, "polls")
}

// fault 17, fault 18 and fault 27: whatever comes, a watch ends by what is certain, or by odd
// answers for as long as patience says. The time of an outage between them does not count.
func TestAWatchEndsByWhatIsCertainOrWhenPatienceHasRunOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		patience := time.Duration(rapid.IntRange(0, 60).Draw(t, "patience")) * time.Second
		var last *Sighting
		var now, doubted, newest time.Duration // doubted is how long odd answers lasted, newest when the last came
		odd, seen, lapsed := 0, false, false
		for _, d := range polls(t) {
			now += d.after
			f := PollErrorOf(d.err)
			var s Sighting
			v := s.See(last, &d.st, f, now, patience)
			if d.err == nil {
				odd, seen = 0, true
				assert.Equal(t, Verdict{}, v)
				assert.GreaterOrEqual(t, s.Status().RetryAfter, time.Duration(0))
			} else if f.Oddity(seen) {
				if odd++; odd == 1 {
					doubted = 0
				} else if !lapsed {
					doubted += now - newest
				}
				lapsed, newest = false, now
			} else if !lapsed {
				doubted += now - newest
				lapsed = true
			}
			certain := d.err != nil && f.Final(seen)
			ranOut := d.err != nil && f.Oddity(seen) && odd > 1 && doubted >= patience
			assert.Equal(t, certain || ranOut, v.Over)
			assert.Equal(t, seen, s.Answered)
			assert.GreaterOrEqual(t, s.RequestedWait(), time.Duration(0))
			if v.Over {
				assert.ErrorIs(t, v.Err, d.err)
				return
			}
			last = &s
		}
	})
}

// A State that a Transport made up is Unknown, so that whoever saves the status can encode it.
func TestAStateThatDoesNotExistIsUnknown(t *testing.T) {
	t.Parallel()
	for _, state := range []transport.State{transport.Blocked + 1, 99, 255} {
		var s Sighting
		v := s.See(nil, &transport.Status{State: state, Raw: "odd"}, PollError{}, 0, time.Minute)
		assert.Equal(t, Verdict{}, v)
		assert.Equal(t, transport.Unknown, s.State)
		_, err := json.Marshal(s.Status())
		assert.NoError(t, err)
	}
}

func TestAWaitThatAnAnswerNamesHoldsUntilAnother(t *testing.T) {
	t.Parallel()
	var last *Sighting
	for i, step := range []struct {
		pace time.Duration
		err  bool
		want time.Duration
	}{{5, false, 5}, {0, false, 5}, {7, true, 7}, {0, true, 5}, {0, false, 5}, {3, false, 3}, {transport.NoWait, false, 0}, {0, false, 0},
		{4, false, 4}, {transport.NoWait, true, 0}, {0, false, 0}} {
		st := transport.Status{State: transport.Running, RetryAfter: step.pace}
		var f PollError
		if step.err {
			f = PollErrorOf(&transport.Error{RetryAfter: step.pace})
		}
		var s Sighting
		s.See(last, &st, f, time.Duration(i), time.Minute)
		assert.Equal(t, step.want, s.RequestedWait(), "step %d", i)
		last = &s
	}
}

// fault 61
func FuzzWhatIsKeptOfAStatusIsSmallAndReadable(f *testing.F) {
	f.Add("running", strings.Repeat("€", 2000), []byte(`{}`), "1", 0.5)
	f.Add("\xff", "\xff\xff", []byte(nil), strings.Repeat("v", 600), -1.0)
	f.Fuzz(func(t *testing.T, raw, message string, result []byte, revision string, progress float64) {
		st := transport.Status{State: transport.Running, Raw: raw, Message: message, Result: json.RawMessage(result), Revision: revision,
			Progress: progress}
		var s Sighting
		s.See(nil, &st, PollError{}, 0, 0)
		kept := s.Status()
		assert.LessOrEqual(t, len(kept.Raw)+len(kept.Message)+len(kept.Result)+len(kept.Revision), 4<<10)
		assert.True(t, kept.Progress >= 0 && kept.Progress <= 1)
		if utf8.ValidString(message) {
			assert.True(t, utf8.ValidString(kept.Message))
		}
	})
}

// misbehaving is an error whose method panics.
type misbehaving struct{}

func (*misbehaving) Error() string { panic("no text") }

// A touchy error panics when it is compared with another one.
type touchy struct{ with error }

func (touchy) Error() string { return "touchy" }

func (e touchy) Is(target error) bool {
	if target == e.with {
		panic("Is")
	}
	return false
}

// An endless error wraps itself, and a forked one does so twice.
type (
	endless struct{}
	forked  struct{}
)

func (endless) Error() string    { return "endless" }
func (e endless) Unwrap() error  { return e }
func (forked) Error() string     { return "forked" }
func (e forked) Unwrap() []error { return []error{e, e} }

// fault 53
func TestPollErrorOfSaysWhatIsWrongWithAnError(t *testing.T) {
	t.Parallel()
	assert.Equal(t, PollError{}, PollErrorOf(nil))
	assert.Equal(t, transport.Permanent, PollErrorOf(&transport.Error{Class: transport.Unauthorized}).Class, "a token that was refused ends the watch")
	assert.Panics(t, func() { PollErrorOf(&misbehaving{}) })
	assert.PanicsWithValue(t, "the error is a nil *transport.Error: return a plain nil instead", func() {
		var e *transport.Error
		PollErrorOf(e)
	})
	wrapped := fmt.Errorf("ask: %w", &transport.Error{Class: transport.Throttled, RetryAfter: 3})
	assert.Equal(t, PollError{Err: wrapped, Class: transport.Throttled, RetryAfter: 3}, PollErrorOf(wrapped))
	assert.True(t, PollErrorOf(fmt.Errorf("hold: %w", errors.ErrUnsupported)).Unsupported)
	long := PollErrorOf(&transport.Error{Class: transport.Throttled, Code: 429, RetryAfter: 3, Err: errors.New(strings.Repeat("x", maxErrorText+1))})
	var kept *transport.Error
	if assert.ErrorAs(t, long.Err, &kept) {
		assert.Equal(t, []any{transport.Throttled, 429, time.Duration(3)}, []any{kept.Class, kept.Code, kept.RetryAfter})
	}
	for _, target := range []error{errors.ErrUnsupported, transport.ErrNotAnswered, transport.ErrNotFound, context.Canceled, context.DeadlineExceeded} {
		assert.Panics(t, func() { PollErrorOf(touchy{target}) }, target)
	}
	assert.Panics(t, func() { PollErrorOf(endless{}) })
	assert.Panics(t, func() { PollErrorOf(fmt.Errorf("ask: %w", forked{})) })
	long = PollErrorOf(&transport.Error{Class: transport.NotFound, Err: errors.New(strings.Repeat("x", 1<<20))})
	assert.Equal(t, transport.NotFound, long.Class)
	assert.Less(t, len(long.Err.Error()), 5<<10)
	assert.ErrorIs(t, long.Err, transport.ErrNotFound)
}

// The time of a notification that may be wrong makes no answer to a poll an older one.
func TestAnyAnswerIsNewerThanAnUnconfirmedNotification(t *testing.T) {
	t.Parallel()
	at := func(s int64) transport.Status {
		return transport.Status{State: transport.Running, Updated: time.Unix(s, 0)}
	}
	for _, unconfirmed := range []bool{false, true} {
		var heard, failed, seen, older Sighting
		told, answer, lagging := at(9), at(5), at(4)
		heard.See(nil, &told, PollError{}, 0, time.Hour)
		heard.Unconfirmed = unconfirmed
		failed.See(&heard, &transport.Status{}, PollErrorOf(errors.New("broken")), 1, time.Hour)
		seen.See(&failed, &answer, PollError{}, 2, time.Hour)
		assert.Equal(t, unconfirmed, seen.Updated.Equal(answer.Updated))
		older.See(&seen, &lagging, PollError{}, 3, time.Hour)
		assert.Equal(t, seen.Updated, older.Updated, "of answers, the newer one counts")
	}
}
