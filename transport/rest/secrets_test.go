package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// echoes are the forms in which a service may repeat what it was sent.
var echoes = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"JSON": func(s string) string {
		text, _ := json.Marshal(s)
		return string(text)
	},
	"JSON in JSON": func(s string) string {
		text, _ := json.Marshal(s)
		text, _ = json.Marshal(string(text))
		return string(text)
	},
	"HTML":          html.EscapeString,
	"query":         url.QueryEscape,
	"path":          url.PathEscape,
	"query in HTML": func(s string) string { return html.EscapeString(url.QueryEscape(s)) },
	"query twice":   func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
}

// fault 44, fault 65
func TestNoSecretIsEchoedInAnyForm(t *testing.T) {
	t.Parallel()
	// No part of one form is known from another.
	const (
		sig      = `Sx/qV+&"<x>`
		user     = `Uy/zW=&"<y>`
		password = `Pb/kT?&"<z>`
		key      = `Kc/mR#&'<w>`
	)
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	told := map[string]func(*http.Request) string{
		"query":    func(r *http.Request) string { return r.URL.Query().Get("sig") },
		"user":     func(r *http.Request) string { u, _, _ := r.BasicAuth(); return u },
		"password": func(r *http.Request) string { _, p, _ := r.BasicAuth(); return p },
		"basic": func(r *http.Request) string {
			_, word, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			return word
		},
		"key":    func(r *http.Request) string { _, word, _ := strings.Cut(r.Header.Get("X-Key"), " "); return word },
		"header": func(r *http.Request) string { return r.Header.Get("X-Key") },
	}
	secrets := []string{sig, user, password, basic, key}
	for what, secret := range told {
		for name, echo := range echoes {
			core, logs := observer.New(zapcore.DebugLevel)
			ctx := wait.NewContext(t.Context(), wait.Carried{Clock: clock.New(), Logger: zap.New(core)})
			code := 200
			c := serve(t, func(w http.ResponseWriter, r *http.Request) { say(code, "- "+echo(secret(r))+" -")(w, r) })
			base := "http://" + url.UserPassword(user, password).String() + "@" + strings.TrimPrefix(c.String(), "rest: http://")
			query := "sig=" + url.QueryEscape(sig)
			c = client(t, base, oneAttempt, rest.WithHeader("X-Key", "Key "+key), rest.WithDialect(rest.Dialect{
				Create: rest.Call{Path: "/?" + query}, Status: rest.Call{Path: "/{id}?" + query}, Cancel: rest.Call{Path: "/{id}?" + query},
				Batch: rest.Batch{Path: "/?" + query + "&id={id}"},
			}))
			for _, code = range []int{200, 404, 429, 503} {
				_, asked := c.Status(ctx, "7")
				_, created := c.Create(ctx, transport.CreateRequest{})
				_, many := c.StatusBatch(ctx, []string{"a", "b"})
				for _, err := range []error{asked, created, many} {
					require.Error(t, err)
					bare := strings.NewReplacer(`"`, "", `\`, "").Replace(err.Error())
					require.Contains(t, bare, "- [redacted] -", "%s, %s, %d", what, name, code)
				}
				text := fmt.Sprintf("%+v %+v %+v %+v", asked, created, many, logs.All())
				for _, secret := range secrets {
					for _, form := range echoes {
						assert.NotContains(t, text, form(secret), "%s, %s, %d", what, name, code)
					}
				}
			}
		}
	}
}

// fault 42, fault 44, fault 65
func TestAForeignOriginGetsNoRefererWithOurQuery(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 10)
	record := func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Clone()
		say(200, status("completed"))(w, r)
	}
	foreign := httptest.NewServer(http.HandlerFunc(record))
	t.Cleanup(foreign.Close)
	follow := &http.Client{Transport: new(http.Transport), CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	t.Cleanup(follow.CloseIdleConnections)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/moved") {
			record(w, r)
			return
		}
		http.Redirect(w, r, map[string]string{"/away": foreign.URL, "/here": "/moved"}[r.URL.Path], http.StatusFound)
	}, rest.WithHTTPClient(follow), rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/{id}?key=" + canary}}))
	for _, id := range []string{"away", "here"} {
		_, err := c.Status(t.Context(), id)
		require.NoError(t, err)
		assert.NotContains(t, fmt.Sprint(<-seen), canary, id)
	}
}

// fault 42, fault 65
func TestARedirectCannotBringItsOwnCredentials(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]rest.Option{
		"by default":         nil,
		"as the user allows": {rest.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }})},
	} {
		var seen []string
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("Authorization"))
			if r.URL.Path == "/moved" {
				say(200, status("completed"))(w, r)
				return
			}
			http.Redirect(w, r, "http://evil:pw"+canary+"@"+r.Host+"/moved", http.StatusFound)
		}, append(opts, rest.WithHeader("Authorization", "Bearer ours"))...)
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Misdirected, classOf(t, err), name)
		assert.ErrorContains(t, err, "a redirect to a URL with a user name", name)
		assert.NotContains(t, err.Error(), canary, name)
		assert.Equal(t, []string{"Bearer ours"}, seen, name)
	}
}

// A redirect that the user's CheckRedirect refuses did not reach the service either.
func TestARedirectThatTheUserRefusesIsMisdirected(t *testing.T) {
	t.Parallel()
	refused := errors.New("not there")
	for _, rule := range []error{refused, http.ErrUseLastResponse} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved", http.StatusFound) },
			rest.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return rule }}))
		_, err := c.Status(t.Context(), "7")
		assert.Equal(t, transport.Misdirected, classOf(t, err))
		assert.Equal(t, rule == refused, errors.Is(err, refused))
	}
}

// fault 41: a loop ends, although the user's function allows each of its redirects.
func TestARuleOfTheUserFollowsNoLoop(t *testing.T) {
	t.Parallel()
	for hops, want := range map[int64]transport.State{10: transport.Completed, 11: transport.Unknown} {
		var asked atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) > hops {
				_, _ = io.WriteString(w, `{"payload":{"status":"completed"}}`)
				return
			}
			http.Redirect(w, r, "/status/7", http.StatusFound)
		}, rest.WithHTTPClient(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}))
		st, err := c.Status(t.Context(), "7")
		assert.Equal(t, want, st.State)
		if hops > 10 {
			assert.Equal(t, transport.Misdirected, classOf(t, err))
			assert.ErrorContains(t, err, "more than 10 redirects")
			assert.EqualValues(t, 11, asked.Load())
		}
	}
}

// fault 44, fault 65
func TestPrintingADialectPrintsNoSecret(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Method: "POST", Path: "/jobs?key=" + canary, Body: map[string]string{"token": canary}}, Status: rest.Call{Method: "GET", Path: "/jobs/{id}?sig=" + canary + "&a={id}"},
		Cancel: rest.Call{Path: "/?" + canary}, Batch: rest.Batch{Path: "/jobs?ids={ids}&key=" + canary, Body: map[string]string{"key": canary}},
		State: "state",
	}
	for _, value := range []any{d, &d, d.Create, &d.Create, d.Status, d.Batch, &d.Batch, rest.WithDialect(d), []rest.Call{d.Cancel},
		struct{ D rest.Dialect }{d}, map[string]rest.Batch{"b": d.Batch}, transport.CreateRequest{Input: d, IdempotencyKey: canary}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			assert.NotContains(t, fmt.Sprintf(verb, value), canary, "%s of %T", verb, value)
		}
	}
	assert.Equal(t, "POST /jobs?[redacted]", d.Create.String())
	assert.Equal(t, "GET /jobs/{id}?[redacted], state at state", d.String())
	assert.Equal(t, "POST /jobs?[redacted]", d.Batch.String())
	assert.Equal(t, "GET /status/{id}, state at payload.status", rest.Dialect{}.String())
}

// fault 7, fault 44
func TestNoProxysPasswordIsInAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	rubbish := raw(t, func(c net.Conn) {
		_ = hear(c)
		_, _ = io.WriteString(c, "HTTP/1.1 "+canary+"\r\n\r\n")
	})
	ask := func(scheme string, proxy func(*http.Request) (*url.URL, error)) error {
		pool := web.NewPool(nil, 1)
		pool.Proxy = proxy
		t.Cleanup(pool.CloseIdleConnections)
		_, err := client(t, scheme+"://jobs.invalid", rest.WithRoundTripper(pool), oneAttempt).Status(t.Context(), "7")
		return err
	}
	for name, host := range map[string]string{"unreachable": l.Addr().String(), "rubbish": strings.TrimPrefix(rubbish, "http://")} {
		for _, scheme := range []string{"http", "https"} {
			err := ask(scheme, http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("user", "p-"+canary), Host: host}))
			require.Error(t, err, name)
			assert.NotContains(t, err.Error(), "p-"+canary)
		}
	}
	err = ask("http", func(*http.Request) (*url.URL, error) {
		return nil, fmt.Errorf("bad proxy address %q", "http://user:"+canary+"@proxy.test:x")
	})
	assert.ErrorContains(t, err, "bad proxy address")
	assert.NotContains(t, err.Error(), canary)
}
