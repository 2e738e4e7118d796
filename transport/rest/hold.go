package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

var _ transport.Holder = (*Client)(nil)

var errBusy = &transport.Error{Class: transport.Throttled, Err: fmt.Errorf("rest: %w: all connections for holds are busy", errors.ErrUnsupported)}

// Hold is like [Client.StatusSince], but asks the service to keep the request until the job
// changes, or until about d has passed. The {hold} in the Dialect's Status carries d: see [Call].
// If there is no {hold}, Hold makes no request, and the error matches [errors.ErrUnsupported].
//
// A held request occupies a connection, unless it is of HTTP/2. If all connections are occupied by
// holds, Hold makes no request either. The error then matches [errors.ErrUnsupported] too, and its
// class is [transport.Throttled]. If you set an [http.Transport] with MaxConnsPerHost, holds occupy
// at most half of its connections.
//
// If the answer says that nothing has changed, Hold returns last with the RetryAfter of the answer.
// Such an answer is a 304, or a 2xx whose body is empty or only white space, unless the Dialect's
// States have a rule for its code. If last has no state, these answers are read like any other
// answer.
//
// If d is less than a second, Hold does the same as StatusSince. If d is more than a day, it counts
// as a day. A fraction of a second is dropped. A held request is sent again within the call only
// with a new token.
func (c *Client) Hold(ctx context.Context, id string, last transport.Status, d time.Duration) (st transport.Status, err error) {
	if c != nil && c.settings != nil && !c.stages[c.followed.where(id).stage].status.Holds() {
		return transport.Status{}, unsupported("{hold}")
	}
	if c != nil && c.settings != nil && d >= time.Second {
		if !c.BeginHold() {
			return transport.Status{}, errBusy
		}
		defer c.EndHold()
	}
	err = c.ask(ctx, id, &last, d, &st)
	return st, err
}

// maxHold is the longest hold. No service keeps a request for so long.
const maxHold = 24 * time.Hour

// hold describes a request that the service keeps. The zero hold is for requests that are not held.
type hold struct {
	length time.Duration     // in whole seconds
	seen   *transport.Status // the result for an answer without news
}

// newHold returns a hold of d for a request about a job whose newest status is last.
func newHold(last *transport.Status, d time.Duration) hold {
	if last == nil || d < time.Second {
		return hold{}
	}
	return hold{min(d, maxHold).Truncate(time.Second), last}
}

// fill sets the values of {hold} and {rev}. If h is zero and the Call has {hold}, {rev} is omitted
// too, because many services hold any request that names a revision.
func (h *hold) fill(t *form, v *template.Vars, revision string) {
	if h.length > 0 {
		v.Hold = strconv.FormatInt(int64(h.length/time.Second), 10)
	}
	if h.length > 0 || !t.Holds() {
		v.Rev = revision
	}
}

// terms sets the Terms of the request about a job.
func (h *hold) terms(t *exchange.Terms, id string) {
	t.Seed, t.Repeatable, t.SeeOther, t.Hold = id, h.length == 0, true, h.length
}

// saysNothingNew reports whether the answer to a held request has no news. An answer has news if a
// rule of States names its code.
func (a *answer) saysNothingNew() bool {
	seen := a.hold.seen
	if seen == nil || seen.State == transport.Unknown && seen.Raw == "" {
		return false
	}
	if a.Answer.Code == http.StatusNotModified {
		return true
	}
	if a.Answer.Code/100 != 2 || len(bytes.TrimSpace(a.Answer.Body)) > 0 || a.Answer.Large {
		return false
	}
	r := a.reader
	if r.code < 0 {
		return true
	}
	a.find(a.asked)
	a.reading.state = r.states.Find(a.reading.values(r, inState))
	return !r.namesCode(&a.reading)
}
