package transport

import (
	"errors"
	"fmt"
)

// State is the state of a job. The states are the same for every service.
type State uint8

const (
	// Unknown means that the Transport does not know the service's word for the state. A Watcher goes
	// on, as if the job had not ended.
	Unknown State = iota
	// Pending means that the job is accepted and has not begun.
	Pending
	// Running means that the job has begun and not ended.
	Running
	// Completed means that the job ended with success.
	Completed
	// Failed means that the job ended without success.
	Failed
	// Canceled means that the job ended because somebody asked for it.
	Canceled
	// Blocked means that the job waits for a person, for an approval, an input or a sign-in. The
	// Message of the [Status] says what the job waits for, if the service reports that.
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

// UnmarshalText decodes what MarshalText encodes. It returns an error for an unknown state, and if
// s is nil.
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
