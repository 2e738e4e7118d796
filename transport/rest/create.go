package rest

import (
	"bytes"
	"context"
	"errors"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Create starts a job and returns its id. The input is sent as JSON, or as the Content-Type of the
// dialect's Create says; without one, the Body of Create is. The request is sent a second time only
// with an IdempotencyKey, which goes along in a header or in the body, or if the service refused it
// with 401.
func (c *Client) Create(ctx context.Context, req transport.CreateRequest) (id string, err error) {
	s, err := c.Start(ctx, req)
	return s.ID, err
}

// Start starts a job and returns what the service says of it at once. It sends what Create sends.
// The status is pending, with the wait that the answer names, unless the Dialect's CreateTells says
// more.
func (c *Client) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	var err error
	if !web.IsHeaderValue(req.IdempotencyKey) {
		err = errBadKey
	}
	k, err := c.begin(ctx, err)
	if err != nil {
		return transport.Status{}, err
	}
	defer c.end(k)
	if k.stage.create == nil {
		return transport.Status{}, unsupported("Create")
	}
	finder := k.stage.find
	var before []string
	if finder != nil && !finder.byKey {
		if before, err = c.ids(ctx, req.IdempotencyKey); err != nil {
			return transport.Status{}, err
		}
	}
	k.key, k.read = req.IdempotencyKey, (*call).readStart
	if err := k.askCreate(req); err != nil {
		return transport.Status{}, err
	}
	if err = k.do(ctx); err != nil {
		return transport.Status{}, err
	}
	if k.status.ID == "" && !k.status.State.Terminal() && finder != nil {
		k.status.ID, err = c.findJob(ctx, req.IdempotencyKey, before)
	}
	return k.status, err
}

// askCreate prepares the request of a create.
func (k *call) askCreate(req transport.CreateRequest) error {
	t, d := k.stage.create, &k.stage.reader.dialect
	if err := k.ask(t, &vars{key: req.IdempotencyKey}); err != nil {
		return err
	}
	k.id = req.IdempotencyKey // for the jitter
	if req.IdempotencyKey != "" {
		k.repeatable = d.IdempotencyHeader != none || d.IdempotencyField != "" || t.keyed
		if d.IdempotencyHeader != "" && d.IdempotencyHeader != none {
			k.extra = [2]string{d.IdempotencyHeader, req.IdempotencyKey}
		}
	}
	field := ""
	if req.IdempotencyKey != "" {
		field = d.IdempotencyField
	}
	var err error
	switch template := t.body; {
	case req.Input != nil && template != nil && template.input:
		var input []byte
		if input, _, err = encode(req.Input, "", "", ""); err == nil {
			k.target.body = bytes.Replace(k.target.body, []byte(inputHole), input, 1)
		}
		if err == nil && field != "" {
			k.target.body, err = putKey(k.target.body, field, req.IdempotencyKey)
		}
	case req.Input != nil:
		k.target.body, k.target.typ, err = encode(req.Input, t.contentType(), field, req.IdempotencyKey)
	case template != nil && template.input:
		k.target.body = bytes.Replace(k.target.body, []byte(inputHole), []byte("null"), 1)
		fallthrough
	case field != "" && (t.contentType() == "" || isJSON(t.contentType())):
		if field != "" {
			k.target.body, err = putKey(k.target.body, field, req.IdempotencyKey)
		}
	}
	if err != nil {
		return k.fail(transport.Permanent, err)
	}
	return nil
}

// readStart reads the answer to a create.
func (k *call) readStart() error {
	a := k.answerFor(k.key)
	k.stage.reader.find(a, &k.reading)
	if o, ok := k.stage.reader.fault(&k.reading); ok {
		return k.faulty(o.Means)
	}
	switch {
	case k.code/100 != 2:
		return k.refused()
	case k.large:
		return k.unread(errTooLarge)
	}
	k.status = transport.Status{State: transport.Pending, RetryAfter: k.wanted()}
	d := &k.stage.reader.dialect
	id, err := k.stage.reader.readID(a, k.key)
	if d.CreateTells {
		var told transport.Status
		if k.stage.reader.readStatus(&told, &k.reading) == nil {
			told.RetryAfter = k.status.RetryAfter
			k.status = told
		}
	}
	if err == nil && k.stage.status.whole != "" {
		id, err = k.stage.status.reference(id, &k.target.url)
	}
	switch {
	case err == nil:
		k.status.ID = id
		return nil
	case d.CreateTells && k.status.State.Terminal():
		return nil
	case k.stage.find != nil && (errors.Is(err, errNoID) || isNotJSON(err)):
		return nil
	default:
		k.status = transport.Status{}
		return k.unread(err)
	}
}
