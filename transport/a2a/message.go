package a2a

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Message is the Input of a [transport.CreateRequest]: what the agent is told.
type Message struct {
	// Text is the first part of the message; the default is none.
	Text string
	// Parts are the parts behind the Text, in the agent's version of the protocol.
	Parts []any
	// ContextID is the conversation that the message belongs to; the default is a new one.
	ContextID string
	// TaskID is the task that the message is about, such as one that asked for an input; the default
	// is a new one.
	TaskID string
	// Metadata is the message's metadata; the default is none.
	Metadata map[string]any
	// Configuration is added to the configuration of the call, such as where to push notifications.
	Configuration map[string]any
}

// String says what a message is. It leaves out its parts, which may be private.
func (m Message) String() string {
	return fmt.Sprintf("message of %d bytes of text and %d parts", len(m.Text), len(m.Parts))
}

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (m Message) GoString() string { return m.String() }

var errNoParts = errors.New("the Message has neither Text nor Parts")

// params returns what a message is sent as.
func (b Binding) params(req transport.CreateRequest) (map[string]any, error) {
	var m Message
	switch in := req.Input.(type) {
	case Message:
		m = in
	case *Message:
		if in == nil {
			return nil, errNoParts
		}
		m = *in
	default:
		return nil, fmt.Errorf("the input is a %T, and must be a Message", req.Input)
	}
	if m.Text == "" && len(m.Parts) == 0 {
		return nil, errNoParts
	}
	message := map[string]any{"messageId": cmp.Or(req.IdempotencyKey, rand.Text()), "role": "ROLE_USER"}
	text := map[string]any{"text": m.Text}
	configuration := map[string]any{"returnImmediately": true}
	if b == JSONRPC03 {
		message["role"], message["kind"], text["kind"] = "user", "message", "text"
		configuration = map[string]any{"blocking": false}
	}
	parts := m.Parts
	if m.Text != "" {
		parts = append([]any{text}, m.Parts...)
	}
	message["parts"] = parts
	for name, value := range map[string]string{"contextId": m.ContextID, "taskId": m.TaskID} {
		if value != "" {
			message[name] = value
		}
	}
	if m.Metadata != nil {
		message["metadata"] = m.Metadata
	}
	for name, value := range m.Configuration {
		configuration[name] = value
	}
	return map[string]any{"message": message, "configuration": configuration}, nil
}
