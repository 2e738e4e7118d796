package lro

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Final says where a result is.
type Final string

// The values of Final, and the values of Azure's API descriptions that mean Operation.
const (
	Location    Final = "location"
	OriginalURI Final = "original-uri"
	Operation   Final = "operation"

	asyncOperation    Final = "azure-async-operation"
	operationLocation Final = "operation-location"
)

// IsKnown reports whether f is one of the values, or "".
func (f Final) IsKnown() bool {
	return f == "" || f == Location || f == OriginalURI || f.isOperation()
}

func (f Final) isOperation() bool {
	return f == Operation || f == asyncOperation || f == operationLocation
}

// Opening is the answer to the request that started an operation.
type Opening struct {
	*Reach
	Answer *exchange.Answer
	Method string
	Asked  *url.URL
	Via    Final
}

// NamesMonitor reports whether the headers of the answer to a start name the URL to poll. Its body
// is then not needed, because a poll shows the state.
func NamesMonitor(a *exchange.Answer) bool {
	return IsFine(a.Code) && (a.Header.Get("Azure-AsyncOperation") != "" || a.Header.Get("Operation-Location") != "" ||
		a.Header.Get("Location") != "" && a.Code != http.StatusCreated)
}

var errNoMonitor = errors.New("no URL to poll: a 202 without Azure-AsyncOperation, Operation-Location and Location")

// errUnread is matched by the error of an answer whose body was needed and could not be read.
var errUnread = errors.New("the first answer cannot be read")

// ClassOf returns the class of an error of an opening.
func ClassOf(err error) transport.Class {
	if errors.Is(err, errUnread) || errors.Is(err, errNoMonitor) {
		return transport.Permanent
	}
	return transport.Misdirected
}

// Read returns the first status of the operation. Its id is signed if there is a key.
func (o Opening) Read(key []byte) (transport.Status, error) {
	t, v, err := o.ticket()
	if err != nil {
		return transport.Status{}, err
	}
	s := transport.Status{State: transport.Running, Raw: v.Word, Progress: v.Progress, RetryAfter: o.Answer.Wait}
	switch t.Word {
	case Failed, Canceled:
		s.State, s.Message = v.State, v.Message
		t.Poll, t.Final = "", ""
	case Succeeded:
		if t.Poll = ""; t.Final == "" || t.Kind == Body {
			s.State, s.Result = transport.Completed, v.Result
		}
	}
	s.ID, err = t.Encode(key)
	return s, err
}

// ticket returns the content of the id of the operation, and what the answer says.
func (o Opening) ticket() (t Ticket, v Verdict, err error) {
	h := o.Answer.Header
	first, location := o.reference(o.Asked.String()), o.location()
	switch async, op := h.Get("Azure-AsyncOperation"), h.Get("Operation-Location"); {
	case async != "":
		t.Kind, t.Final = Async, o.asyncResult(first, location)
		t.Poll, err = o.Refer(async, o.Asked)
		v = o.word(atProvisioning)
	case op != "":
		t.Kind, t.Final = o.opResult(first, location)
		t.Poll, err = o.Refer(op, o.Asked)
		v = o.word(atStatus)
	case location != "":
		v = o.word(atProvisioning)
		goesOn := o.isPut() && v.Word != "" && v.State == transport.Running
		switch isMade := o.Answer.Code == http.StatusCreated; {
		case isMade && goesOn:
			return Ticket{Kind: Body, Poll: first}, v, nil
		case isMade:
			return o.made(v)
		}
		t.Kind = Loc
		t.Poll, err = o.Refer(h.Get("Location"), o.Asked)
	case o.isPut():
		return o.resource(first)
	case o.Answer.Code == http.StatusAccepted:
		return t, v, errNoMonitor
	case o.Answer.IsHTML():
		return t, v, ErrPage
	default:
		if err := CheckResult(o.Answer); err != nil && !o.Answer.Large {
			return t, v, errors.Join(errUnread, err)
		}
		v = o.end()
		return Ticket{Kind: Body, Word: wordOf(v.State)}, v, nil
	}
	if err != nil {
		return t, v, err
	}
	if v.State.Terminal() && o.Answer.Code != http.StatusAccepted {
		t.Word, v.Result = wordOf(v.State), o.result()
		if t.Kind == Op || t.Kind == OpVia {
			t.Final = o.addResult(&v, t)
		}
	}
	return t, v, nil
}

// addResult adds to v what the answer says about the result of an Operation-Location that has
// succeeded at once, as in the answer to a poll. It returns the reference of the result.
func (o Opening) addResult(v *Verdict, t Ticket) string {
	if said, err := find(o.Answer); err == nil && v.State == transport.Completed {
		said.addResult(v)
	}
	if v.Resource != "" && t.Kind == Op {
		return o.reference(v.Resource)
	}
	return t.Final
}

// isPut reports whether the request makes or changes the resource at its own URL.
func (o Opening) isPut() bool { return o.Method == http.MethodPut || o.Method == http.MethodPatch }

// asyncResult returns the reference of the result of an Azure-AsyncOperation, or "" if the last
// answer has the result.
func (o Opening) asyncResult(first, location string) string {
	switch {
	case o.isPut() || o.Method == http.MethodPost && o.Via == OriginalURI:
		return first
	case o.Method == http.MethodPost && !o.Via.isOperation():
		return location
	default:
		return ""
	}
}

// opResult returns the kind of an Operation-Location, and the reference of its result if the last
// answer does not name it.
func (o Opening) opResult(first, location string) (Kind, string) {
	switch {
	case o.Via == Location && location != "":
		return OpVia, location
	case o.isPut():
		return Op, first
	case o.Method == http.MethodPost:
		return Op, location
	default:
		return Op, ""
	}
}

// made returns the ticket of a 201 whose Location is the result, which is fetched once.
func (o Opening) made(v Verdict) (t Ticket, _ Verdict, err error) {
	t = Ticket{Kind: Loc, Word: Succeeded}
	if v.State.Terminal() {
		t.Word, v.Result = wordOf(v.State), o.result()
		return t, v, nil
	}
	t.Final, err = o.Refer(o.Answer.Header.Get("Location"), o.Asked)
	return t, v, err
}

// resource returns the ticket of a resource that is polled at its own URL.
func (o Opening) resource(first string) (Ticket, Verdict, error) {
	if first == Unusable {
		return Ticket{}, Verdict{}, o.Check(o.Asked)
	}
	t := Ticket{Kind: Body, Poll: first}
	v := Verdict{State: transport.Running}
	switch o.Answer.Code {
	case http.StatusNoContent:
		v.State = transport.Completed
	case http.StatusOK:
		var err error
		if v, err = readResource(o.Answer); errors.Is(err, errNoBody) {
			v = Verdict{State: transport.Completed}
		} else if err != nil && !o.Answer.Large {
			return t, v, errors.Join(errUnread, err)
		}
	case http.StatusCreated:
		v = o.word(atProvisioning)
	case http.StatusAccepted:
		if v = o.word(atProvisioning); v.State.Terminal() {
			v.State = transport.Running
		}
	}
	if v.State.Terminal() {
		t.Word, t.Final, v.Result = wordOf(v.State), first, o.result()
		if o.Answer.Code == http.StatusNoContent {
			t.Final = ""
		}
	}
	return t, v, nil
}

// word returns what the value at a place of the body means. A body that cannot be read means
// running.
func (o Opening) word(at int) Verdict {
	said, err := find(o.Answer)
	if err != nil {
		return Verdict{State: transport.Running}
	}
	v, err := said.verdict(at)
	if err != nil {
		v.State = transport.Running // a poll will show the state
	}
	return v
}

// end returns how an operation has ended whose first answer is also its last. The body is its
// result.
func (o Opening) end() Verdict {
	v := Verdict{State: transport.Completed, Result: o.result()}
	if said, err := find(o.Answer); err == nil && said.end() == transport.Failed {
		v = Verdict{State: transport.Failed, Message: said.message()}
	}
	return v
}

// wordOf returns the word of a ticket for a state.
func wordOf(s transport.State) string {
	switch s {
	case transport.Failed:
		return Failed
	case transport.Canceled:
		return Canceled
	default:
		return Succeeded
	}
}

// result returns the body as the result.
func (o Opening) result() []byte { return resultOf(o.Answer) }

// location returns the reference of the Location, or "" if there is none.
func (o Opening) location() string {
	if named := o.Answer.Header.Get("Location"); named != "" {
		return o.reference(named)
	}
	return ""
}

// reference returns the reference of a URL that may never be needed. If requests must not go there,
// it returns Unusable, and the error comes when the URL is needed.
func (o Opening) reference(named string) string {
	ref, err := o.Refer(named, o.Asked)
	if err != nil {
		return Unusable
	}
	return ref
}

// Passes reports whether a request that may be sent twice is sent again after a status code.
func Passes(code int) bool {
	return code == http.StatusRequestTimeout || code == http.StatusInternalServerError || NotBegun(code) || web.IsRetried(code)
}

// NotBegun reports whether a status code says that the service has not begun what was asked.
func NotBegun(code int) bool {
	return code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
}
