package longrunning

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/transport"
)

// opening is the answer to the request that has started an operation.
type opening struct {
	*settings
	answer *exchange.Answer
	method string
	asked  *url.URL
	via    Final
}

var errNoMonitor = errors.New("no URL to poll: a 202 without Azure-AsyncOperation, Operation-Location and Location")

// errUnread is matched by the error of an answer whose body was needed and could not be read.
var errUnread = errors.New("the first answer cannot be read")

// classOf returns the class of an error of an opening.
func classOf(err error) transport.Class {
	if errors.Is(err, errUnread) || errors.Is(err, errNoMonitor) {
		return transport.Permanent
	}
	return transport.Misdirected
}

// read returns the first status of the operation.
func (o opening) read() (transport.Status, error) {
	t, v, err := o.ticket()
	if err != nil {
		return transport.Status{}, err
	}
	s := transport.Status{State: transport.Running, Raw: v.word, Progress: v.progress, RetryAfter: o.answer.Wait}
	switch t.word {
	case failed, canceled:
		s.State, s.Message = v.state, v.message
		t.poll, t.final = "", ""
	case succeeded:
		if t.poll = ""; t.final == "" || t.kind == bodyKind {
			s.State, s.Result = transport.Completed, v.result
		}
	}
	s.ID, err = t.encode(o.key)
	return s, err
}

// ticket returns what the id of the operation holds, and what the answer says.
func (o opening) ticket() (t ticket, v verdict, err error) {
	h := o.answer.Header
	first := o.reference(o.asked.String())
	location := o.location()
	isPut := o.method == http.MethodPut || o.method == http.MethodPatch
	switch async, op := h.Get("Azure-AsyncOperation"), h.Get("Operation-Location"); {
	case async != "":
		t.kind = asyncKind
		switch {
		case isPut || o.method == http.MethodPost && o.via == OriginalURI:
			t.final = first
		case o.method == http.MethodPost && !o.via.isOperation():
			t.final = location
		}
		t.poll, err = o.refer(async, o.asked)
		v = o.word(atProvisioning)
	case op != "":
		t.kind = opKind
		switch {
		case o.via == Location && location != "":
			t.kind, t.final = opVia, location
		case isPut:
			t.final = first
		case o.method == http.MethodPost:
			t.final = location
		}
		t.poll, err = o.refer(op, o.asked)
		v = o.word(atStatus)
	case location != "":
		t.kind = locKind
		v = o.word(atProvisioning)
		goesOn := v.word != "" && v.state == transport.Running
		if o.answer.Code == http.StatusCreated && !(isPut && goesOn) {
			return o.made(v)
		}
		if goesOn && o.answer.Code == http.StatusCreated {
			return ticket{kind: bodyKind, poll: first}, v, nil
		}
		t.poll, err = o.refer(h.Get("Location"), o.asked)
	case isPut:
		return o.resource(first)
	case o.answer.Code == http.StatusAccepted:
		return t, v, errNoMonitor
	default:
		return ticket{kind: bodyKind, word: succeeded}, verdict{state: transport.Completed, result: o.result()}, nil
	}
	if err != nil {
		return t, v, err
	}
	if v.state.Terminal() && o.answer.Code != http.StatusAccepted {
		t.word, v.result = wordOf(v.state), o.result()
	}
	return t, v, nil
}

// made returns the ticket of a 201 whose Location names the thing made: it is fetched once.
func (o opening) made(v verdict) (t ticket, _ verdict, err error) {
	t = ticket{kind: locKind, word: succeeded}
	if v.state.Terminal() {
		t.word, v.result = wordOf(v.state), o.result()
		return t, v, nil
	}
	t.final, err = o.refer(o.answer.Header.Get("Location"), o.asked)
	return t, v, err
}

// resource returns the ticket of a resource that is its own monitor.
func (o opening) resource(first string) (ticket, verdict, error) {
	if first == unusable {
		return ticket{}, verdict{}, o.check(o.asked)
	}
	t := ticket{kind: bodyKind, poll: first}
	v := verdict{state: transport.Running}
	switch o.answer.Code {
	case http.StatusNoContent:
		v.state = transport.Completed
	case http.StatusOK:
		var err error
		if v, err = readResource(o.answer); errors.Is(err, errNoBody) {
			v = verdict{state: transport.Completed}
		} else if err != nil && !o.answer.Large {
			return t, v, errors.Join(errUnread, err)
		}
	case http.StatusCreated:
		v = o.word(atProvisioning)
	case http.StatusAccepted:
		if v = o.word(atProvisioning); v.state.Terminal() {
			v.state = transport.Running
		}
	}
	if v.state.Terminal() {
		t.word, t.final, v.result = wordOf(v.state), first, o.result()
		if o.answer.Code == http.StatusNoContent {
			t.final = ""
		}
	}
	return t, v, nil
}

// word returns what stands at a place of the body. A body that cannot be read says nothing.
func (o opening) word(at int) verdict {
	said, err := find(o.answer)
	if err != nil {
		return verdict{state: transport.Running}
	}
	v, err := said.verdict(at)
	if err != nil || at == atStatus && v.state == transport.Completed && place.Value(said[atError]).IsSaid() {
		v.state = transport.Running // the poll will say
	}
	return v
}

// wordOf returns the word of a ticket for a state.
func wordOf(s transport.State) string {
	switch s {
	case transport.Failed:
		return failed
	case transport.Canceled:
		return canceled
	default:
		return succeeded
	}
}

// result returns the body as the result.
func (o opening) result() []byte {
	if o.answer.Large {
		return nil
	}
	return asJSON(o.answer.Body)
}

// location returns the reference of the Location, "" if there is none.
func (o opening) location() string {
	if named := o.answer.Header.Get("Location"); named != "" {
		return o.reference(named)
	}
	return ""
}

// reference returns the reference of a URL that may never be needed: whether requests may go there
// is told when it is.
func (o opening) reference(named string) string {
	ref, err := o.refer(named, o.asked)
	if err != nil {
		return unusable
	}
	return ref
}
