package a2a

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/rpc"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	errHeld     = errors.New("a2a: the hold is over")
	errNoStream = fmt.Errorf("a2a: the agent has no streams of events: %w", errors.ErrUnsupported)
)

// Hold subscribes to a task, and returns when its state or message is no longer that of last, or
// after about d. An agent without streams is asked once; the error then matches
// [errors.ErrUnsupported].
//
// An event says less than a task does, so that Hold asks for the task when an event says something
// new.
func (t *Tasks) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	if t.deaf.Load() {
		return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: errNoStream}
	}
	if last.ID == "" || last.State.Terminal() { // nothing is known, or nothing can change
		return t.Status(ctx, id)
	}
	heard, err := t.listen(ctx, id, last, d)
	if err != nil && ctx.Err() != nil {
		return transport.Status{}, fmt.Errorf("a2a: %w", context.Cause(ctx))
	}
	var refused *transport.Error
	switch {
	case heard == same && errors.Is(err, errHeld):
		return last, nil
	case heard == nothing && errors.As(err, &refused) && refused.Class != transport.Permanent && !errors.Is(err, errHeld):
		return transport.Status{}, err
	}
	st, failed := t.Status(ctx, id)
	if failed == nil && heard == nothing && isRefusal(err) && !st.State.Terminal() {
		t.deaf.Store(true) // an agent refuses to tell of a task that has ended, too
		return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: errNoStream}
	}
	return st, failed
}

// isRefusal reports whether an agent refused to subscribe.
func isRefusal(err error) bool {
	var refused *transport.Error
	return errors.Is(err, errRefused) || errors.As(err, &refused) && refused.Class == transport.Permanent
}

// heard is what a subscription has brought.
type heard int

const (
	nothing heard = iota
	same          // nothing but what was known
	news
)

// listen reads the events of a task until one of them is news, for d at most. The error says why it
// ended otherwise.
func (t *Tasks) listen(ctx context.Context, id string, last transport.Status, d time.Duration) (h heard, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	slept := make(chan struct{})
	go func() { // it ends when listen does
		defer close(slept)
		if transport.HostOf(ctx).Sleep(ctx, d) == nil {
			cancel(errHeld)
		}
	}()
	defer func() {
		if errors.Is(context.Cause(ctx), errHeld) {
			err = errHeld
		}
		cancel(nil)
		<-slept
	}()
	stream, err := t.streams.Fetch(ctx, transport.Status{ID: id})
	if err != nil {
		return nothing, err
	}
	defer stream.Close()
	return read(stream, id, last)
}

// read reads events until one of them is news of the task.
func read(stream io.Reader, id string, last transport.Status) (heard, error) {
	content := bufio.NewReader(stream)
	if first, err := content.Peek(1); err == nil && first[0] == '{' { // an answer in place of a stream
		return nothing, errRefused
	}
	h := nothing
	events := rpc.NewEvents(content, maxEvent)
	for {
		event, err := events.Next()
		if err != nil {
			return h, err
		}
		st, err := ReadPush(event)
		switch {
		case err != nil:
			return h, err
		case st.ID == id && (st.State != last.State || st.Raw != last.Raw || st.Message != last.Message):
			return news, nil
		}
		h = same
	}
}
