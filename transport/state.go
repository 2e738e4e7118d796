package transport

import (
	"errors"
	"fmt"
)

// State is where a job stands, in words that are the same for every service.
type State uint8

const (
	// Unknown is a state that the service's answer did not map to any other; the job has not ended
	// as far as is known.
	Unknown State = iota
	// Pending is accepted and not begun.
	Pending
	// Running is begun and not ended.
	Running
	// Completed is ended with success.
	Completed
	// Failed is ended without success.
	Failed
	// Canceled is ended on somebody's request.
	Canceled
	// Blocked is begun and not ended, and goes on only after a person has acted: an approval, an
	// input, a sign-in. [Status].Message says what for, if the service does.
	Blocked
)

var stateNames = [...]string{"unknown", "pending", "running", "completed", "failed", "canceled", "blocked"}

// Terminal reports whether a job in this state has ended: completed, failed or canceled.
func (s State) Terminal() bool { return s == Completed || s == Failed || s == Canceled }

// String returns the state in lower case, such as "pending".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText encodes the state as String does.
func (s State) MarshalText() ([]byte, error) {
	if int(s) >= len(stateNames) {
		return nil, fmt.Errorf("transport: no such state: %d", uint8(s))
	}
	return []byte(stateNames[s]), nil
}

// UnmarshalText decodes what MarshalText encodes. On nil it returns an error.
func (s *State) UnmarshalText(text []byte) error {
	if s == nil {
		return errors.New("transport: a nil State can't be set")
	}
	for i, name := range stateNames {
		if string(text) == name {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("transport: no such state: %.40q", text)
}
