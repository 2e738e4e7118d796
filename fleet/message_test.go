package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestANewerMessageIsToldFromOneThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for data, newer := range map[string]bool{
		`{"v":2,"id":7}`:              true,
		`{"v":2}`:                     true,
		`{"v":0,"id":"a"}`:            false,
		`{"id":"a"}`:                  false,
		`{"v":-1,"id":"a"}`:           false,
		`{"v":1,"id":""}`:             false,
		`{"v":1,"id":"a","kind":[1]}`: false,
		`nonsense`:                    false,
		``:                            false,
		`null`:                        false,
	} {
		_, err := decodeSubmission([]byte(data), nil)
		require.Error(t, err, data)
		assert.Equal(t, newer, errors.Is(err, errNewer), data)
		_, err = decodeEnding([]byte(data), nil)
		require.Error(t, err, data)
		assert.Equal(t, newer, errors.Is(err, errNewer), data)
	}
}

func TestAResultThatIsTooLargeIsLeftOutAndSaidSo(t *testing.T) {
	t.Parallel()
	const limit = 8 << 10
	big := json.RawMessage(`"` + strings.Repeat("x", limit) + `"`)
	for name, st := range map[string]jobstatus.Status{
		"result":  {ID: "a", State: jobstatus.Completed, Result: big},
		"message": {ID: "a", State: jobstatus.Completed, Message: strings.Repeat("x", limit)},
		"both":    {ID: "a", State: jobstatus.Completed, Result: big, Message: strings.Repeat("x", limit)},
		"no JSON": {ID: "a", State: jobstatus.Completed, Result: json.RawMessage("<xml>")},
	} {
		data := encodeEnding(ending{Of: 1, ID: "a", Status: st}, limit)
		assert.LessOrEqual(t, len(data), limit-roomForHeaders, name)
		e, err := decodeEnding(data, nil)
		require.NoError(t, err, name)
		assert.Equal(t, jobstatus.Completed, e.Status.State, name)
		assert.Equal(t, len(st.Result), e.LeftOut, name)
		assert.Nil(t, e.Status.Result, name)
	}
	small := jobstatus.Status{ID: "a", State: jobstatus.Completed, Result: json.RawMessage(`{"a":1}`)}
	e, err := decodeEnding(encodeEnding(ending{Of: 1, ID: "a", Status: small}, limit), nil)
	require.NoError(t, err)
	assert.Equal(t, small, e.Status)
	assert.Zero(t, e.LeftOut)
}

// Fault 21: a decoder refuses what is nested too deep, and a stored end must be readable.
func TestAResultThatIsNestedDeepSurvives(t *testing.T) {
	t.Parallel()
	for _, levels := range []int{64, 65, 9998, 10_000} {
		result := json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
		data := encodeEnding(ending{Of: 1, ID: "a", Status: jobstatus.Status{ID: "a", State: jobstatus.Completed, Result: result}}, 1<<20)
		e, err := decodeEnding(data, nil)
		require.NoError(t, err, levels)
		assert.Equal(t, string(result), string(e.Status.Result), levels)
	}
}

func TestAnErrorOfAnEndMatchesWhatItWas(t *testing.T) {
	t.Parallel()
	secret := errors.New("Get https://user:token@jobs.example.com: refused")
	st := jobstatus.Status{ID: "a", State: jobstatus.Running}
	failed := jobstatus.Status{ID: "a", State: jobstatus.Failed, Message: "disk"}
	for _, c := range []struct {
		err     error
		st      jobstatus.Status
		matches []error
	}{
		{&jobstatus.JobError{Status: failed}, failed, []error{jobstatus.ErrJobFailed}},
		{&jobstatus.JobError{Status: jobstatus.Status{ID: "a", State: jobstatus.Canceled}}, jobstatus.Status{ID: "a", State: jobstatus.Canceled}, []error{jobstatus.ErrJobCanceled}},
		{&jobstatus.WaitError{ID: "a", Reason: jobstatus.ErrTimeout, LastErr: secret, Polls: 7, Elapsed: time.Minute, HeldUp: "x"}, st, []error{jobstatus.ErrTimeout}},
		{&jobstatus.WaitError{ID: "a", Reason: jobstatus.ErrMaxAttempts, LastErr: secret}, st, []error{jobstatus.ErrMaxAttempts}},
		{&jobstatus.WaitError{ID: "a", Reason: jobstatus.ErrThrottled}, st, []error{jobstatus.ErrThrottled}},
		{&jobstatus.WaitError{ID: "a", Reason: jobstatus.ErrBlocked}, st, []error{jobstatus.ErrBlocked}},
		{fmt.Errorf("x: %w", &transport.Error{Class: transport.NotFound, Code: 404, Err: secret}), st, []error{jobstatus.ErrNotFound}},
		{fmt.Errorf("x: %w", &transport.Error{Class: transport.Permanent, Code: 401, Err: secret}), st, nil},
		{&jobstatus.PanicError{Value: secret}, st, nil},
		{secret, st, nil},
	} {
		data := encodeEnding(ending{Of: 1, ID: "a", Status: c.st, Failure: failureOf(c.err)}, 1<<20)
		assert.NotContains(t, string(data), "token", "no URL is stored")
		e, err := decodeEnding(data, nil)
		require.NoError(t, err)
		got := newEnd(e, nil).Err
		require.Error(t, got)
		for _, target := range c.matches {
			assert.ErrorIs(t, got, target)
		}
		var wait *jobstatus.WaitError
		if errors.As(c.err, &wait) {
			var have *jobstatus.WaitError
			require.ErrorAs(t, got, &have)
			assert.Equal(t, wait.Polls, have.Polls)
			assert.Equal(t, wait.Elapsed, have.Elapsed)
			assert.Equal(t, wait.HeldUp, have.HeldUp)
		}
		assert.Equal(t, errors.As(c.err, new(*jobstatus.JobError)), errors.As(got, new(*jobstatus.JobError)))
		assert.NotEmpty(t, got.Error())
	}
	assert.Nil(t, failureOf(nil))
	assert.NoError(t, (*failure)(nil).error(st))
	assert.ErrorContains(t, failureOf(&transport.Error{Class: transport.Permanent, Code: 401}).error(st), "401")
}

func TestOnlyTheEndOfItsContextGivesAWatchOn(t *testing.T) {
	t.Parallel()
	st := jobstatus.Status{ID: "a"}
	reason := func(err error) error { return &jobstatus.WaitError{ID: "a", Reason: err, LastErr: errGivenUp} }
	for _, c := range []struct {
		st   jobstatus.Status
		err  error
		want outcome
	}{
		{st, nil, over},
		{st, &jobstatus.JobError{Status: st}, over},
		{st, reason(jobstatus.ErrTimeout), over},
		{st, reason(errGivenUp), given},
		{jobstatus.Status{}, &jobstatus.WaitError{Reason: errGivenUp}, given},
		{st, reason(jobstatus.ErrClosed), closed},
		{st, fmt.Errorf("jobstatus: %w", jobstatus.ErrClosed), closed},
		{st, fmt.Errorf("jobstatus: %w", jobstatus.ErrMaxWatches), full},
		{st, &jobstatus.PanicError{Value: 1}, over},
		{st, errors.New("permanent"), over},
		{jobstatus.Status{}, errors.New("the Watcher was not made by New"), refused},
	} {
		assert.Equal(t, c.want, outcomeOf(c.st, c.err), "%v", c.err)
	}
}

func FuzzDecode(f *testing.F) {
	key, err := newSecret(keyOfBytes(1))
	require.NoError(f, err)
	f.Add(encode(submission{Format: 1, ID: key.seal("a"), Kind: "k"}))
	f.Add(encode(ending{Format: 1, Of: 3, ID: key.seal("a"), Status: jobstatus.Status{ID: "b"}}))
	f.Add(encode(submission{Format: 1, ID: key.seal("\x00")}))
	f.Add(encode(submission{Format: 1, ID: "a", Kind: "k", Timeout: time.Second}))
	f.Add(encodeEnding(ending{Of: 3, ID: "a", Status: jobstatus.Status{State: jobstatus.Failed}, Failure: &failure{Job: true}}, 1<<20))
	f.Add(encode(ending{Format: 1, Of: 3, ID: "a", Forgotten: true}))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range []*secret{nil, key} {
			if s, err := decodeSubmission(data, k); err == nil {
				require.NoError(t, transport.CheckID(s.ID))
				var sent submission
				require.NoError(t, json.Unmarshal(data, &sent))
				id, err := k.open(sent.ID)
				require.NoError(t, err)
				require.Equal(t, id, s.ID)
			}
			if e, err := decodeEnding(data, k); err == nil {
				require.NoError(t, transport.CheckID(e.ID))
				require.Equal(t, newEnd(e, k).Key, keyOf(e, k))
			}
			if e, err := decodeRelayed(data, k); err == nil {
				require.NoError(t, transport.CheckID(e.Status.ID))
			}
		}
		if s, err := decodeSubmission(data, nil); err == nil {
			require.NoError(t, transport.CheckID(s.ID))
			s.Format = format
			again, err := decodeSubmission(encode(s), nil)
			require.NoError(t, err)
			require.Equal(t, s, again)
		}
		if e, err := decodeEnding(data, nil); err == nil {
			require.NotZero(t, e.Of)
			require.Equal(t, e.ID, e.Status.ID)
			end := newEnd(e, nil)
			require.NotEmpty(t, end.Key)
			if end.Err != nil {
				_ = end.Err.Error()
			}
			again, err := decodeEnding(encodeEnding(e, 1<<20), nil)
			require.NoError(t, err)
			require.Equal(t, e.Of, again.Of)
			require.Equal(t, e.ID, again.ID)
		}
	})
}

func FuzzSubject(f *testing.F) {
	f.Add("a", 64)
	f.Add("https://x/y?z .*>", 1)
	for _, partition := range []string{"7", "07", "+7", "-7", "99999999999999999999"} {
		f.Add("fw."+partition+"."+strings.Repeat("0a", 16)+".s", 8)
	}
	f.Add("fw.7."+strings.Repeat("0A", 16)+".s", 8)
	f.Fuzz(func(t *testing.T, id string, partitions int) {
		if partitions < 1 {
			partitions = 1
		}
		p := placeOf(id, partitions)
		require.GreaterOrEqual(t, p.partition, 0)
		require.Less(t, p.partition, partitions)
		got, suffix, err := splitSubject(p.subject("fw", endedSuffix))
		require.NoError(t, err)
		require.Equal(t, p, got)
		require.Equal(t, endedSuffix, suffix)
		if p, suffix, err := splitSubject(id); err == nil {
			name, _, _ := strings.Cut(id, ".")
			require.Equal(t, id, p.subject(name, suffix), "a subject has one spelling")
		}
	})
}
