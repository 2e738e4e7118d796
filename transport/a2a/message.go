package a2a

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Message is the Input of a [transport.CreateRequest]: a message to the agent.
type Message struct {
	// Text is the first part of the message. By default there is no such part.
	Text string
	// Parts are the parts after the Text, as the agent's version of the protocol encodes them.
	Parts []any
	// ContextID is the id of the conversation to which the message belongs. The default is a new
	// conversation.
	ContextID string
	// TaskID is the id of the task that the message is about, such as a task that asked for input. The
	// default is a new task.
	TaskID string
	// Metadata is the message's metadata. The default is none.
	Metadata map[string]any
	// Configuration is added to the configuration of the call. It can name a URL for push
	// notifications.
	Configuration map[string]any
}

// String returns the size of the message. It leaves out the parts, which may be private.
func (m Message) String() string {
	return fmt.Sprintf("message of %d bytes of text and %d parts", len(m.Text), len(m.Parts))
}

// GoString returns what String returns, so that no verb of package fmt prints the parts.
func (m Message) GoString() string { return m.String() }

var errNoParts = errors.New("the Message has neither Text nor Parts")

// params returns the params that send a message in the binding b.
func (b Binding) params(req transport.CreateRequest) (map[string]any, error) {
	m, err := rpc.Input[Message](req.Input)
	if err != nil {
		return nil, err
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
	maps.Copy(configuration, m.Configuration)
	return map[string]any{"message": message, "configuration": configuration}, nil
}
