// Package rest asks an HTTP service about its jobs, in JSON.
//
//	t, err := rest.New("https://jobs.example.com")
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(t)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	status, err := w.WaitForJob(ctx, "7f3c")
//
// As it stands it speaks the default dialect:
//
//	POST /                {"payload":{"jobID":"7f3c"}}
//	GET /status/7f3c      {"payload":{"status":"running","progress":0.4,"message":"second pass"}}
//	DELETE /status/7f3c   cancels the job
//
// A Dialect describes any other service: how it is asked, where in its answers what stands, and its
// words for each state. Its Batch asks about many jobs in one request.
//
// # What becomes of an answer
//
//	1xx                           permanent; its body is not read
//	2xx with a status             that status; unknown if States lacks its word, which is in Raw
//	202, 204 without a status     pending, whether the body is empty, a text or JSON
//	other 2xx without a status    malformed; transient if it is an HTML page, as of a portal
//	2xx over WithMaxBody          permanent
//	401                           asked again if WithToken has a new token; else permanent
//	403, 409, 420, 423            throttled if a header names a wait or says that nothing remains of
//	                              a quota; else permanent
//	404                           not found
//	408, 425                      transient
//	421                           misdirected
//	429                           throttled
//	501, 505 without an end       permanent
//	502, 504                      transient whatever the body says: a gateway speaks
//	503                           likewise, but throttled if a header paces as above
//	other 5xx without an end      transient
//	5xx but 502-504 with an end   that status: some services answer 500 for a job that failed
//	303                           completed, with the location as its result; misdirected if that is
//	                              at another origin or where one signs in
//	304 that was not asked for    malformed
//	other 3xx and 4xx             permanent
//
// An end is a terminal status that stands where Dialect.State says. A status that is null or absent
// counts as none, unless Dialect.States has the word "null". The answer to a batch differs in a few
// points, which [Client.StatusBatch] names.
//
// A dialect comes before all this: its Faults name answers that are errors, and where "@code" is
// among the places of State, its States name the codes that tell a state. 502, 503 and 504 never
// do. What Dialect.Error points at is said of no job that is told as completed, and an answer that
// names another job is malformed.
//
// A connection that fails is transient. A fault of TLS and a redirect that is refused are
// misdirected, because the request did not reach the service. A proxy that refuses the connection
// is permanent, but transient if its code is a 5xx.
//
// Every error is a [*transport.Error], but for that of a context that ended and that of Classify.
// It names the method, host and path. It quotes at most 256 bytes of the body, without the known
// secrets, in whatever escapes they stand, and without what looks like one. It holds no header, no
// query, no token and no user name of a URL.
//
// # How long the service is left alone
//
// Statuses and errors carry the wait that the answer names, as RetryAfter. These headers are heard,
// and the first that makes sense decides:
//
//	Retry-After-Ms, X-Ms-Retry-After-Ms
//	Retry-After
//	RateLimit
//	RateLimit-Reset, X-RateLimit-Reset, X-Rate-Limit-Reset
//
// The last two lines count if nothing of the quota remains. A 429 or 420 without a count of what
// remains means that. Seconds may have a fraction or a unit. Dates may be written as in HTTP, in
// mail or as RFC 3339, and are measured from the answer's own Date header. A wait of zero is
// [transport.NoWait]. A wait of more than a year, a negative one and rubbish are ignored.
//
// # Requests within a poll
//
// A call that meets a fault of the connection, or an answer of 502, 503 or 504, is sent again after
// a short wait, a few times: see [WithRetries]. Waits longer than a second are left to the watch.
// The requests that net/http repeats by itself are bounded likewise: where connections are closed
// before the answer, as by an HTTP/2 GOAWAY, one repetition is free, and the others count. Within a
// Watcher all waits are on its clock. Each request is logged at debug level by its logger, named
// "rest".
package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Client is a Transport for one HTTP service. It does not change once made, and is safe for
// concurrent use.
type Client struct {
	*settings // behind a pointer, so that printing a Client prints none of it

	name     string
	calls    sync.Pool
	followed followed
}

var (
	_ transport.Transport   = (*Client)(nil)
	_ transport.Conditional = (*Client)(nil)
	_ transport.Creator     = (*Client)(nil)
	_ transport.Starter     = (*Client)(nil)
	_ transport.Fetcher     = (*Client)(nil)
	_ transport.Canceler    = (*Client)(nil)
	_ transport.Batcher     = (*Client)(nil)
	_ transport.Fitter      = (*Client)(nil)
)

// New returns a Client of the service at baseURL, which begins with http:// or https:// and has no
// query. A user name and password in it are sent as basic authentication and printed nowhere. The
// error tells of all that is wrong with the URL and with the options.
func New(baseURL string, opts ...Option) (*Client, error) {
	s, err := newSettings(baseURL, opts)
	if err != nil {
		return nil, err
	}
	c := &Client{settings: s, name: "rest: " + s.base.Scheme + "://" + s.base.Host}
	c.calls.New = func() any { return newCall(s) }
	return c, nil
}

// String returns the scheme and host of the service.
func (c *Client) String() string {
	if c == nil || c.name == "" {
		return "rest: " + errNotMade.Error()
	}
	return c.name
}

// Close closes the idle connections that the Client made; those of a RoundTripper of the user's are
// not touched. Calls under way come to their end, and later ones connect anew. It always returns
// nil.
func (c *Client) Close() error {
	if c != nil && c.settings != nil && c.own != nil {
		c.own.CloseIdleConnections()
		if c.holder != nil {
			c.holder.CloseIdleConnections()
		}
	}
	return nil
}

// Status asks about a job once. What comes back is described at the top of this package.
func (c *Client) Status(ctx context.Context, id string) (transport.Status, error) {
	return c.ask(ctx, id, nil, 0)
}

// StatusSince is Status, but a service that gave last an ETag is asked for a newer answer only. If
// there is none, StatusSince returns last, with the RetryAfter that the new answer names.
func (c *Client) StatusSince(ctx context.Context, id string, last transport.Status) (transport.Status, error) {
	return c.ask(ctx, id, &last, 0)
}

func (c *Client) ask(ctx context.Context, id string, last *transport.Status, d time.Duration) (transport.Status, error) {
	k, err := c.begin(ctx, transport.CheckID(id))
	if err != nil {
		return transport.Status{}, err
	}
	defer c.end(k)
	at := c.place(id)
	k.stage, k.id, k.asked, k.read, k.repeatable = k.stages[at.stage], id, at.id, (*call).readStatus, true
	v := vars{id: at.id}
	if last != nil {
		k.hold = newHold(last, d)
		k.hold.fill(k.stage.status, &v, last.Revision)
		k.repeatable = k.hold.length == 0
		if k.stage.reader.dialect.Revision == "" && isETag(last.Revision) {
			k.extra, k.last = [2]string{"If-None-Match", last.Revision}, last
		}
	}
	if err := k.ask(k.stage.status, &v); err != nil {
		return transport.Status{}, err
	}
	err = k.do(ctx)
	if k.settings.follows && err == nil && k.reading.next != "" && k.last == nil {
		err = c.follow(k, at)
	}
	if err != nil {
		return transport.Status{}, err
	}
	return k.status, nil
}

// place returns where the job has come to under which the caller asks.
func (c *Client) place(id string) step {
	if !c.follows {
		return step{0, id}
	}
	return c.followed.where(id)
}

// follow notes that the answer gave the job its next id.
func (c *Client) follow(k *call, at step) error {
	stage := min(at.stage+1, len(k.stages)-1)
	id := k.reading.next
	if t := k.stages[stage].status; t.whole != "" {
		ref, err := t.reference(id, &k.target.url)
		if err != nil {
			return k.fail(transport.Misdirected, err)
		}
		id = ref
	}
	if err := transport.CheckID(id); err != nil {
		return k.fail(transport.Malformed, fmt.Errorf("the next id: %w", err))
	}
	c.followed.move(k.id, step{stage, id})
	return nil
}

// Cancel asks the service to cancel a job. It returns nil for an answer of 2xx.
func (c *Client) Cancel(ctx context.Context, id string) error {
	k, err := c.begin(ctx, transport.CheckID(id))
	if err != nil {
		return err
	}
	defer c.end(k)
	at := c.place(id)
	k.stage, k.id, k.read = k.stages[at.stage], id, (*call).readCancel
	if k.stage.cancel == nil {
		return unsupported("Cancel")
	}
	if err := k.ask(k.stage.cancel, &vars{id: at.id}); err != nil {
		return err
	}
	method := k.target.method
	k.repeatable = method == http.MethodDelete || method == http.MethodPut || method == http.MethodGet
	return k.do(ctx)
}

// begin returns a call to make, or the error of one that is not to be made, such as problem.
func (c *Client) begin(ctx context.Context, problem error) (*call, error) {
	switch {
	case c == nil || c.settings == nil:
		problem = errNotMade
	case ctx == nil:
		problem = errNilContext
	case problem == nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	if problem != nil {
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", problem)}
	}
	return c.calls.Get().(*call), nil
}

func (c *Client) end(k *call) {
	k.leave()
	k.reset()
	c.calls.Put(k)
}

func (k *call) readStatus() error {
	k.reading.next = ""
	if k.code == http.StatusNotModified && k.last != nil {
		k.status = *k.last
		k.status.RetryAfter = k.hint
		return nil
	}
	k.last = nil // the answer is a new one
	if k.saysNothingNew() {
		k.status = *k.hold.last
		k.status.RetryAfter = k.hint
		return nil
	}
	var st transport.Status
	err := k.judge(&st)
	if classify := k.stage.reader.dialect.Classify; classify != nil {
		if err != nil {
			st = transport.Status{}
		}
		st, err = classify(Answer{k.code, k.answer, k.body[:min(len(k.body), k.maxBody)]}, st, err)
	}
	if err != nil {
		st = transport.Status{}
	}
	k.status = st
	return err
}

// judge reads into s, which is zero, the status that the answer tells, or returns the error that it
// is.
func (k *call) judge(s *transport.Status) error {
	r := k.stage.reader
	fine := k.code/100 == 2
	if k.large && (fine || k.code/100 == 5) {
		if fine {
			return k.unread(errTooLarge)
		}
		return k.refused()
	}
	r.find(k.answerFor(k.asked), &k.reading)
	if o, ok := r.fault(&k.reading); ok {
		return k.faulty(o.Means)
	}
	err := r.readStatus(s, &k.reading)
	told := k.tells(s)
	if err != nil && k.isAccepted() && r.saysNothing(err) {
		s.State, err, told = transport.Pending, nil, true
	}
	if k.code == http.StatusSeeOther && !told {
		return k.seeOther(s)
	}
	switch {
	case err == nil && told:
	case fine:
		return k.unread(err)
	default:
		return k.refused()
	}
	if err := k.isAboutAnother(); err != nil {
		return err
	}
	s.ID, s.RetryAfter = k.id, k.wanted()
	if tags := k.answer["Etag"]; len(tags) > 0 && r.dialect.Revision == "" && isETag(tags[0]) {
		s.Revision = tags[0]
	}
	return nil
}

// tells reports whether the status code lets the body tell a status.
func (k *call) tells(s *transport.Status) bool {
	r := k.stage.reader
	switch {
	case k.code/100 == 2:
		return !(r.code >= 0 && !r.inBody && k.isPage())
	case web.IsGateway(k.code):
		return false
	case r.code >= 0:
		return r.namesCode(&k.reading)
	default: // an end, if it says so
		return k.code/100 == 5 && s.State.Terminal() && !isNothing(k.reading.values(r, inState))
	}
}

// isAboutAnother returns the error of an answer that names another job.
func (k *call) isAboutAnother() error {
	v, ok := k.reading.said(k.stage.reader, inAnswerID)
	if !ok || v.Kind() != place.Word && v.Kind() != place.Number {
		return nil
	}
	if inner := jsonscan.Inner(v); string(inner) == k.asked || strings.EqualFold(v.Text(), k.asked) {
		return nil
	}
	return k.fail(transport.Malformed, fmt.Errorf("the answer is about another job: %s", k.quote("")))
}

// signIn are the parts of a path to which a person is sent to sign in.
var signIn = []string{"login", "signin", "sign-in", "sign_in", "sso", "oauth", "saml", "authorize"}

// seeOther reads into s the end of a job whose result is elsewhere.
func (k *call) seeOther(s *transport.Status) error {
	ref, err := k.template.reference(k.answer.Get("Location"), &k.target.url)
	if err == nil && (k.answer.Get("Location") == "") {
		err = errors.New("a redirect to nowhere")
	}
	for _, part := range signIn {
		if path, _, _ := strings.Cut(strings.ToLower(ref), "?"); strings.Contains(path, "/"+part) {
			err = errors.New("a redirect to sign in")
		}
	}
	if err != nil {
		return k.fail(transport.Misdirected, err)
	}
	result, _ := json.Marshal(ref) // a string always can be
	*s = transport.Status{ID: k.id, State: transport.Completed, Result: result}
	return nil
}

// isAccepted reports whether the status code says that all is well, though there may be nothing to
// tell yet.
func (k *call) isAccepted() bool {
	return k.code == http.StatusAccepted || k.code == http.StatusNoContent
}

func (k *call) readCancel() error {
	r := k.stage.reader
	if r.faults != nil {
		r.find(k.answerFor(k.asked), &k.reading)
		if o, ok := r.fault(&k.reading); ok {
			return k.faulty(o.Means)
		}
	}
	if k.code/100 != 2 {
		return k.refused()
	}
	return nil
}

// maxETag bounds an ETag, which is kept for as long as the job is watched.
const maxETag = 256

// isETag reports whether s is an entity tag (RFC 9110, 8.8.3), and so may stand in a header.
func isETag(s string) bool {
	opaque := strings.TrimPrefix(s, "W/")
	if len(s) > maxETag || len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return false
	}
	return !strings.ContainsFunc(opaque[1:len(opaque)-1], func(r rune) bool { return r < '!' || r == '"' || r == 0x7f })
}
