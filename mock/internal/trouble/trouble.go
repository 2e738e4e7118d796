// Package trouble has the types by which package fault tells package mock which calls a fault
// selects, and what happens to them.
package trouble

import (
	"net/http"
	"time"
)

// Trouble is the sum of the effects on one call.
type Trouble struct {
	Answer    *Answer // replaces the answer of the service
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

// Push is the part of a Trouble that only a push can have.
type Push struct{ Lost, Doubled, Forged bool }

// Answer is an answer that replaces the answer of the service.
type Answer struct {
	Code   int
	Header http.Header
	Body   string
}

// Unreadable reports whether no client can read a status from the answer.
func (t *Trouble) Unreadable() bool {
	return t.Body != nil || t.Silent || t.Reset || t.Truncated || t.Huge > 0 || t.Bomb > 0
}
