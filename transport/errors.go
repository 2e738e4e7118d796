package transport

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrNotFound is matched by the error of a poll if the service does not know the job.
var ErrNotFound = errors.New("job not found")

// ErrInvalidID is matched by the error of [CheckID].
var ErrInvalidID = errors.New("invalid job id")

// ErrMalformed is matched by the error of a poll whose answer could not be read.
var ErrMalformed = errors.New("malformed answer")

// ErrThrottled is matched by the error of a poll that the service refused because it wants fewer
// requests.
var ErrThrottled = errors.New("throttled")

// ErrNotAnswered is matched by the error of a poll in a batch whose answer left the job out. The
// error is transient.
var ErrNotAnswered = errors.New("not in the answer to the batch")

// Class says what a watch does about an [Error]. The zero Class is [Transient].
type Class uint8

// String returns the name of the class in lower case, such as "not found".
func (c Class) String() string {
	if names := [...]string{"transient", "throttled", "malformed", "not found", "permanent", "oversized", "misdirected", "unauthorized"}; int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("class %d", uint8(c))
}

const (
	// Transient is a fault that is expected to pass. The watch goes on until its limits.
	Transient Class = iota
	// Throttled is like Transient, but says that the service works and wants fewer requests.
	Throttled
	// Malformed is an answer that could not be read. The watch goes on until its patience is over: see
	// jobstatus.WithPatience.
	Malformed
	// NotFound is a job that the service does not know. The watch goes on until its patience is over,
	// because a replica of the service may not know a new job yet.
	NotFound
	// Permanent is an error that no further poll would change. It ends the watch at once.
	Permanent
	// Oversized is a request of a [Batcher] that names more jobs than the service accepts. For a
	// request about a single job it counts as Transient.
	Oversized
	// Misdirected is a request that did not reach the intended service. The certificate is not
	// trusted, a redirect was refused, or the server says that the request is for another host. The
	// watch ends at once if no poll has found the job before and the Code is neither 404 nor 421. In
	// all other cases the watch goes on until its patience is over.
	Misdirected
	// Unauthorized is a request whose token the service refused in another way than by an HTTP 401.
	// Package rest sends such a request again if it gets a new token. For a watch it is like
	// Permanent.
	Unauthorized
)

// Error is an error of a [Transport] that tells a Watcher what to do. Any other error of a
// Transport counts as [Transient].
type Error struct {
	// Class says what the watch does about it.
	Class Class
	// Code is the service's status code, such as an HTTP status, or 0.
	Code int
	// RetryAfter is the wait before the next poll that the service asks for. It is 0 if the service
	// named no wait, and [NoWait] if it named a wait of zero.
	RetryAfter time.Duration
	// Err is the cause. It must hold no secret.
	Err error
}

// Error returns the text of the cause, or the name of the class if there is no cause. It may be
// called on nil.
func (e *Error) Error() string {
	switch {
	case e == nil:
		return "transport error"
	case e.Err != nil:
		return e.Err.Error()
	case e.sentinel() != nil:
		return e.sentinel().Error()
	default:
		return "transport error"
	}
}

// Unwrap returns the cause, or nil if there is none. It may be called on nil.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Is reports whether target is the sentinel of e's class: ErrNotFound, ErrMalformed or
// ErrThrottled. It may be called on nil.
func (e *Error) Is(target error) bool { return e != nil && target != nil && target == e.sentinel() }

func (e *Error) sentinel() error {
	switch e.Class {
	case NotFound:
		return ErrNotFound
	case Malformed:
		return ErrMalformed
	case Throttled:
		return ErrThrottled
	default:
		return nil
	}
}

// MaxIDBytes is the length of the longest valid id, in bytes. It is large because the id of some
// services is a URL that holds a token.
const MaxIDBytes = 16 << 10

// CheckID returns an error that matches [ErrInvalidID] if id is empty, "." or "..", longer than
// [MaxIDBytes], not UTF-8, or contains a control character. Any other id is valid, even with a
// slash or a question mark in it. A transport must encode it.
func CheckID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidID)
	case id == "." || id == "..":
		return fmt.Errorf("%w: %q is a path", ErrInvalidID, id)
	case len(id) > MaxIDBytes:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrInvalidID, len(id), MaxIDBytes)
	case isPrintable(id):
		return nil
	case !utf8.ValidString(id):
		return fmt.Errorf("%w: not UTF-8", ErrInvalidID)
	}
	for _, r := range id {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: control character %U", ErrInvalidID, r)
		}
	}
	return nil
}

// isPrintable reports whether id is plain ASCII, as nearly all are. Each poll checks its id, so it
// looks at eight bytes at a time: the highest bit of each byte of x, of x less a space, or of x and
// one more is set if any byte of x is beyond ASCII, before the space, or the delete character.
func isPrintable(id string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(id) >= 8; id = id[8:] {
		x := uint64(id[0]) | uint64(id[1])<<8 | uint64(id[2])<<16 | uint64(id[3])<<24 |
			uint64(id[4])<<32 | uint64(id[5])<<40 | uint64(id[6])<<48 | uint64(id[7])<<56
		if (x|(x-ones*' ')|(x+ones))&highs != 0 {
			return false
		}
	}
	for i := range len(id) {
		if id[i]-' ' > '~'-' ' {
			return false
		}
	}
	return true
}
