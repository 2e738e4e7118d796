package trouble

import (
	"net/http"
	"time"
)

// Operation is what a call asks for.
type Operation uint8

// The operations that a Rule can be about.
const (
	Status Operation = iota // of one job, or of many in a batch
	Create
	Cancel
	Unasked // what the service tells unasked
)

// A Rule selects calls.
type Rule struct {
	Operation Operation
	ID        string                 // of the job that they are about, empty for any
	Limits    []func(m *Moment) bool // all hold
}

// A Moment is one call, with what a Rule looks at.
type Moment struct {
	N      int // counted from 1 among the calls of the operation and the job that the Rule names
	Now    time.Duration
	Ages   []time.Duration // of the jobs that it names, and that there are
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
