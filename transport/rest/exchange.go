package rest

import (
	"cmp"
	"io"
	"maps"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// RoundTrip puts the headers on a request and hands it to the settings' transport. That it is done
// here and not before keeps net/http from copying them for a redirect, and keeps them from a
// foreign origin that the user's http.Client follows one to. It also hides CloseIdleConnections:
// go-retryablehttp calls that whenever a call does not succeed, and the connections are those of
// all other watches.
func (k *call) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Response == nil {
		r.Host = r.URL.Host // set before, it would have http.Client copy the URL
	} else {
		r.Header.Del("Referer") // it has our query
	}
	if web.SameOrigin(r.URL, k.base) {
		r.Header = k.headers(r.Header)
	} else if isAllowed(k.origins, r.URL) {
		r.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {UserAgent}}
	}
	k.leave()
	if r.URL.Scheme == "https" { // and so perhaps HTTP/2
		host := k.host
		r, k.sends = web.BoundSends(r, k.retries-k.retried, func() bool { return host.MayRetry(transport.Transient) })
	}
	r, k.left = k.announce(r)
	answer, err := k.send(r)
	if err != nil && k.sends != nil {
		err = cmp.Or(k.sends.Err(), err)
	}
	return answer, err
}

// announce tells a test clock, if the Host has one, on which connection the request goes out.
func (k *call) announce(r *http.Request) (*http.Request, func()) {
	c, ok := k.host.(*wait.Carried)
	if !ok {
		return r, nil
	}
	return web.Announce(r, c.Clock)
}

var jsonType = []string{"application/json"}

// headers returns the headers of a request that has the cookies of r already.
func (k *call) headers(r http.Header) http.Header {
	body := k.target.body != nil
	if k.own != nil && k.bare != nil && len(r) == 0 && k.token == nil && !body && k.extra[0] == "" && len(k.target.header) == 0 {
		return k.header // nothing of the user's can write in it
	}
	h := maps.Clone(k.header)
	for i := 0; i < len(k.target.header); i += 2 {
		if name := k.target.header[i]; !k.isSet[name] {
			h[name] = []string{k.target.header[i+1]}
		}
	}
	if len(r) > 0 {
		maps.Copy(h, r)
	}
	if k.token != nil {
		if k.tokenHeader != "" {
			h[k.tokenHeader] = []string{k.token.Value}
		} else {
			h["Authorization"] = k.token.Header
		}
	}
	switch typ := k.target.typ; {
	case !body || k.isSet["Content-Type"]:
	case typ != "":
		h["Content-Type"] = []string{typ}
	default:
		h["Content-Type"] = jsonType
	}
	if k.extra[0] != "" {
		h.Set(k.extra[0], k.extra[1])
	}
	return h
}

// leave says that the request under way is over.
func (k *call) leave() {
	if k.sends != nil {
		k.retried += k.sends.Over()
		k.sends = nil
	}
	if k.left != nil {
		k.left()
		k.left = nil
	}
}

// receive reads the whole body, so that its connection can serve again, up to limit. That of a 1xx
// is the connection itself, which no context ends, and is not read.
func (k *call) receive(answer *http.Response) {
	defer answer.Body.Close()
	k.code, k.answer = answer.StatusCode, answer.Header
	if k.code < http.StatusOK {
		return
	}
	if !web.IsZipped(k.answer) {
		k.fill(answer.Body)
		return
	}
	content := web.NewUnzip(answer.Body, k.limit)
	defer content.Release()
	if k.fill(content); content.IsTooLong() {
		k.large, k.fault = true, nil
	}
}

// fill reads a body into the buffer, up to limit.
func (k *call) fill(content io.Reader) {
	b := k.buffer[:0]
	if b == nil {
		b = make([]byte, 0, 512)
	}
	for k.fault == nil && len(b) <= k.limit {
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(2*cap(b), k.limit+1))
			copy(grown, b)
			b = grown
		}
		n, err := content.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			break
		}
		k.fault = err
	}
	k.buffer, k.body, k.large = b, b, len(b) > k.limit
}

// redirect is the CheckRedirect of a call. A 303 that answers a status call is no way on, but the
// end of the job. An origin that the user allowed may be redirected to.
func (k *call) redirect(next *http.Request, via []*http.Request) error {
	if k.template == k.stage.status && next.Response != nil && next.Response.StatusCode == http.StatusSeeOther {
		return http.ErrUseLastResponse
	}
	if next.URL.User == nil && len(via) <= maxRedirects && via[0].Method == http.MethodGet && isAllowed(k.origins, next.URL) {
		return nil
	}
	return k.http.CheckRedirect(next, via)
}

const maxRedirects = 5
