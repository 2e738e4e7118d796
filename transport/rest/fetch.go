package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Fetch returns the result of a completed job, by the call that the Dialect's Fetch describes. If
// the Dialect has no Fetch, the error matches [errors.ErrUnsupported]. An answer of 202 or 206 is a
// transient error, because it does not have the whole result. The caller must close the result, and
// can read it until ctx ends. [WithMaxResult] limits its size, and [AllowOrigin] allows it to be at
// another origin.
func (c *Client) Fetch(ctx context.Context, done transport.Status) (io.ReadCloser, error) {
	k, err := c.begin(ctx, nil)
	if err != nil {
		return nil, err
	}
	body, err := k.fetch(ctx, c.followed.where(done.ID), done)
	if err != nil {
		k.end(&c.calls)
		return nil, err
	}
	body.OnClose = func() { k.end(&c.calls) }
	return body, nil
}

var errNoResult = errors.New("the status has no result that the dialect's Fetch could ask for")

// fetch sends the request of a fetch, and returns the result that the caller reads.
func (k *call) fetch(ctx context.Context, at step, done transport.Status) (*exchange.Stream, error) {
	k.enter(at.stage)
	t := k.stage.fetch
	if t == nil {
		return nil, unsupported("Fetch")
	}
	if t.Needs(template.ID) {
		if err := transport.CheckID(done.ID); err != nil {
			return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", err)}
		}
	}
	v := &template.Vars{ID: at.id, Result: jsonscan.Text(done.Result)}
	if t.Needs(template.Result) && (v.Result == "" || v.Result[0] == '{' || v.Result[0] == '[') {
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", errNoResult)}
	}
	if err := k.ask(t, v); err != nil {
		return nil, err
	}
	k.answer.asked = at.id
	k.wire.Terms = exchange.Terms{Repeatable: true, Stream: true}
	if err := k.do(ctx, readResult); err != nil {
		return nil, err
	}
	return exchange.NewStream(k.wire), nil
}

// readResult reads the answer to a fetch, whose body is not read unless it is an error.
func readResult(a *answer) error {
	if a.Answer.Code/100 != 2 || a.Answer.Open == nil {
		a.find(a.asked) // reads a wait in the body
		if f := a.template.faults; f != nil {
			if o := f.find(a.places(a.asked)); o.Fits {
				return a.faulty(o)
			}
		}
		return a.Refused()
	}
	switch a.Answer.Code {
	case http.StatusAccepted:
		return noResult(a, "the result is not there yet")
	case http.StatusPartialContent:
		return noResult(a, "a part of the result, which nobody asked for")
	default:
		return nil
	}
}

// noResult returns the error of a 2xx without the whole result.
func noResult(a *answer, why string) error {
	_ = a.Answer.Open.Body.Close()
	a.Answer.Open = nil
	return a.Fail(transport.Transient, fmt.Errorf("%s: %w", why, a.Quote()))
}
