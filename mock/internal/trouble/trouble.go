// Package trouble is what package fault and package mock say to each other: what befalls a call,
// and which call it is.
package trouble

import (
	"net/http"
	"time"
)

// Trouble is the sum of the effects on one call.
type Trouble struct {
	Answer    *Answer // in place of the service's own
	Header    http.Header
	Body      *string
	RetryAt   time.Duration
	DateOff   time.Duration
	Latency   time.Duration
	Drip      time.Duration
	Lag       time.Duration
	Back      bool
	Silent    bool
	Reset     bool
	Truncated bool
	Huge      int
	Bomb      int
	Push
}

// Push is the part of a Trouble that only what is told unasked can have.
type Push struct{ Lost, Doubled, Forged bool }

// Answer is one that the service does not give by itself.
type Answer struct {
	Code   int
	Header http.Header
	Body   string
}

// Unreadable reports whether no client can read a status from the answer.
func (t *Trouble) Unreadable() bool {
	return t.Body != nil || t.Silent || t.Reset || t.Truncated || t.Huge > 0 || t.Bomb > 0
}
