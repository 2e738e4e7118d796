package rpc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/eventstream"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ErrRefused is the error that Read of a [Holder] returns, or wraps, if an event is a JSON-RPC
// error.
var ErrRefused = errors.New("the stream has a JSON-RPC error in place of an event")

var errNoStream = fmt.Errorf("the service has no stream of events: %w", errors.ErrUnsupported)

// Holder is the [transport.Holder] of a service that sends events of a job on a stream. It is safe
// for concurrent use.
//
// An event has fewer details than the answer to a poll. Holder therefore polls when an event shows
// a change. It also polls at the end of each hold, because a stream may repeat an old state.
type Holder struct {
	// Name begins the texts of errors.
	Name string
	// Streams subscribes to a job by its Fetch.
	Streams *rest.Client
	// Read reads an event. An event without a job's state gives the zero Status.
	Read func(event []byte) (transport.Status, error)
	// Poll asks for a job.
	Poll func(ctx context.Context, id string) (transport.Status, error)

	refusals refusals
}

// Hold subscribes to a job. It returns when the job's state or message differs from last, or after
// about d. If the service refuses to open a stream, the error matches [errors.ErrUnsupported]. Hold
// then does not subscribe to the job for a minute. After three refusals in a row it subscribes to
// none. The pauses double with each refusal, up to an hour.
func (h *Holder) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	if ctx == nil {
		return transport.Status{}, Errorf(transport.Permanent, "%s: nil context", h.Name)
	}
	host := transport.HostOf(ctx)
	if h.refusals.has(id, host.Now()) {
		return transport.Status{}, h.unsupported()
	}
	if last.ID == "" || last.State.Terminal() { // nothing is known, or nothing can change
		return h.Poll(ctx, id)
	}
	brought := nothing
	err := within(ctx, d, func(ctx context.Context) (err error) {
		brought, err = h.listen(ctx, id, last)
		return err
	})
	if brought != nothing || errors.Is(err, errElapsed) {
		h.refusals.opened(id)
	}
	var refused *transport.Error
	switch {
	case err != nil && ctx.Err() != nil:
		return transport.Status{}, fmt.Errorf("%s: %w", h.Name, context.Cause(ctx))
	case brought == nothing && errors.As(err, &refused) && refused.Class != transport.Permanent:
		return transport.Status{}, err
	}
	st, failed := h.Poll(ctx, id)
	if brought == same && errors.Is(err, errElapsed) && passes(failed) && ctx.Err() == nil {
		return last, nil // the hold itself did not fail
	}
	if failed == nil && brought == nothing && isRefusal(err) && !st.State.Terminal() {
		h.refusals.refused(id, host.Now()) // not for a job that has ended, for which a service may refuse a subscription
		return transport.Status{}, h.unsupported()
	}
	return st, failed
}

func (h *Holder) unsupported() error {
	return Errorf(transport.Permanent, "%s: %w", h.Name, errNoStream)
}

// isRefusal reports whether a service refused to subscribe.
func isRefusal(err error) bool {
	var refused *transport.Error
	return errors.Is(err, ErrRefused) || errors.As(err, &refused) && refused.Class == transport.Permanent
}

// passes reports whether err is an error after which a later poll may be answered.
func passes(err error) bool {
	var e *transport.Error
	return err != nil && (!errors.As(err, &e) || e == nil || e.Class == transport.Transient || e.Class == transport.Throttled)
}

// heard is the kind of events that a subscription has received.
type heard int

const (
	nothing heard = iota
	same          // only events without a change
	news
)

// listen reads the events of a job until one of them shows a change. The error says why it ended
// without one.
func (h *Holder) listen(ctx context.Context, id string, last transport.Status) (heard, error) {
	stream, err := h.Streams.Fetch(ctx, transport.Status{ID: id})
	if err != nil {
		return nothing, err
	}
	defer stream.Close()
	content := bufio.NewReader(stream)
	if first, err := content.Peek(1); err == nil && first[0] == '{' { // an answer in place of a stream
		return nothing, ErrRefused
	}
	return h.read(content, id, last)
}

// read reads events until one of them shows a change of the job.
func (h *Holder) read(stream io.Reader, id string, last transport.Status) (heard, error) {
	brought := nothing
	for events := eventstream.NewDecoder(stream, MaxBody, ""); ; {
		event, err := events.Next()
		if err != nil {
			return brought, err
		}
		if len(event.Data) == 0 {
			continue
		}
		st, err := h.Read(event.Data)
		switch {
		case err != nil:
			return brought, err
		case st.ID == id && differs(st, last):
			return news, nil
		}
		brought = same
	}
}

// maxCompared is how much of a message is compared, in bytes. A Watcher keeps only the beginning of
// a long message, so that the rest would look like a change in each event.
const maxCompared = 1 << 10

// differs reports whether an event shows a change of what is known about a job. A service may spell
// the same word differently in events and in answers. So the word counts only if the state alone
// does not say what the job does.
func differs(event, known transport.Status) bool {
	if event.State != known.State || beginning(event.Message) != beginning(known.Message) {
		return true
	}
	return event.State != transport.Pending && event.State != transport.Running && event.Raw != known.Raw
}

func beginning(message string) string { return message[:min(len(message), maxCompared)] }
