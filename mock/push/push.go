// Package push describes where a service of package mock reports the changes of its jobs without
// being polled.
//
//	mock.NewServer(t,
//		mock.Push(push.Webhook("https://example.com/hooks", secret), push.Stream("/events")))
//
// Each change of a job's state is an event in the form that the Dialect's Event describes. For an
// impossible argument, mock.NewServer fails the test, and mock.NewService returns an error.
package push

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/target"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// Target is where a service sends its events. It is an argument of
// [github.com/iamber12/job-status-monitoring/mock.Push].
type Target struct {
	target target.Target
	err    error
}

// Resolve returns what t describes. It returns an error if an argument of t is impossible. It is
// for package mock.
func (t Target) Resolve() (target.Target, error) {
	if t.err == nil && t.target == (target.Target{}) {
		return t.target, errors.New("a target is zero")
	}
	return t.target, t.err
}

// timeout bounds one call of a webhook.
const timeout = 10 * time.Second

// Webhook sends each event to a URL by POST, with a signature that [webhook.StandardWebhooks]
// verifies. After a failure or a 5xx, the request is sent at most twice more, after 5 and after 10
// seconds on the service's clock. A request may take at most 10 seconds of real time. At most 64
// requests are in flight at once, and the others wait. No redirect is followed, and no request goes
// on after the test.
func Webhook(to, secret string) Target {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Target{err: errors.New("Webhook: the URL must begin with http:// or https://")}
	}
	return hook(to, secret, &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}})
}

// Handler is like [Webhook], but has no socket: the service calls h, at most 64 times at once. With
// a Clock of package mock, every run of a test is then the same.
func Handler(h http.Handler, secret string) Target {
	if h == nil {
		return Target{err: errors.New("Handler: the handler is nil")}
	}
	return hook("http://webhook.test/", secret, &http.Client{Transport: direct{h}})
}

func hook(to, secret string, client *http.Client) Target {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	_, err := webhook.Sign(secret, "msg", time.Unix(1, 0), nil)
	return Target{target.Target{URL: to, Secret: secret, Client: client}, err}
}

// Stream sends each event as a server-sent event with an id, to GET requests at a path such as
// /events. The newest 1,024 events are kept for clients that reconnect with a Last-Event-ID. A
// client that is slow gets each event, unless it falls more than 65,536 behind: its connection is
// then broken. After 15 seconds without an event, a comment is sent. A service has at most one
// stream, and only over HTTP.
//
// A Clock of package mock cannot see when a client has read an event. So test a stream in a
// testing/synctest bubble, with mock.InMemory.
func Stream(path string) Target {
	t := Target{target: target.Target{Path: path}}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#{}") {
		t.err = fmt.Errorf("Stream(%.80q): must be a path that begins with a slash", path)
	}
	return t
}
