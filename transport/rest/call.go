package rest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

var (
	errNilContext = errors.New("nil context")
	errBadKey     = errors.New("the idempotency key holds a control character")
	errNotMade    = errors.New("the Client was not made by New")
)

// call makes one call to the service in one stage of its dialect. Calls are pooled.
type call struct {
	*settings
	wire   *exchange.Call
	answer answer
	stage  *stage
}

func newCall(s *settings) *call {
	k := &call{settings: s, wire: s.NewCall()}
	k.answer.Call = k.wire
	k.enter(0)
	return k
}

// enter sets the stage of the call.
func (k *call) enter(stage int) {
	k.stage = k.stages[stage]
	k.answer.reader = k.stage.reader
}

// reset prepares k for the next question. It keeps only buffers of this one.
func (k *call) reset() {
	if !k.wire.Reset() {
		k.answer.reading.found.Clear()
	}
	k.answer.question, k.answer.status, k.answer.document = question{}, transport.Status{}, document{}
	k.enter(0)
}

// end returns k to the pool.
func (k *call) end(pool *sync.Pool) {
	k.reset()
	pool.Put(k)
}

// ask prepares the request of a form, with v in its holes.
func (k *call) ask(t *form, v *template.Vars) error {
	k.answer.template = t
	if err := t.Fill(&k.wire.Request, v); err != nil {
		return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %s: %w", t, err)}
	}
	return nil
}

// status asks about a job that is at a step. If the stage can hold requests, the service is asked
// to keep the request for d.
func (k *call) status(ctx context.Context, id string, at step, last *transport.Status, d time.Duration) error {
	k.enter(at.stage)
	v, h := template.Vars{ID: at.id}, newHold(last, d)
	if last != nil {
		h.fill(k.stage.status, &v, last.Revision)
	}
	if err := k.ask(k.stage.status, &v); err != nil {
		return err
	}
	a := &k.answer
	a.id, a.asked, a.hold = id, at.id, h
	h.terms(&k.wire.Terms, id)
	k.wire.Terms.Answers = a.reader.redirects
	k.wire.Terms.Unread = !readsBody(a.reader, k.stage.status)
	if last != nil && a.reader.dialect.Revision == "" && web.IsETag(last.Revision) {
		k.wire.Request.Extra, a.last = [2]string{exchange.Condition, last.Revision}, last
	}
	return k.do(ctx, readStatus)
}

// do sends the request, and returns the error of judge for the answer.
func (k *call) do(ctx context.Context, judge func(*answer) error) error {
	k.answer.judge = judge
	return k.wire.Do(ctx, &k.answer)
}

// unsupported returns the error of a call that the dialect does not have.
func unsupported(name string) error {
	return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w: the dialect has no %s", errors.ErrUnsupported, name)}
}
