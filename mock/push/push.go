// Package push describes where a service of package mock tells of the changes of its jobs without
// being asked.
//
//	mock.NewServer(t,
//		mock.Push(push.Webhook("https://example.com/hooks", secret), push.Stream("/events")))
//
// Each change of a job's state is an event in the form that the Dialect's Event describes. An
// impossible argument is an error of the option, and fails the test.
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

// Webhook sends each event to a URL by POST, signed as [webhook.StandardWebhooks] verifies it. A
// call that fails, or is answered with a 5xx, is made again twice, after 5 and 10 seconds of the
// service's clock. One call may take 10 seconds of real time.
func Webhook(to, secret string) Target {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Target{err: errors.New("Webhook: the URL must begin with http:// or https://")}
	}
	return hook(to, secret, &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}})
}

// Handler is [Webhook] without a socket: the service calls h. Together with a Clock of package mock
// every run takes the same course.
func Handler(h http.Handler, secret string) Target {
	if h == nil {
		return Target{err: errors.New("Handler: the handler is nil")}
	}
	return hook("http://webhook.test/", secret, &http.Client{Transport: direct{h}})
}

func hook(to, secret string, client *http.Client) Target {
	_, err := webhook.Sign(secret, "msg", time.Unix(1, 0), nil)
	return Target{target.Target{URL: to, Secret: secret, Client: client}, err}
}

// Stream sends each event as a server-sent event with an id, to GET requests at a path such as
// /events. The newest 1,024 events are kept for clients that come back with a Last-Event-ID. A
// comment follows after 15 seconds without an event. A service has one stream at most, and only
// over HTTP.
//
// A Clock of package mock does not know when a client has read an event. In a test, stream in a
// bubble of testing/synctest, with mock.InMemory.
func Stream(path string) Target {
	t := Target{target: target.Target{Path: path}}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#{}") {
		t.err = fmt.Errorf("Stream(%.80q): must be a path that begins with a slash", path)
	}
	return t
}
