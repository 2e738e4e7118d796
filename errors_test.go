package jobstatus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/timeline"
)

func TestWaitErrorSaysWhatWasSeenAndWhatHeldItUp(t *testing.T) {
	t.Parallel()
	at := WaitError{ID: "a", Reason: ErrClosed, Polls: 3, Elapsed: 1500 * time.Millisecond, answered: true}
	for want, change := range map[string]func(*WaitError){
		`no state was seen: the Transport returned neither a State nor an error`: func(*WaitError) {},
		`no state was seen`: func(e *WaitError) { e.answered = false }, // it was resumed
		`last seen running`: func(e *WaitError) { e.Last = Status{State: Running, Raw: "encoding"} },
		`last seen unknown: "done" is no word that the Transport knows (with transport/rest: it is in none of Dialect.States)`: func(
			e *WaitError) {
			e.Last.Raw = "done"
		},
		`no state was seen; last error: EOF`: func(e *WaitError) { e.LastErr = io.EOF },
		`no state was seen; last error: EOF; held up: the rate limit (WithRateLimit)`: func(e *WaitError) {
			e.LastErr, e.HeldUp = io.EOF, "the rate limit (WithRateLimit)"
		},
	} {
		e := at
		change(&e)
		assert.EqualError(t, &e, `jobstatus: gave up on job "a" after 1.5s (polls: 3): watcher closed; `+want)
	}
	long := WaitError{ID: strings.Repeat("i", 9000), Last: Status{Raw: strings.Repeat("w", 9000)}}
	assert.Less(t, len(long.Error()), 1000)
}

func TestTheEnginesResultIsToldInFull(t *testing.T) {
	t.Parallel()
	last := Status{ID: "a", State: Running}
	err := resultError(&timeline.Result{Status: last, End: timeline.GaveUp, Err: io.EOF, LastErr: io.ErrShortWrite,
		Context: context.Canceled, Polls: 2, Elapsed: 3, Answered: true, HeldUp: "busy workers (WithConcurrency)"})
	assert.Equal(t, &WaitError{ID: "a", Reason: io.EOF, Last: last, LastErr: io.ErrShortWrite, Polls: 2, Elapsed: 3,
		HeldUp: "busy workers (WithConcurrency)", answered: true, context: context.Canceled}, err)
	for _, target := range []error{io.EOF, io.ErrShortWrite, context.Canceled} {
		require.ErrorIs(t, err, target)
	}
}

// The error of a failed job without a message quotes the service's own words.
func TestAJobErrorSaysWhatTheServiceSaid(t *testing.T) {
	t.Parallel()
	for want, st := range map[string]Status{
		`jobstatus: job "7" failed: "disk full"`:          {ID: "7", State: Failed, Message: "disk full", Raw: "complete, error"},
		`jobstatus: job "7" failed ("complete, error")`:   {ID: "7", State: Failed, Raw: "complete, error"},
		`jobstatus: job "7" failed`:                       {ID: "7", State: Failed, Raw: "FAILED"},
		`jobstatus: job "7" canceled ("STOPPED_BY_USER")`: {ID: "7", State: Canceled, Raw: "STOPPED_BY_USER"},
	} {
		assert.EqualError(t, &JobError{Status: st}, want)
	}
}

// fault 32
func TestNilErrorsSayNothingAndDoNotPanic(t *testing.T) {
	t.Parallel()
	for _, err := range []error{(*JobError)(nil), (*WaitError)(nil), (*PanicError)(nil), &JobError{}, &WaitError{}, &PanicError{}} {
		assert.NotPanics(t, func() {
			assert.NotEmpty(t, err.Error())
			assert.NotErrorIs(t, err, io.EOF)
			assert.False(t, errors.As(err, new(*timeoutLike)))
			_ = errors.Unwrap(err)
			_ = fmt.Sprintf("%v %+v", err, err)
		}, "%T", err)
	}
}

type timeoutLike struct{ error }

// fault 53: whoever inspects an error does not get a panic of its methods.
func TestAPanicWithAnErrorThatPanicsCanBeLookedAt(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("watch: %w", &PanicError{Value: explosive{}})
	assert.NotPanics(t, func() {
		assert.NotEmpty(t, err.Error())
		assert.NotErrorIs(t, err, io.EOF)
		assert.False(t, errors.As(err, new(*timeoutLike)))
	})
	err = &PanicError{Value: fmt.Errorf("read: %w", &timeoutLike{io.EOF})}
	require.ErrorIs(t, &PanicError{Value: fmt.Errorf("read: %w", io.EOF)}, io.EOF)
	require.ErrorAs(t, err, new(*timeoutLike))
}

type explosive struct{}

func (explosive) Error() string { panic("Error") }
func (explosive) Is(error) bool { panic("Is") }
func (explosive) As(any) bool   { panic("As") }
func (explosive) Unwrap() error { panic("Unwrap") }
