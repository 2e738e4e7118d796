package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Create starts a job and returns its id. The input is sent as JSON, or as the Content-Type of the
// Dialect's Create says. Without an input, the Body of the Dialect's Create is sent. After a 401
// the request is sent again with a new token. After another failure it is sent again only if it has
// an IdempotencyKey, in a header or in the body.
func (c *Client) Create(ctx context.Context, req transport.CreateRequest) (id string, err error) {
	s, err := c.Start(ctx, req)
	return s.ID, err
}

// Start starts a job, as [Client.Create] does, and returns its first status. The state is pending,
// unless the Dialect has CreateHasState. RetryAfter is the wait that the answer names.
//
// A 409 to a request that was sent again means that an attempt before it has started the job. Then
// the job is known if the key is its id, or if Find finds it. Otherwise the request is sent again,
// as often as [WithRetries] says, because the service may still be processing that attempt.
func (c *Client) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	var err error
	if !web.IsHeaderValue(req.IdempotencyKey) {
		err = errBadKey
	}
	k, err := c.begin(ctx, err)
	if err != nil {
		return transport.Status{}, err
	}
	defer k.end(&c.calls)
	if k.stage.create == nil {
		return transport.Status{}, unsupported("Create")
	}
	finder := k.stage.find
	var before []string
	if finder != nil {
		var end func()
		if before, end, err = finder.begin(ctx, c, req.IdempotencyKey); err != nil {
			return transport.Status{}, err
		}
		defer end()
	}
	if err := k.askCreate(req); err != nil {
		return transport.Status{}, err
	}
	if req.IdempotencyKey != "" && !k.stage.takesKey(k.wire.Terms.Repeatable) {
		c.unsent.warn(transport.HostOf(ctx), c.Base.Host)
	}
	if err = k.do(ctx, readStart); err != nil {
		return transport.Status{}, k.unsure(err)
	}
	status := k.answer.status
	if status.ID == "" && !status.State.Terminal() && finder != nil {
		status.ID, err = finder.job(ctx, c, req.IdempotencyKey, before)
	}
	return status, err
}

// unsure returns err, the error of a create. If the create may have started a job all the same, the
// error says so. The answer may be lost, or a 2xx cannot be read.
func (k *call) unsure(err error) error {
	var e *transport.Error
	unread := k.wire.Answer.Code/100 == 2 && errors.As(err, &e) && e != nil && e.Class == transport.Malformed
	switch {
	case !unread && !k.wire.MayHaveActed():
		return err
	case k.wire.Terms.Repeatable:
		return fmt.Errorf("%w (the job may have been started: repeat the call with the same key)", err)
	default:
		return fmt.Errorf("%w (the job may have been started)", err)
	}
}

// takesKey reports whether an idempotency key has an effect. The argument sent says whether the
// request of the create has it.
func (s *stage) takesKey(sent bool) bool {
	isID := slices.ContainsFunc(s.reader.ids.places, func(p place.Place) bool { return p.Source == place.Key })
	return sent || isID || s.find != nil && s.find.byKey
}

// unsentKeys logs once that idempotency keys have no effect. It is safe for concurrent use.
type unsentKeys struct{ said atomic.Bool }

func (u *unsentKeys) warn(log transport.Host, service string) {
	if log.Logs(slog.LevelWarn) && u.said.CompareAndSwap(false, true) {
		log.Log(slog.LevelWarn, "rest", "idempotency keys are not sent: the service takes none, and starts a job for each create with the same key",
			slog.String("host", service))
	}
}

// askCreate prepares the request of a create.
func (k *call) askCreate(req transport.CreateRequest) error {
	t, d := k.stage.create, &k.stage.reader.dialect
	if err := k.ask(t, &template.Vars{Key: req.IdempotencyKey}); err != nil {
		return err
	}
	k.answer.key, k.answer.stage = req.IdempotencyKey, k.stage
	k.wire.Terms.Seed, k.wire.Terms.SeeOther, k.wire.Terms.Acts = req.IdempotencyKey, k.stage.reader.ids.inHeader(), true
	field := ""
	if req.IdempotencyKey != "" {
		field = d.IdempotencyField
		k.wire.Terms.Repeatable = d.IdempotencyHeader != none || field != "" || t.Needs(template.Key)
		if k.wire.Terms.Repeatable {
			k.wire.Terms.Repeats = repeatsCreate
		}
		if d.IdempotencyHeader != "" && d.IdempotencyHeader != none {
			k.wire.Request.Extra = [2]string{d.IdempotencyHeader, req.IdempotencyKey}
		}
	}
	if err := t.input(&k.wire.Request, req, field); err != nil {
		return k.wire.Fail(transport.Permanent, err)
	}
	return nil
}

// repeatsCreate reports whether a create with a key is sent again after a status code: a 409 may
// mean that the service is still processing the attempt before.
func repeatsCreate(code int) bool { return code == http.StatusConflict }

// startedBefore reads a 409 to a create that was sent again with its key. The attempt before has
// started the job, or is about to. So the job is known if the key is its id, or can be found.
func startedBefore(a *answer) error {
	d, ids := &a.reader.dialect, &a.reader.ids
	keyIsID := ids.places[0].Source == place.Key || d.IdempotencyField == d.ID && ids.pattern == nil
	if !keyIsID && a.stage.find == nil {
		return a.Fail(transport.Transient, a.Quote())
	}
	a.status = transport.Status{State: transport.Pending, RetryAfter: a.Answer.Wait}
	if keyIsID {
		a.status.ID = a.key
		return transport.CheckID(a.key)
	}
	return nil
}

// input puts the input of a create into its request, and its key into a field of the body.
func (t *form) input(r *exchange.Request, req transport.CreateRequest, field string) (err error) {
	switch _, takesInput := t.HasBody(); {
	case req.Input != nil && takesInput:
		var input []byte
		if input, _, err = encode(req.Input, "", "", ""); err == nil {
			r.Body = bytes.Replace(r.Body, []byte(template.InputHole), input, 1)
		}
		if err == nil && field != "" {
			r.Body, err = putKey(r.Body, field, req.IdempotencyKey)
		}
	case req.Input != nil:
		r.Body, r.Type, err = encode(req.Input, t.ContentType(), field, req.IdempotencyKey)
	case takesInput:
		r.Body = bytes.Replace(r.Body, []byte(template.InputHole), []byte("null"), 1)
		fallthrough
	case field == "":
	case t.ContentType() == "" || template.IsJSON(t.ContentType()):
		r.Type = t.ContentType()
		r.Body, err = putKey(r.Body, field, req.IdempotencyKey)
	case template.IsForm(t.ContentType()):
		var form url.Values
		if form, err = url.ParseQuery(string(r.Body)); err == nil {
			r.Body, r.Type, err = encode(form, t.ContentType(), field, req.IdempotencyKey)
		}
	default:
		err = noField(t.ContentType(), field)
	}
	return err
}

// noField returns the error of an idempotency key for which a body has no field.
func noField(typ, field string) error {
	return fmt.Errorf("the idempotency key can't be put at %q: a body of %s has no fields (Dialect.IdempotencyField)", field, typ)
}

// readStart reads the answer to a create.
func readStart(a *answer) error {
	if o, ok := a.changeFault(a.key); ok {
		return a.faulty(o)
	}
	switch {
	case a.Answer.Code == http.StatusNotFound: // the endpoint was not found, not a job
		return a.Fail(transport.Permanent, a.Quote())
	case a.Answer.Code == http.StatusSeeOther: // the Location is the URL of the job
		if _, err := a.location(); err != nil {
			return err
		}
	case a.Answer.Code == http.StatusConflict && a.key != "" && a.MayHaveActed():
		return startedBefore(a)
	case a.Answer.Code/100 != 2:
		return a.Refused()
	case a.Answer.Large && (!isFile(a) || slices.ContainsFunc(a.reader.ids.places, place.Place.IsInBody)):
		return a.Unread(exchange.ErrTooLarge)
	}
	a.status = transport.Status{State: transport.Pending, RetryAfter: a.Answer.Wait}
	d := &a.reader.dialect
	places := a.places(a.key)
	id, err := a.reader.ids.read(&places, a.key)
	if err == nil && a.reader.ids.takesAny() && isPage(a) {
		err = errNoID
	}
	if d.CreateHasState {
		var told transport.Status
		if a.reader.readStatus(&told, &a.reading) == nil {
			told.RetryAfter = a.status.RetryAfter
			a.status = told
		}
	}
	if err == nil && a.stage.status.IsWhole() {
		id, err = a.stage.status.Reference(id, a.Answered())
	}
	switch {
	case err == nil:
		a.status.ID = id
		return nil
	case d.CreateHasState && a.status.State.Terminal():
		return nil
	case a.stage.find != nil && (errors.Is(err, errNoID) || isNotJSON(err)):
		return nil
	default:
		a.status = transport.Status{}
		return a.Unread(err)
	}
}
