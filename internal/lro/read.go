// Package lro has the rules of operations whose status is at a URL: what an answer means, which URL
// to poll next, and what an id holds. It makes no request, and knows no clock.
package lro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// The places that are read. If a key of the first two places occurs twice or in another case, the
// answer is malformed.
const (
	atProvisioning = iota
	atStatus
	atErrorCode
	atErrorMessage
	atError
	atResource
	atResult
	atPercent
	atInstance
	atRuntime
	atOutput
)

var places = func() *place.Set {
	all, err := place.ParseList("properties.provisioningState, status, error.code, error.message, error, resourceLocation, result, percentComplete, instanceId, runtimeStatus, output")
	if err != nil {
		panic(err)
	}
	set, err := place.NewSet(all, atStatus+1)
	if err != nil {
		panic(err)
	}
	return set
}()

// Verdict is what an answer says about an operation.
type Verdict struct {
	State    transport.State
	Word     string // as the service wrote it
	Message  string
	Result   []byte // JSON, or nil if there is no result
	Resource string // the URL of the result in the answer, or ""
	Progress float64
}

var (
	// ErrRefused means that the status code decides, not the body of the answer.
	ErrRefused = errors.New("the status code says that there is no answer")
	// ErrPage means that the answer is a page for a person.
	ErrPage = errors.New("with a page in place of an answer")

	errNoStatus = errors.New("no status")
	errNoBody   = errors.New("no body")
)

// running are the usual words for an operation that goes on.
var running = []string{"running", "inprogress", "in progress", "in_progress", "in-progress", "pending", "queued", "accepted", "notstarted",
	"not started", "not_started", "waiting", "processing", "started", "starting", "initializing", "preparing", "validating", "provisioning", "creating",
	"building", "deploying", "updating", "deleting", "deletepending", "stopping", "canceling", "cancelling"}

// failures are the usual words for a failure that Azure's operations do not use. A word that may be
// the state of a thing, such as rejected or terminated, is not among them.
var failures = []string{"error", "errored", "fail", "failure", "faulted", "crashed", "aborted", "timeout", "timed_out", "timed-out",
	"timedout", "timed out"}

// stateOf returns what a word of Azure means. A word that it does not know means running. Azure's
// translation of documents says ValidationFailed, and its analysis of texts PartiallySucceeded or
// PartiallyCompleted. OneDrive says deleteFailed.
func stateOf(word string) transport.State {
	switch normal(word) {
	case "succeeded", "completed", "partiallysucceeded", "partiallycompleted":
		return transport.Completed
	case "failed", "validationfailed", "deletefailed":
		return transport.Failed
	case "canceled", "cancelled":
		return transport.Canceled
	default:
		return transport.Running
	}
}

// normal returns a word as the words of this package are spelled.
func normal(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// IsFine reports whether a status code is one of the codes of a successful answer about an
// operation.
func IsFine(code int) bool {
	return code == http.StatusOK || code == http.StatusCreated || code == http.StatusAccepted || code == http.StatusNoContent
}

// Read returns what the answer to a poll says. It returns ErrRefused if the status code decides.
func (k Kind) Read(a *exchange.Answer) (Verdict, error) {
	if k == Loc {
		return readLocation(a)
	}
	if !IsFine(a.Code) {
		return Verdict{}, ErrRefused
	}
	if k == Body {
		return readResource(a)
	}
	said, err := find(a)
	switch {
	case errors.Is(err, errNoBody) && a.Code == http.StatusAccepted:
		return Verdict{State: transport.Running}, nil
	case err != nil:
		return Verdict{}, err
	}
	v, err := said.verdict(atStatus)
	switch {
	case err != nil:
		return Verdict{}, err
	case v.Word == "" && a.Large:
		return Verdict{}, exchange.ErrTooLarge // the status may be in the rest
	case v.Word == "":
		return Verdict{}, errNoStatus
	case v.State != transport.Completed:
		return v, nil
	}
	v.Result = resultOf(a)
	if k != Async {
		said.addResult(&v)
	}
	return v, nil
}

// addResult adds to v the result in the last answer about an Operation-Location, or its URL.
func (f fields) addResult(v *Verdict) {
	if r := f[atResult]; r != nil {
		v.Result = bytes.Clone(r)
	}
	if r := place.Value(f[atResource]); r.Kind() == place.Word {
		v.Resource = r.Text()
	}
}

// readResource reads an answer about a resource that is polled at its own URL.
func readResource(a *exchange.Answer) (Verdict, error) {
	if a.Code == http.StatusNoContent {
		return Verdict{State: transport.Completed}, nil
	}
	said, err := find(a)
	switch {
	case errors.Is(err, errNoBody) && a.Code == http.StatusAccepted:
		return Verdict{State: transport.Running}, nil
	case err != nil:
		return Verdict{}, err
	}
	v, err := said.verdict(atProvisioning)
	if err == nil && v.Word == "" && a.Large {
		return Verdict{}, exchange.ErrTooLarge // the word may be in the rest
	}
	if err == nil && v.Word == "" && a.Code != http.StatusAccepted {
		v.State = said.end()
	}
	if v.State == transport.Completed {
		v.Result = resultOf(a)
	}
	return v, err
}

// readLocation reads the answer of a Location.
func readLocation(a *exchange.Answer) (Verdict, error) {
	if v := orchestration(a); v.State.Terminal() {
		return v, nil
	}
	ended := Verdict{State: transport.Failed, Word: strconv.Itoa(a.Code)}
	fine := a.Code/100 == 2
	switch {
	case !fine && (isNoFailure(a.Code, a.IsPaced()) || a.IsHTML()):
		return Verdict{}, ErrRefused
	case fine && a.IsHTML():
		return Verdict{}, ErrPage
	case fine:
		ended = Verdict{State: transport.Completed, Result: resultOf(a)}
	}
	said, err := find(a)
	switch {
	case a.Large && fine && isStatusCut(a.Body):
		return Verdict{}, exchange.ErrTooLarge
	case a.Large || err == nil:
	case json.Valid(a.Body):
		return Verdict{}, err // two readers would read it differently
	case fine:
		if err := CheckResult(a); err != nil {
			return Verdict{}, err
		}
	}
	return said.orElse(a.Code, ended)
}

// orchestration returns how an orchestration of Azure's Durable Functions has ended without
// success. The answer has the code 200, or 500 if the caller asked for that. The zero Verdict means
// that the answer says nothing of the kind.
func orchestration(a *exchange.Answer) Verdict {
	if a.Code != http.StatusOK && a.Code != http.StatusInternalServerError {
		return Verdict{}
	}
	said, err := find(a)
	if err != nil || !place.Value(said[atInstance]).IsSaid() {
		return Verdict{}
	}
	v := Verdict{Word: place.Value(said[atRuntime]).Text()}
	switch normal(v.Word) {
	case "failed":
		v.State = transport.Failed
	case "terminated", "canceled":
		v.State = transport.Canceled
	default:
		return Verdict{}
	}
	if why := place.Value(said[atOutput]); why.Kind() == place.Word {
		v.Message = why.Text()
	}
	return v
}

// IsAwaited reports whether the answer to the request for a result says that there is none yet. It
// is a 202 without a body, or one whose body says that the operation goes on.
func IsAwaited(a *exchange.Answer) bool {
	if a.Code != http.StatusAccepted {
		return false
	}
	said, err := find(a)
	if err != nil {
		return errors.Is(err, errNoBody)
	}
	v, err := said.verdict(atProvisioning)
	if err != nil || v.Word == "" {
		v = said.status()
	}
	return slices.Contains(running, normal(v.Word))
}

// ReadSeeOther returns what a 303 says. It means that the operation has completed, unless its body
// says otherwise.
func ReadSeeOther(a *exchange.Answer) Verdict {
	ended := Verdict{State: transport.Completed, Word: strconv.Itoa(a.Code)}
	said, err := find(a)
	if err != nil {
		return ended
	}
	v, err := said.orElse(a.Code, ended)
	if err != nil {
		return ended
	}
	return v
}

// orElse returns what an answer at a Location says. The result is ended if the answer has no status
// that counts. It may be called on nil.
func (f fields) orElse(code int, ended Verdict) (Verdict, error) {
	if f == nil {
		f = make(fields, atOutput+1)
	}
	v, err := f.verdict(atProvisioning)
	if err != nil {
		return Verdict{}, err
	}
	if v.Word != "" && (v.State != transport.Completed || ended.State == transport.Completed) {
		v.Result = ended.Result
		return v, nil
	}
	return f.byCode(code, ended)
}

// byCode returns the meaning of the code of a Location's answer, unless its status means that the
// operation has failed, was canceled or goes on.
func (f fields) byCode(code int, ended Verdict) (Verdict, error) {
	v := f.status()
	goesOn := slices.Contains(running, normal(v.Word))
	switch {
	case ended.State == transport.Failed:
		ended.Message = v.Message
		return ended, nil
	case v.State == transport.Failed || v.State == transport.Canceled:
		return v, nil
	case f.end() == transport.Failed:
		v.State = transport.Failed
		return v, nil
	case code == http.StatusAccepted || goesOn:
		v.State = transport.Running
		return v, nil
	default:
		return ended, nil
	}
}

// status returns what the status in a Location's answer means. If it is no text, it is a field of
// the result.
func (f fields) status() Verdict {
	v, err := f.verdict(atStatus)
	if err != nil {
		return Verdict{Message: v.Message}
	}
	if slices.Contains(failures, normal(v.Word)) {
		v.State = transport.Failed
	}
	return v
}

// isNoFailure reports whether a code says nothing about the operation: the request was refused, or
// should be made again.
func isNoFailure(code int, paced bool) bool {
	switch code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusProxyAuthRequired,
		http.StatusMisdirectedRequest, http.StatusInternalServerError:
		return true
	}
	class := web.ClassOfCode(code, paced)
	return code < http.StatusBadRequest || web.IsGateway(code) || class == transport.Throttled ||
		class == transport.Transient && code < http.StatusInternalServerError
}

// fields are the values at the places.
type fields [][]byte

// find reads a body that must be JSON. Of a body that is too large, it reads the members of the
// object that have been received.
func find(a *exchange.Answer) (fields, error) {
	body := a.Body
	if a.Large {
		body, _ = members(body)
	}
	switch {
	case a.Large && body == nil:
		return nil, exchange.ErrTooLarge
	case len(bytes.TrimSpace(body)) == 0:
		return nil, errNoBody
	}
	var found place.Found
	if err := places.Find(&place.Answer{Code: a.Code, Header: a.Header, Body: body}, &found); err != nil {
		return nil, err
	}
	return found.Values, nil
}

// end returns how an operation has ended whose last answer has no status. A number at error may be
// a part of the result, and so may an object without a code and a message.
func (f fields) end() transport.State {
	why := place.Value(f[atError])
	isText := why.Kind() == place.Word && why.IsSaid()
	if isText || string(why) == "true" || place.Value(f[atErrorCode]).IsSaid() || place.Value(f[atErrorMessage]).IsSaid() {
		return transport.Failed
	}
	return transport.Completed
}

// verdict returns what the word at a place means. Its Word is "" if there is none. If the answer
// has an error, a word for success means failed.
func (f fields) verdict(at int) (v Verdict, err error) {
	v.State, v.Message = transport.Running, f.message()
	if word := place.Value(f[at]); !word.IsEmpty() {
		if word.Kind() != place.Word {
			return v, fmt.Errorf("the status is no text: %.64s", word)
		}
		v.Word = word.Text()
		v.State = stateOf(v.Word)
	}
	if v.State == transport.Completed && place.Value(f[atError]).IsSaid() {
		v.State = transport.Failed
	}
	if percent, err := strconv.ParseFloat(string(f[atPercent]), 64); err == nil && percent > 0 {
		v.Progress = min(percent/100, 1)
	}
	return v, nil
}

// message returns the text of the error in an answer.
func (f fields) message() string {
	why, code, message := place.Value(f[atError]), place.Value(f[atErrorCode]), place.Value(f[atErrorMessage])
	text := ""
	if why.Kind() == place.Word {
		text = why.Text()
	}
	if code.IsSaid() && code.Kind() != place.Composite {
		text = code.Text()
	}
	if message.IsSaid() && message.Kind() != place.Composite {
		text = strings.TrimPrefix(text+": "+message.Text(), ": ")
	}
	return text
}
