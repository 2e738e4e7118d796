package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/rules"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// answer is the answer of a call, together with what the dialect of its stage reads from it.
type answer struct {
	*exchange.Call
	reader *reader
	document
	reading reading // parts of the body
	status  transport.Status
	question
}

// document is the body as places read it.
type document struct {
	body     []byte
	isOther  bool  // whether the original body has another form than JSON, which was converted to JSON
	unparsed error // the error of such a form that does not parse
}

// question is the purpose for which an answer is read.
type question struct {
	judge    func(*answer) error // sets the status, or returns the error that the answer means
	template *form               // the form from which the request was made
	id       string              // the id that the caller gave
	asked    string              // the id that the job has now
	key      string              // the idempotency key of a create
	stage    *stage              // the stage of a created job
	hold     hold                // the hold of a request that the service keeps
	last     *transport.Status   // the newest status, if the request is conditional; otherwise nil
	batch    *batch              // the batch of a question about many jobs
	next     map[string]string   // the next ids of jobs in the answer to a batch
}

var _ exchange.Reader = (*answer)(nil)

// Read judges the answer. If the form of the body does not parse, judge returns the error.
func (a *answer) Read() error {
	body := a.Answer.Body
	if a.body, a.isOther, a.unparsed = asJSON(a.Answer.Header, body); a.unparsed != nil {
		a.body = body
	}
	return a.judge(a)
}

// places returns the answer for looking up places, with a name for their holes.
func (a *answer) places(name string) place.Answer {
	return place.Answer{Code: a.Answer.Code, Header: a.Answer.Header, Body: a.body, Text: a.Answer.Body, Name: name, Siblings: a.isOther && isMarkup(a.Answer.Body)}
}

// Unread returns the error of an answer that has a successful status code and cannot be read. XML
// does not count as a page for a person if the state should be in it, or if it is a file.
func (a *answer) Unread(err error) error {
	r := a.reader
	if a.unparsed != nil {
		err = a.unparsed
	}
	isXML := a.isOther && r.inBody || r.text < 0 && isFileType(a.Answer.Header)
	switch {
	case !isXML || !a.Answer.IsPage():
		return a.Call.Unread(err)
	case a.Answer.Large:
		return a.Fail(transport.Malformed, a.TooLarge())
	default:
		return a.Fail(transport.Malformed, fmt.Errorf("%w: %w", err, a.Quote()))
	}
}

// faulty returns the error of an answer that a rule of Faults calls an error.
func (a *answer) faulty(o rules.Outcome[transport.Class]) error {
	return a.Fail(o.Means, fmt.Errorf("%w (rule %q of Faults)", a.Quote(), o.Rule))
}

// find looks up the dialect's places, with a name in their holes. If no header names a wait, the
// wait in the body applies.
func (a *answer) find(name string) {
	places := a.places(name)
	a.reader.find(&places, &a.reading)
	if a.Answer.Wait == 0 {
		a.Answer.Wait = a.reader.readWait(&a.reading)
	}
}

// readStatus reads the answer to a status call.
func readStatus(a *answer) error {
	a.reading.next = ""
	if a.Answer.Code == http.StatusNotModified && a.last != nil {
		a.status = *a.last
		a.status.RetryAfter = a.Answer.Wait
		return nil
	}
	a.last = nil // the answer is a new one
	if a.saysNothingNew() {
		a.status = *a.hold.seen
		a.status.RetryAfter = a.Answer.Wait
		return nil
	}
	err := a.tell(&a.status) // which is zero, also after an attempt that failed
	if classify := a.reader.dialect.Classify; classify != nil {
		if err != nil {
			a.status = transport.Status{}
		}
		a.status, err = classify(Answer{a.Answer.Code, a.Answer.Header, a.Answer.Body}, a.status, err)
	}
	if err != nil {
		a.status = transport.Status{}
	}
	return err
}

// tell sets s, which must be zero, to the status in the answer. It returns the error if the answer
// means one.
func (a *answer) tell(s *transport.Status) error {
	r := a.reader
	fine := a.Answer.Code/100 == 2
	if a.Answer.Large && (fine || a.Answer.Code/100 == 5) {
		switch {
		case isFile(a):
			a.Answer.Large = false
		case fine:
			return a.Unread(exchange.ErrTooLarge)
		default:
			return a.Refused()
		}
	}
	if o, ok := a.fault(a.asked); ok {
		return a.faulty(o)
	}
	err := r.readStatus(s, &a.reading)
	told := a.tells(s)
	if err != nil && a.Answer.IsAccepted() && r.saysNothing(err) {
		s.State, err, told = transport.Pending, nil, true
	}
	if a.Answer.Code == http.StatusSeeOther && !told {
		return a.seeOther(s)
	}
	switch {
	case err == nil && told && s.State == transport.Completed && slices.Contains(r.redirects, a.Answer.Code):
		if _, err := a.location(); err != nil {
			return err
		}
	case err == nil && told:
	case fine && a.reading.state.Rival != "":
		return a.Fail(transport.Malformed, fmt.Errorf("%w: %w", err, a.Quote()))
	case fine:
		return a.Unread(safe(err, a.Excerpt))
	default:
		return a.RefusedPoll()
	}
	if err := a.isAboutAnother(); err != nil {
		return err
	}
	s.ID, s.RetryAfter = a.id, a.Answer.Wait
	if tags := a.Answer.Header["Etag"]; len(tags) > 0 && r.dialect.Revision == "" && web.IsETag(tags[0]) {
		s.Revision = tags[0]
	}
	return nil
}

// tells reports whether an answer with this status code can have a status.
func (a *answer) tells(s *transport.Status) bool {
	r := a.reader
	switch {
	case a.Answer.Code/100 == 2:
		return r.inBody || r.code < 0 && r.text < 0 || r.namesMore(&a.reading) || !a.Answer.IsPage() || r.text < 0 && isFileType(a.Answer.Header)
	case web.IsRetried(a.Answer.Code):
		return false
	case r.code >= 0:
		return r.namesCode(&a.reading)
	case web.IsGateway(a.Answer.Code):
		return false
	case a.Answer.Code == http.StatusSeeOther:
		return s.State != transport.Unknown
	case r.text >= 0:
		return false // the text of an error may contain the same words
	default: // a 5xx counts only if it has a terminal status
		return a.Answer.Code/100 == 5 && s.State.Terminal() && !isNothing(a.reading.values(r, inState)) && a.namesItsJob()
	}
}

// namesItsJob reports whether the answer names a job. It reports true if the dialect has no place
// for the id. The error of a service can look like the answer about a failed job, but it does not
// name the job.
func (a *answer) namesItsJob() bool {
	if len(a.reader.field(inAnswerID)) == 0 {
		return true
	}
	v, ok := a.reading.said(a.reader, inAnswerID)
	return ok && v.IsSaid()
}

// isAboutAnother returns the error of an answer that names another job.
func (a *answer) isAboutAnother() error {
	v, ok := a.reading.said(a.reader, inAnswerID)
	if !ok || v.Kind() != place.Word && v.Kind() != place.Number {
		return nil
	}
	if inner := jsonscan.Inner(v); string(inner) == a.asked || strings.EqualFold(v.Text(), a.asked) || isSameNumber(v, a.asked) {
		return nil
	}
	return a.Fail(transport.Malformed, fmt.Errorf("the answer is about another job, %q at %s (Dialect.AnswerID): %w",
		a.QuoteID(v.Text()), a.reader.dialect.AnswerID, a.Quote()))
}

// isSameNumber reports whether a number in an answer equals the id that was asked about. Some
// services write 42 as 42.0 or 4.2e1.
func isSameNumber(v place.Value, asked string) bool {
	n, err := strconv.ParseInt(asked, 10, 64)
	named, ok := place.NumberValue(string(v))
	whole, _ := place.NumberValue(strconv.FormatInt(n, 10))
	return err == nil && ok && named == whole
}

// seeOther sets s to the end of a job whose result is at another URL. If the body has an error, the
// job has failed. If the body has a new id that is not the Location, the job has not ended.
func (a *answer) seeOther(s *transport.Status) error {
	ref, err := a.location()
	if err != nil {
		return err
	}
	result, _ := json.Marshal(ref) // a string always can be
	*s = transport.Status{ID: a.id, State: transport.Completed, Result: result}
	if a.reading.err == nil {
		a.reader.readError(s, &a.reading)
	}
	if next := a.reading.next; next != "" && next != a.Answer.Header.Get("Location") {
		s.State = transport.Running
	}
	return nil
}

// location returns the reference of the Location of a 303. It returns an error if the Location is
// neither a result nor a job.
func (a *answer) location() (ref string, err error) {
	named := a.Answer.Header.Get("Location")
	asked := &a.Request.URL
	if ref, err = a.template.Reference(named, a.Answered()); err == nil {
		err = web.CheckSeeOther(named, ref, asked, strings.Contains(asked.Path, a.asked))
	}
	if err != nil {
		return "", a.Fail(transport.Misdirected, err)
	}
	return ref, nil
}

// readCancel reads the answer to a cancel.
func readCancel(a *answer) error {
	r := a.reader
	if r.faults != nil || a.template.faults != nil || r.dialect.RetryAfter != "" {
		switch o, ok := a.changeFault(a.asked); {
		case ok && o.Means == transport.NotFound && a.MayHaveActed():
			return nil
		case ok:
			return a.faulty(o)
		}
	}
	code := a.Answer.Code
	switch {
	case code == http.StatusSeeOther: // the Location is the URL of the job
		_, err := a.location()
		return err
	case a.MayHaveActed() && !a.Answer.IsHTML() && (code == http.StatusNotFound || code == http.StatusGone):
		return nil // an attempt before this one has canceled the job
	case code/100 != 2:
		return a.Refused()
	default:
		return nil
	}
}
