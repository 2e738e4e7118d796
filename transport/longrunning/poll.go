package longrunning

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/lro"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// poll is one question about the state of an operation.
type poll struct {
	*Client
	id     string
	ticket lro.Ticket
	job    lro.Job
	last   *transport.Status
}

func (c *Client) ask(ctx context.Context, id string, last *transport.Status) (transport.Status, error) {
	if err := c.ready(ctx); err != nil {
		return transport.Status{}, err
	}
	t, err := c.reach.Open(id, c.key)
	if err != nil {
		return transport.Status{}, permanent(err)
	}
	p := &poll{Client: c, id: id, ticket: t, job: c.known.Get(id, t), last: last}
	switch {
	case t.Word == lro.Failed:
		return transport.Status{ID: id, State: transport.Failed, Raw: t.Word}, nil
	case t.Word == lro.Canceled:
		return transport.Status{ID: id, State: transport.Canceled, Raw: t.Word}, nil
	case p.job.Over:
		return p.result(ctx, transport.Status{ID: id, State: transport.Completed, Raw: p.job.Word})
	default:
		return p.look(ctx)
	}
}

// look asks for the state of the operation. If the operation has completed and its result is at
// another URL, look asks for the result too.
func (p *poll) look(ctx context.Context) (s transport.Status, err error) {
	k, err := p.get(p.job.Poll, p.id, p.job.Header)
	if err != nil {
		return s, err
	}
	defer p.put(k)
	k.Terms.SeeOther = p.ticket.Kind == lro.Loc
	if p.last != nil && web.IsETag(p.last.Revision) {
		k.Request.Extra = [2]string{exchange.Condition, p.last.Revision}
	}
	if err := k.Do(ctx, exchange.ReaderFunc(func() (err error) { s, err = p.judge(k); return err })); err != nil {
		return transport.Status{}, err
	}
	switch {
	case s.State == transport.Completed && p.job.Over:
		p.job.Word = s.Raw
		p.known.Put(p.id, p.job)
		return p.result(ctx, s)
	case s.State == transport.Completed && p.job.Poll != p.ticket.Poll:
		p.known.Put(p.id, lro.Job{Poll: p.job.Poll}) // for Fetch
	case s.State.Terminal():
		p.known.Forget(p.id)
	}
	return s, nil
}

// locate asks a completed operation where its result is.
func (p *poll) locate(ctx context.Context) error {
	k, err := p.get(p.job.Poll, p.id, p.job.Header)
	if err != nil {
		return err
	}
	defer p.put(k)
	return k.Do(ctx, exchange.ReaderFunc(func() error {
		s, err := p.judge(k)
		if err == nil && s.State != transport.Completed {
			err = k.Fail(transport.Permanent, fmt.Errorf("the operation has not completed: %w", k.Quote()))
		}
		return err
	}))
}

// judge returns the status in the answer to a poll. It also records the next URL to poll, or the
// URL of the result.
func (p *poll) judge(k *exchange.Call) (transport.Status, error) {
	a := &k.Answer
	switch {
	case a.Code == http.StatusNotModified && p.last != nil && k.Request.Extra[0] != "":
		s := *p.last
		s.RetryAfter = a.Wait
		return s, nil
	case a.Code == http.StatusSeeOther && p.ticket.Kind == lro.Loc:
		return p.seeOther(k)
	}
	v, err := p.ticket.Kind.Read(a)
	switch {
	case errors.Is(err, lro.ErrRefused):
		return transport.Status{}, k.RefusedPoll()
	case errors.Is(err, lro.ErrPage):
		return transport.Status{}, k.Fail(transport.Transient, fmt.Errorf("%w %w", k.Quote(), err))
	case err != nil:
		return transport.Status{}, k.Unread(err)
	}
	s := transport.Status{ID: p.id, State: v.State, Raw: v.Word, Progress: v.Progress, RetryAfter: a.Wait}
	if tag := a.Header.Get("Etag"); web.IsETag(tag) {
		s.Revision = tag
	}
	switch v.State {
	case transport.Completed:
		s.Result = v.Result
		err := p.end(k, v.Resource)
		if a.Large && s.Result == nil && !p.job.Over {
			s.Message = p.tooLarge()
		}
		return s, err
	case transport.Running:
		polled := p.job.Poll
		if err = p.move(k); p.job.Poll != polled {
			s.Revision = "" // it is the ETag of another URL
		}
		return s, err
	default:
		if s.Message = v.Message; s.Message == "" {
			s.Message = k.Quote().Error()
		}
		return s, nil
	}
}

// end records the URL of the result of an operation that has completed. It is empty if the answer
// to the poll holds the result.
func (p *poll) end(k *exchange.Call, resource string) error {
	if resource != "" && p.ticket.Kind == lro.Op {
		ref, err := p.reach.Refer(resource, k.Answered())
		if err != nil {
			return k.Fail(transport.Misdirected, fmt.Errorf("resourceLocation: %w", err))
		}
		p.job.Final = ref
	}
	p.job.Over = p.job.Final != ""
	return nil
}

// move records the next URL to poll if the answer names one. A Location that no request may follow
// is an error. Such a URL in another header is ignored, because the earlier URL stays valid.
func (p *poll) move(k *exchange.Call) error {
	header := p.ticket.Kind.Header()
	named := k.Answer.Header.Get(header)
	if named == "" {
		return nil
	}
	ref, err := p.reach.Refer(named, k.Answered())
	switch {
	case err != nil && p.ticket.Kind == lro.Loc:
		return k.Fail(transport.Misdirected, fmt.Errorf("header %s: %w", header, err))
	case err == nil && ref != p.job.Poll:
		p.job.Poll = ref
		p.known.Put(p.id, p.job)
	}
	return nil
}

// seeOther returns the status in an answer of 303. Unless the body says that the operation still
// runs or has failed, it has completed, and seeOther records the URL of its result.
func (p *poll) seeOther(k *exchange.Call) (transport.Status, error) {
	v := lro.ReadSeeOther(&k.Answer)
	s := transport.Status{ID: p.id, State: v.State, Raw: v.Word, Progress: v.Progress, Message: v.Message, RetryAfter: k.Answer.Wait}
	if v.State != transport.Completed {
		return s, nil
	}
	named := k.Answer.Header.Get("Location")
	ref, err := p.reach.Refer(named, k.Answered())
	if named == "" || err == nil {
		err = web.CheckSeeOther(named, ref, &k.Request.URL, false)
	}
	if err != nil {
		return transport.Status{}, k.Fail(transport.Misdirected, err)
	}
	p.job.Final, p.job.Over = ref, true
	return s, nil
}

// result asks for the result of a completed operation, and returns s with it.
func (p *poll) result(ctx context.Context, s transport.Status) (transport.Status, error) {
	if p.job.Final == "" {
		return s, nil
	}
	k, err := p.get(p.job.Final, p.id, p.job.Header)
	if err != nil {
		return transport.Status{}, err
	}
	defer p.put(k)
	err = k.Do(ctx, exchange.ReaderFunc(func() error {
		a := &k.Answer
		switch {
		case !lro.IsFine(a.Code):
			class := web.ClassOfCode(a.Code, a.IsPaced())
			if class == transport.Permanent && a.IsHTML() {
				class = transport.Misdirected // a firewall or a proxy sent the page
			}
			return k.Fail(class, fmt.Errorf("the result of an operation that has completed: %w", k.Quote()))
		case a.IsHTML():
			return k.Fail(transport.Transient, fmt.Errorf("%w %w", k.Quote(), lro.ErrPage))
		case lro.IsAwaited(a):
			return k.Fail(transport.Transient, fmt.Errorf("the result of an operation that has completed is not there yet: %w", k.Quote()))
		case a.Large:
			s.Message, s.Result = p.tooLarge(), nil
		default:
			if err := lro.CheckResult(a); err != nil {
				return k.Unread(fmt.Errorf("the result of an operation that has completed: %w", err))
			}
			s.Result = lro.AsJSON(a.Body)
		}
		s.RetryAfter, s.Revision = a.Wait, ""
		return nil
	}))
	if err != nil {
		return p.withoutResult(ctx, s, err)
	}
	p.known.Forget(p.id)
	return s, nil
}

// resultPatience is how long the result of an operation that has completed may be not found,
// unreadable or misdirected.
const resultPatience = 30 * time.Second

// withoutResult returns what a poll returns if the result of a completed operation could not be
// read because of err. The operation has completed, whatever becomes of its result. So unless a
// later request for the result may be answered, the status says so, and its message says why there
// is no result.
func (p *poll) withoutResult(ctx context.Context, s transport.Status, err error) (transport.Status, error) {
	var e *transport.Error
	if !errors.As(err, &e) || e == nil {
		return transport.Status{}, err
	}
	switch e.Class {
	case transport.Transient, transport.Throttled:
		return transport.Status{}, err
	case transport.NotFound, transport.Malformed, transport.Misdirected:
		now := transport.HostOf(ctx).Now()
		if p.job.Missed.IsZero() {
			p.job.Missed = now
			p.known.Put(p.id, p.job)
		}
		if now.Sub(p.job.Missed) < resultPatience {
			return transport.Status{}, err
		}
	}
	p.known.Forget(p.id)
	s.Result, s.Message = nil, fmt.Sprintf("no result: %v", err)
	return s, nil
}

// tooLarge returns the Message of an operation whose result is larger than an answer may be.
func (p *poll) tooLarge() string {
	return fmt.Sprintf("the result has more than %d bytes: Fetch reads it", p.MaxBody)
}
