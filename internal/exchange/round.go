package exchange

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// keptBody is the largest buffer that a Call keeps for the next request.
const keptBody = 64 << 10

// round makes one round trip after another. It is the RoundTripper of its own http.Client.
type round struct {
	*Settings
	*errand             // the errand of the Call
	client  http.Client // its Transport is this round
	buffer  []byte
	plain   plainHeaders
	trip
}

// trip is the part of a round that belongs to one call.
type trip struct {
	host    transport.Host // the Host of the context
	url     *url.URL       // the URL of the newest request, which a redirect may have named; nil before
	copied  url.URL        // what url points to, because a RoundTripper may change the URL of its request
	token   *web.Token     // the token of the base URL's origin
	asked   *credential    // the credential of the newest request, or nil
	sent    *web.Token     // the token of the newest request, or nil
	retried int            // retries, not counting one for a new token
	sends   *web.Sends     // nil if net/http does not send the request again by itself
	left    func()         // tells a test clock that the request has ended; nil without a test clock
	made    *outcome       // the outcome of a round trip that the http.Client gets as its first; usually nil

	unconditional bool // whether the condition of the request was refused, so that it is sent without it

	sentTwice *atomic.Bool // whether net/http has sent a request again by itself; nil if nobody asks
}

// An outcome is what a round trip returned.
type outcome struct {
	answer *http.Response
	fault  error
}

// reset prepares r for the next call, and reports whether it kept its buffer.
func (r *round) reset() (kept bool) {
	r.trip = trip{}
	if kept = cap(r.buffer) <= keptBody; !kept {
		r.buffer = nil
	}
	return kept
}

// RoundTrip adds the headers to a request and passes it to the transport of the settings. Headers
// are added here for two reasons: net/http does not copy them for a redirect, and another origin
// does not get them if the user's http.Client follows a redirect to it.
//
// The type also hides CloseIdleConnections. go-retryablehttp calls that after each call that fails,
// and would close connections that other watches use.
func (r *round) RoundTrip(q *http.Request) (*http.Response, error) {
	if made := r.made; made != nil {
		r.made = nil
		return made.answer, made.fault
	}
	if query := web.EscapeQuery(q.URL.RawQuery); query != q.URL.RawQuery { // only once: a RoundTripper may still read the URL
		q.URL.RawQuery = query
	}
	r.copied, r.plain.lent = *q.URL, nil
	r.url = &r.copied
	if q.Response == nil {
		q.Host = q.URL.Host // if it were set earlier, http.Client would copy the URL
	} else {
		q.Header.Del("Referer") // it has the query of the request
	}
	if web.SameOrigin(q.URL, r.Base) {
		q.Header = r.headers(q.Header)
		r.asked, r.sent = r.own, r.token
	} else if web.IsOneOf(r.Origins, q.URL) {
		q.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {r.userAgent}}
		if err := r.authorize(q); err != nil {
			return nil, err
		}
	}
	r.leave()
	if q.URL.Scheme == "https" { // the connection may be HTTP/2
		host := r.host
		q, r.sends = web.BoundSends(q, &r.answers, r.Retries-r.retried, func() bool { return host.MayRetry(transport.Transient) })
	}
	if r.Terms.Acts {
		q = r.noteSends(q)
	}
	q, r.left = r.announce(q)
	answer, err := r.send(q)
	if err != nil && r.sends != nil {
		err = cmp.Or(r.sends.Err(), err)
	}
	return answer, err
}

// noteSends notes whether net/http sends q again by itself, as it does with a request that has an
// Idempotency-Key, if a kept connection breaks before the answer.
func (r *trip) noteSends(q *http.Request) *http.Request {
	if r.sentTwice == nil {
		r.sentTwice = new(atomic.Bool)
	}
	twice := r.sentTwice
	var sends atomic.Int32
	return q.WithContext(httptrace.WithClientTrace(q.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if sends.Add(1) > 1 {
			twice.Store(true)
		}
	}}))
}

// announce tells a test clock, if the Host has one, which connection the request uses.
func (r *round) announce(q *http.Request) (*http.Request, func()) {
	c, ok := r.host.(*wait.Carried)
	if !ok || wait.Real(c.Clock) {
		return q, nil
	}
	return web.Announce(q, c.Clock)
}

var jsonType = []string{"application/json"}

// headers returns the headers of a request. The argument h has the cookies.
func (r *round) headers(h http.Header) http.Header {
	q := &r.Request
	body := q.Body != nil
	extra := q.Extra[0] != "" && (q.Extra[0] != Condition || !r.unconditional && !r.plainly.Load())
	if len(h) == 0 && r.token == nil && !body && !extra && len(q.Header) == 0 {
		if r.pool != nil && r.blank.Header != nil {
			return r.header // no code of the user can change it
		}
		return r.plain.lend(&r.identity)
	}
	all := maps.Clone(r.header)
	for i := 0; i < len(q.Header); i += 2 {
		if name := q.Header[i]; !r.isSet[name] {
			all[name] = []string{q.Header[i+1]}
		}
	}
	if len(h) > 0 {
		maps.Copy(all, h)
	}
	if r.token != nil {
		all[r.own.name] = r.own.value(r.token)
	}
	switch {
	case !body || r.isSet["Content-Type"]:
	case q.Type != "":
		all["Content-Type"] = []string{q.Type}
	default:
		all["Content-Type"] = jsonType
	}
	if extra {
		all.Set(q.Extra[0], q.Extra[1])
	}
	return all
}

// leave notes that the request in flight has ended.
func (r *round) leave() {
	if r.sends != nil {
		r.retried += r.sends.Over()
		r.sends = nil
	}
	if r.left != nil {
		r.left()
		r.left = nil
	}
}

// receive reads the outcome of a request into the Answer. It returns the fault if there is no
// answer.
func (r *round) receive(answer *http.Response, fault error) error {
	a := &r.Answer
	*a = Answer{}
	if fault == nil && r.Terms.Stream && answer.StatusCode/100 == 2 {
		a.Code, a.Header, a.Open = answer.StatusCode, answer.Header, answer
		return nil
	}
	if fault == nil {
		if shares := answer.ProtoMajor > 1; shares != r.shares.Load() {
			r.shares.Store(shares)
		}
		isEncoded, mayPace := web.Glance(answer.Header)
		if fault = r.read(answer, isEncoded); fault == nil {
			r.plain.takeBack()
		} else if suffices := r.Terms.Suffices; suffices != nil && suffices(a) {
			a.Body, a.Large, fault = nil, false, nil
		}
		if mayPace {
			a.Wait = web.RetryAfter(a.Code, a.Header, r.host.Now)
		}
	} else if answer != nil { // a redirect that was refused may name a wait
		a.Wait = web.RetryAfter(answer.StatusCode, answer.Header, r.host.Now)
	}
	r.leave()
	return fault
}

const (
	// unreadBody is how many bytes are read of a body that is not needed.
	unreadBody = 32 << 10
	// longUnreadBody is how many bytes are read of such a body if it is known to be longer than
	// unreadBody.
	longUnreadBody = 512
)

// limit returns the largest size of the body, in bytes.
func (r *round) limit() int { return cmp.Or(r.Terms.Limit, r.MaxBody) }

// read reads the body up to the limit, so that the connection can be used again. It does not read
// the body of a 1xx, because that body is the connection itself, and reading it does not end with
// the context. It replaces the body by an empty one, because go-retryablehttp would read it without
// a limit of empty reads. The argument isEncoded is whether the answer has a Content-Encoding.
func (r *round) read(answer *http.Response, isEncoded bool) error {
	body := answer.Body
	defer body.Close()
	answer.Body = http.NoBody
	a := &r.Answer
	a.Code, a.Header = answer.StatusCode, answer.Header
	if a.Code < http.StatusOK {
		return nil
	}
	if r.Terms.Unread && a.Code/100 == 2 {
		limit := unreadBody
		if answer.ContentLength > unreadBody {
			limit = longUnreadBody
		}
		_ = r.decode(body, limit, isEncoded)
		a.Large = false
		return nil
	}
	return r.decode(body, r.limit(), isEncoded)
}

// decode reads a body into the buffer, up to a limit, and decompresses it.
func (r *round) decode(body io.Reader, limit int, isEncoded bool) (fault error) {
	if !isEncoded || !web.IsZipped(r.Answer.Header) {
		return r.fill(body, limit)
	}
	content := web.NewUnzip(r.Answer.Header, body, limit)
	defer content.Release()
	fault = r.fill(content, limit)
	if content.IsTooLong() {
		r.Answer.Large, fault = true, nil
	}
	return fault
}

// ByteOrderMark is at the beginning of the JSON of some services. RFC 8259, section 8.1, allows a
// parser to ignore it.
var ByteOrderMark = []byte("\ufeff")

// maxEmptyReads is how many times in a row a body may return neither bytes nor an error.
const maxEmptyReads = 100

// fill reads a body into the buffer, up to a limit.
func (r *round) fill(content io.Reader, limit int) (fault error) {
	empty := 0
	b := r.buffer[:0]
	if b == nil {
		b = make([]byte, 0, 512)
	}
	for fault == nil && len(b) <= limit {
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(2*cap(b), limit+1))
			copy(grown, b)
			b = grown
		}
		n, err := content.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			break
		}
		if empty++; n > 0 {
			empty = 0
		}
		if fault = err; empty == maxEmptyReads {
			fault = cmp.Or(err, io.ErrNoProgress)
		}
	}
	r.buffer, r.Answer.Body, r.Answer.Large = b, bytes.TrimPrefix(b[:min(len(b), limit)], ByteOrderMark), len(b) > limit
	return fault
}

// redirect is the CheckRedirect of a call. It allows redirects to the origins that the user has
// allowed.
func (r *round) redirect(next *http.Request, via []*http.Request) error {
	if from := next.Response; from != nil && (r.Terms.SeeOther && from.StatusCode == http.StatusSeeOther || slices.Contains(r.Terms.Answers, from.StatusCode)) {
		return http.ErrUseLastResponse
	}
	err := r.mayFollow(next, via)
	if via[0].Method == http.MethodGet && web.IsForeign(err) {
		err = fmt.Errorf("%w (AllowOrigin allows it)", err)
	}
	return err
}

// mayFollow returns an error if a redirect must not be followed.
func (s *Settings) mayFollow(next *http.Request, via []*http.Request) error {
	if s.Strict {
		if err := web.CheckRedirectWithin(s.Base, s.Origins, next, via); err != nil || s.narrow == nil {
			return err
		}
		return s.narrow(next, via)
	}
	isListed := web.IsOneOf(s.Origins, next.URL) && !web.IsDowngrade(next, via)
	if isListed && next.URL.User == nil && len(via) <= web.MaxRedirects && via[0].Method == http.MethodGet {
		return nil
	}
	return s.http.CheckRedirect(next, via)
}

// isBare reports whether the newest request of the base URL's origin had no credential. A word of a
// header or of a query that may be secret counts as one.
func (r *round) isBare() bool {
	return len(r.sensitive()) == 0 && r.url != nil && web.SameOrigin(r.url, r.Base)
}

// sensitive returns the words that are removed from everything that is quoted.
func (r *round) sensitive() []string {
	if r.token == nil && r.sent == nil && len(r.Terms.Secrets) == 0 {
		return r.secrets
	}
	words := slices.Concat(r.Terms.Secrets, r.secrets)
	for _, token := range [...]*web.Token{r.token, r.sent} {
		if token != nil {
			words = append(words, token.Value)
		}
	}
	return words
}
