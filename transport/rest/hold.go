package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

var _ transport.Holder = (*Client)(nil)

// Hold is [Client.StatusSince] by a request that the service keeps until the job changes, or until
// about d has passed. The Dialect's Status says by {hold} how long: see [Call]. If it has no
// {hold}, the error matches [errors.ErrUnsupported], and no request is made.
//
// An answer that says nothing new is no fault: Hold returns last, with the RetryAfter that the
// answer names. Such are a 304, a 204, and any other 2xx without a body, unless the Dialect's
// States name the code. If last tells no state, they are read as any other answer.
//
// A hold shorter than a second is not asked for: the request is that of StatusSince. One longer
// than a day is asked for as a day. A request that
// is held is not sent a second time within the call, but for a new token.
func (c *Client) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (transport.Status, error) {
	if c != nil && c.settings != nil && !c.canHold(id) {
		return transport.Status{}, unsupported("{hold}")
	}
	return c.ask(ctx, id, &last, d)
}

// canHold reports whether the requests about a job can be held, as it stands now.
func (c *Client) canHold(id string) bool { return c.stages[c.place(id).stage].status.holds }

// maxHold bounds a hold: no service keeps a request for so long.
const maxHold = 24 * time.Hour

// hold is what a call knows of a request that the service keeps. The zero hold is none.
type hold struct {
	length time.Duration     // whole seconds
	last   *transport.Status // for an answer that says nothing new
}

// newHold returns the hold of a request about a job whose newest status is last.
func newHold(last *transport.Status, d time.Duration) hold {
	if last == nil || d < time.Second {
		return hold{}
	}
	return hold{min(d, maxHold).Truncate(time.Second), last}
}

// fill sets what stands in the holes of a Call for h and a revision. Without a hold, {rev} is left
// out of a Call that has {hold}: many services hold a request that names what was seen, whatever
// else it asks for.
func (h *hold) fill(t *template, v *vars, revision string) {
	if h.length > 0 {
		v.hold = strconv.FormatInt(int64(h.length/time.Second), 10)
	}
	if h.length > 0 || !t.holds {
		v.rev = revision
	}
}

// saysNothingNew reports whether the answer to a request that was held says nothing. A rule of
// States that names the code makes it say something.
func (k *call) saysNothingNew() bool {
	last := k.hold.last
	if last == nil || last.State == transport.Unknown && last.Raw == "" {
		return false
	}
	if k.code == http.StatusNotModified {
		return true
	}
	if k.code/100 != 2 || len(k.body) > 0 || k.large {
		return false
	}
	r := k.stage.reader
	if r.code < 0 {
		return true
	}
	r.find(k.answerFor(k.asked), &k.reading)
	k.reading.state = r.states.Find(k.reading.values(r, inState))
	return !r.namesCode(&k.reading)
}

// errHeld is why a request ends whose answer did not begin in time.
var errHeld = errors.New("the service did not answer a request that it held")

// heldError is the error of such a request. It is a timeout.
type heldError struct{ after time.Duration }

func (e heldError) Error() string   { return fmt.Sprintf("%v within %v", errHeld, e.after) }
func (e heldError) Timeout() bool   { return true }
func (e heldError) Temporary() bool { return true }
func (e heldError) Is(target error) bool {
	return target == errHeld //nolint:errorlint // it is that one, never wrapped
}

// send hands a request to the transport. The headers of a held one may take the length of the hold
// longer. The pool of such requests has no bound of its own, as it can't differ by request.
func (k *call) send(r *http.Request) (*http.Response, error) {
	if k.hold.length <= 0 || k.holder == nil {
		return k.carrier.RoundTrip(r)
	}
	most := k.hold.length + web.HeaderTimeout
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(most, func() { cancel(heldError{most}) })
	answer, err := k.holder.RoundTrip(r.WithContext(ctx)) // whose error is the cause of the end
	if !timer.Stop() && err == nil {                      // it came too late, and its body can't be read
		_ = answer.Body.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	answer.Body = &heldBody{answer.Body, cancel}
	return answer, nil
}

// newHolder returns the pool for requests that are held, beside one for all others.
func newHolder(own *http.Transport) *http.Transport {
	if own == nil {
		return nil
	}
	t := own.Clone()
	t.ResponseHeaderTimeout = 0
	return t
}

// heldBody is the body of an answer whose request has a context of its own.
type heldBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close ends the context, too.
func (b *heldBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
