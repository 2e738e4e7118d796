package sighting

import (
	"context"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/internal/problems"
	"github.com/iamber12/job-status-monitoring/transport"
)

// maxErrorText bounds, in bytes, the text of an error that a watch keeps between two polls.
const maxErrorText = 4 << 10

// A PollError is the error of a poll together with what a watch does about it. Only [PollErrorOf]
// calls the methods of the error. Later decisions read the fields.
//
// The zero PollError means that the poll was answered.
type PollError struct {
	// Err is the error, nil if the poll was answered.
	Err error
	// Class says what the watch does about it.
	Class transport.Class
	// RetryAfter is the wait that the service asks for, or 0.
	RetryAfter time.Duration
	// NotAnswered is whether the answer to a batch left the job out.
	NotAnswered bool
	// Unsupported is whether requests about the job cannot be held: the error matches
	// [errors.ErrUnsupported], and Crowded is false.
	Unsupported bool
	// Crowded is whether the Transport has no room for another hold: the error matches
	// [errors.ErrUnsupported], and is of class Throttled.
	Crowded bool
	// Panicked is whether the Transport panicked or ended its goroutine.
	Panicked bool
	// Misrouted is whether another server answered than the service: with a 421 (Misdirected Request),
	// or with a 404 that is not about the job. Both may pass.
	Misrouted bool
}

// sentinels are the errors with which the library and its callers compare an error. PollErrorOf
// compares with them first, because its callers recover a panic of the error's methods.
var sentinels = [...]error{
	context.Canceled, context.DeadlineExceeded, transport.ErrNotFound, transport.ErrMalformed, transport.ErrThrottled, transport.ErrInvalidID,
}

// PollErrorOf returns the PollError of err. It calls the methods of err, which may panic or end the
// goroutine, so the caller must recover. An error whose text is longer than 4 KiB is replaced by
// one with the beginning of that text and the same class, code and wait.
//
// If err holds a nil pointer, PollErrorOf panics, because its author meant to return nil. It also
// panics if err wraps more than 100,000 others, as an error does that wraps itself.
func PollErrorOf(err error) PollError {
	if err == nil {
		return PollError{}
	}
	if problem := problems.OfError(err); problem != "" {
		panic(problem)
	}
	for _, target := range sentinels {
		_ = errors.Is(err, target)
	}
	f := PollError{Err: err, NotAnswered: errors.Is(err, transport.ErrNotAnswered), Unsupported: errors.Is(err, errors.ErrUnsupported)}
	code := 0
	if e := (*transport.Error)(nil); errors.As(err, &e) && e != nil {
		f.Class, f.RetryAfter, code = e.Class, e.RetryAfter, e.Code
	}
	f.Misrouted = f.Class == transport.Misdirected && (code == http.StatusMisdirectedRequest || code == http.StatusNotFound)
	if f.Unsupported && f.Class == transport.Throttled {
		f.Unsupported, f.Crowded = false, true
	}
	if f.Class == transport.Unauthorized { // the Transport got no new token
		f.Class = transport.Permanent
	}
	if text := err.Error(); len(text) > maxErrorText {
		f.Err = &transport.Error{Class: f.Class, Code: code, RetryAfter: f.RetryAfter, Err: errors.New(cut(text, maxErrorText))}
	}
	return f
}

// Oddity reports whether the error says nothing certain about the job, so that the patience
// decides. There are three such errors: the answer could not be read, the service does not know the
// job, or the request did not reach the service. The last one is odd only if the job was seen
// before, or if another server answered. Otherwise it is final.
func (f PollError) Oddity(seen bool) bool {
	switch f.Class {
	case transport.Malformed, transport.NotFound:
		return true
	case transport.Misdirected:
		return seen || f.Misrouted
	default:
		return false
	}
}

// Final reports whether the error ends the watch at once. The argument seen says whether the job
// was seen before.
func (f PollError) Final(seen bool) bool {
	return f.Class == transport.Permanent || f.Class == transport.Misdirected && !seen && !f.Misrouted
}

// cut shortens s to at most n bytes and adds an ellipsis, if s is longer.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
