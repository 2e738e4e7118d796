package trouble

import (
	"net/http"
	"time"
)

// Operation is the kind of a call.
type Operation uint8

// The operations that a Rule can select.
const (
	Status Operation = iota // a poll of one job, or of many in a batch
	Create
	Cancel
	Unasked // a push
)

// A Rule selects calls.
type Rule struct {
	Operation Operation
	ID        string                 // the id of their job; empty means any job
	Limits    []func(m *Moment) bool // all must return true
}

// A Moment describes one call for a Rule.
type Moment struct {
	N      int // the number of the call, from 1, among the calls with the Operation and the ID of the Rule
	Now    time.Duration
	Ages   []time.Duration // the ages of those jobs of the call that exist
	Header http.Header
	Random float64
}

// Holds reports whether r selects the call.
func (r *Rule) Holds(m *Moment) bool {
	for _, holds := range r.Limits {
		if !holds(m) {
			return false
		}
	}
	return true
}
