package sighting

import (
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/transport"
)

// maxErrorText bounds, in bytes, the text of an error that a watch keeps between two polls.
const maxErrorText = 4 << 10

// A Fault is an error of a poll together with what a watch does about it. Only [FaultOf] calls the
// methods of the error. Later decisions read the fields.
//
// The zero Fault means that the poll was answered.
type Fault struct {
	// Err is the error, nil if the poll was answered.
	Err error
	// Class says what the watch does about it.
	Class transport.Class
	// RetryAfter is how long the service asks to be left alone, or 0.
	RetryAfter time.Duration
	// NotAnswered is whether the answer to a batch left the job out.
	NotAnswered bool
}

// FaultOf returns the Fault of err. It calls the methods of err, which may panic or end the
// goroutine, so the caller must recover. An error whose text is longer than 4 KiB is replaced by
// one with the beginning of that text.
//
// If err holds a nil pointer, FaultOf panics, because its author meant to return nil.
func FaultOf(err error) Fault {
	if err == nil {
		return Fault{}
	}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
		panic(fmt.Sprintf("the error is a nil %T: return a plain nil instead", err))
	}
	f := Fault{Err: err, NotAnswered: errors.Is(err, transport.ErrNotAnswered)}
	if e := (*transport.Error)(nil); errors.As(err, &e) {
		f.Class, f.RetryAfter = e.Class, e.RetryAfter
	}
	if text := err.Error(); len(text) > maxErrorText {
		f.Err = &transport.Error{Class: f.Class, RetryAfter: f.RetryAfter, Err: errors.New(cut(text, maxErrorText))}
	}
	return f
}

// Oddity reports whether the fault says nothing certain about the job, so that the patience
// decides. There are three: the answer could not be read, the service does not know the job, or the
// request did not reach the service. The last one is odd only if the job was seen before. Otherwise
// it is final.
func (f Fault) Oddity(seen bool) bool {
	switch f.Class {
	case transport.Malformed, transport.NotFound:
		return true
	case transport.Misdirected:
		return seen
	default:
		return false
	}
}

// Final reports whether the fault ends the watch at once. The argument seen says whether the job
// was seen before.
func (f Fault) Final(seen bool) bool {
	return f.Class == transport.Permanent || f.Class == transport.Misdirected && !seen
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
