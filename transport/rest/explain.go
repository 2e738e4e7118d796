package rest

import (
	"context"
	"errors"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Explanation is what a Dialect makes of one answer, for a person who writes the Dialect.
type Explanation struct {
	// Status is what the answer says, and Err the error that it is.
	Status transport.Status
	Err    error
	// Places are the places that were looked at, in the order of the Dialect's fields.
	Places []Reading
	// Rule is the rule of States, or of Faults, that decided; "" if none did.
	Rule string
	// Stage counts the dialects that were passed over by Then: 0 is the first.
	Stage int
}

// Reading is what stands at one place of an answer.
type Reading struct {
	// Field is the field of the Dialect, such as "State".
	Field string
	// Place is the place.
	Place string
	// Value is what stands there, as JSON; "" is nothing.
	Value string
}

// Explain tells what the Dialect makes of an answer to a status call about the job with the given
// id. The error is one of the Dialect. No request is made.
func (d Dialect) Explain(id string, a Answer) (*Explanation, error) {
	return nil, errors.ErrUnsupported
}

var _ = context.Background
