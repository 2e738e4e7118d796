package longrunning

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// poll is one look at an operation.
type poll struct {
	*Client
	id     string
	ticket ticket
	job    job
	last   *transport.Status
}

var errNowhere = errors.New("a redirect to nowhere")

func (c *Client) ask(ctx context.Context, id string, last *transport.Status) (transport.Status, error) {
	if err := c.ready(ctx); err != nil {
		return transport.Status{}, err
	}
	t, err := c.open(id)
	if err != nil {
		return transport.Status{}, err
	}
	p := &poll{Client: c, id: id, ticket: t, job: c.known.get(id, t), last: last}
	switch {
	case t.word == failed:
		return transport.Status{ID: id, State: transport.Failed, Raw: t.word}, nil
	case t.word == canceled:
		return transport.Status{ID: id, State: transport.Canceled, Raw: t.word}, nil
	case p.job.over:
		return p.result(ctx, transport.Status{ID: id, State: transport.Completed, Raw: t.word})
	default:
		return p.look(ctx)
	}
}

// look asks how the operation stands, and for its result if it has completed.
func (p *poll) look(ctx context.Context) (s transport.Status, err error) {
	k, err := p.get(p.job.poll, p.id, p.job.header)
	if err != nil {
		return s, err
	}
	defer p.put(k)
	k.Terms.SeeOther = p.ticket.kind == locKind
	if p.last != nil && web.IsETag(p.last.Revision) {
		k.Request.Extra = [2]string{"If-None-Match", p.last.Revision}
	}
	if err := k.Do(ctx, reader(func() (err error) { s, err = p.judge(k); return err })); err != nil {
		return transport.Status{}, err
	}
	switch {
	case s.State == transport.Completed && p.job.over:
		p.known.put(p.id, p.job)
		return p.result(ctx, s)
	case s.State.Terminal():
		p.known.forget(p.id)
	}
	return s, nil
}

// judge returns the status that the answer to a poll tells, and notes where the operation goes on.
func (p *poll) judge(k *exchange.Call) (transport.Status, error) {
	a := &k.Answer
	switch {
	case a.Code == http.StatusNotModified && p.last != nil && k.Request.Extra[0] != "":
		s := *p.last
		s.RetryAfter = a.Wait
		return s, nil
	case a.Code == http.StatusSeeOther && p.ticket.kind == locKind:
		return p.seeOther(k)
	}
	v, err := p.ticket.kind.read(a)
	switch {
	case errors.Is(err, errRefused):
		return transport.Status{}, k.Refused()
	case errors.Is(err, errPage):
		return transport.Status{}, k.Fail(transport.Transient, fmt.Errorf("%w %w", k.Quote(), err))
	case err != nil:
		return transport.Status{}, k.Unread(err)
	}
	s := transport.Status{ID: p.id, State: v.state, Raw: v.word, Progress: v.progress, RetryAfter: a.Wait}
	if tag := a.Header.Get("Etag"); web.IsETag(tag) {
		s.Revision = tag
	}
	switch v.state {
	case transport.Completed:
		s.Result = v.result
		return s, p.end(k, v.resource)
	case transport.Running:
		return s, p.move(k)
	default:
		if s.Message = v.message; s.Message == "" {
			s.Message = k.Quote().Error()
		}
		return s, nil
	}
}

// end notes where the result of an operation is that has completed, if it is to be asked for.
func (p *poll) end(k *exchange.Call, resource string) error {
	if resource != "" && p.ticket.kind == opKind {
		ref, err := p.refer(resource, &k.Request.URL)
		if err != nil {
			return k.Fail(transport.Misdirected, fmt.Errorf("resourceLocation: %w", err))
		}
		p.job.final = ref
	}
	p.job.over = p.job.final != ""
	return nil
}

// move notes the newest Location.
func (p *poll) move(k *exchange.Call) error {
	named := k.Answer.Header.Get("Location")
	if p.ticket.kind != locKind || named == "" {
		return nil
	}
	ref, err := p.refer(named, &k.Request.URL)
	if err != nil {
		return k.Fail(transport.Misdirected, fmt.Errorf("Location: %w", err))
	}
	if ref != p.job.poll {
		p.job.poll = ref
		p.known.put(p.id, p.job)
	}
	return nil
}

// seeOther notes where the result of an operation is that has ended.
func (p *poll) seeOther(k *exchange.Call) (transport.Status, error) {
	named := k.Answer.Header.Get("Location")
	ref, err := p.refer(named, &k.Request.URL)
	switch {
	case named == "":
		err = errNowhere
	case err == nil && web.IsSignIn(ref):
		err = errors.New("a redirect to sign in")
	}
	if err != nil {
		return transport.Status{}, k.Fail(transport.Misdirected, err)
	}
	p.job.final, p.job.over = ref, true
	return transport.Status{ID: p.id, State: transport.Completed, Raw: "303", RetryAfter: k.Answer.Wait}, nil
}

// result asks for the result of an operation that has completed with status s.
func (p *poll) result(ctx context.Context, s transport.Status) (transport.Status, error) {
	if p.job.final == "" {
		return s, nil
	}
	k, err := p.get(p.job.final, p.id, p.job.header)
	if err != nil {
		return transport.Status{}, err
	}
	defer p.put(k)
	err = k.Do(ctx, reader(func() error {
		a := &k.Answer
		switch {
		case !isFine(a.Code):
			return k.Fail(web.ClassOfCode(a.Code, a.IsPaced()), fmt.Errorf("the result of an operation that has completed: %w", k.Quote()))
		case isPage(a):
			return k.Fail(transport.Transient, fmt.Errorf("%w %w", k.Quote(), errPage))
		case a.Large:
			s.Message = fmt.Sprintf("the result has more than %d bytes: Fetch reads it", p.MaxBody)
			s.Result = nil
		default:
			s.Result = asJSON(a.Body)
		}
		s.RetryAfter, s.Revision = a.Wait, ""
		return nil
	}))
	if err != nil {
		return transport.Status{}, err
	}
	p.known.forget(p.id)
	return s, nil
}
