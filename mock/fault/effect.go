package fault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// Effect is what a [github.com/iamber12/job-status-monitoring/mock.Fault] does to a request or its
// answer.
type Effect struct {
	set func(*trouble.Trouble)
	err error
}

// Apply adds e to t. It returns an error if an argument of e is impossible. It is for package mock.
func (e Effect) Apply(t *trouble.Trouble) error {
	switch {
	case e.err != nil:
		return e.err
	case e.set == nil:
		return errors.New("an effect is zero")
	}
	e.set(t)
	return nil
}

func effect(valid bool, problem string, set func(*trouble.Trouble)) Effect {
	if !valid {
		return Effect{err: errors.New(problem)}
	}
	return Effect{set: set}
}

// Code answers with a status code and a body. The request itself has no effect.
func Code(code int, body ...string) Effect {
	return effect(code >= 200 && code <= 599, fmt.Sprintf("Code(%d): must be from 200 to 599", code),
		func(t *trouble.Trouble) { t.Answer = &trouble.Answer{Code: code, Body: strings.Join(body, "")} })
}

// Redirect answers 302 with a Location.
func Redirect(location string) Effect {
	return Effect{set: func(t *trouble.Trouble) {
		t.Answer = &trouble.Answer{Code: http.StatusFound, Header: http.Header{"Location": {location}}}
	}}
}

// Header sets a header of the answer, such as a wrong Content-Type.
func Header(name, value string) Effect {
	return effect(name != "", "Header without a name", func(t *trouble.Trouble) {
		if t.Header == nil {
			t.Header = http.Header{}
		}
		t.Header.Set(name, value)
	})
}

// RetryAfter sends a Retry-After with exactly this value: seconds, a date, or any other text.
func RetryAfter(value string) Effect { return Header("Retry-After", value) }

// RetryAt sends a Retry-After with a date that is d after the Date of the answer.
func RetryAt(d time.Duration) Effect { return Effect{set: func(t *trouble.Trouble) { t.RetryAt = d }} }

// DateOff sends a Date header that is wrong by d, like a service whose clock is wrong.
func DateOff(d time.Duration) Effect { return Effect{set: func(t *trouble.Trouble) { t.DateOff = d }} }

// Body answers with this body, and the status code of the service.
func Body(body string) Effect { return Effect{set: func(t *trouble.Trouble) { t.Body = &body }} }

// Truncated answers with the first half of the body, as if it were complete.
func Truncated() Effect { return Effect{set: func(t *trouble.Trouble) { t.Truncated = true }} }

// Huge answers with a body of n bytes of JSON.
func Huge(n int) Effect {
	return effect(n > 0, fmt.Sprintf("Huge(%d): must be above zero", n), func(t *trouble.Trouble) { t.Huge = n })
}

// GzipBomb answers with a compressed body of about a thousandth of n bytes, which decompresses to n
// bytes.
func GzipBomb(n int) Effect {
	return effect(n > 0, fmt.Sprintf("GzipBomb(%d): must be above zero", n), func(t *trouble.Trouble) { t.Bomb = n })
}

// Latency delays the answer by d, on the service's clock.
func Latency(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Latency(%v): must be above zero", d), func(t *trouble.Trouble) { t.Latency += d })
}

// Drip sends the body one byte at a time, and waits for d between two bytes, on the service's
// clock.
func Drip(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Drip(%v): must be above zero", d), func(t *trouble.Trouble) { t.Drip = d })
}

// Reset breaks the connection in the middle of the body.
func Reset() Effect { return Effect{set: func(t *trouble.Trouble) { t.Reset = true }} }

// Silence keeps the connection open and sends no answer.
func Silence() Effect { return Effect{set: func(t *trouble.Trouble) { t.Silent = true }} }

// Lags answers with the status that the job had d ago, like a replica that is behind. Steps whose
// length is a number of polls do not lag.
func Lags(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Lags(%v): must be above zero", d), func(t *trouble.Trouble) { t.Lag = d })
}

// GoesBack answers with the first status of the job, even if the job has ended.
func GoesBack() Effect { return Effect{set: func(t *trouble.Trouble) { t.Back = true }} }

// Lost drops a push.
func Lost() Effect { return Effect{set: func(t *trouble.Trouble) { t.Lost = true }} }

// Doubled sends a push twice, with the same id.
func Doubled() Effect { return Effect{set: func(t *trouble.Trouble) { t.Doubled = true }} }

// Forged sends a forged webhook before each webhook. The forged one says that the job is completed,
// and is signed with another secret. Forged has no effect on a stream.
func Forged() Effect { return Effect{set: func(t *trouble.Trouble) { t.Forged = true }} }
