package field

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everySecond polls a job once a second, from the start of its wait.
func everySecond(p backoff.Poll) time.Duration {
	return time.Duration(min(p.Attempt, 1)) * time.Second
}

// A reply is what a gateway says to one request.
type reply struct {
	code   int      // 200 if zero
	header []string // names and values in turn
	body   string
	err    error // there is no answer
}

// ok is a 200 with a body.
func ok(body string) reply { return reply{body: body} }

// says is an answer of the default dialect.
func says(word string) reply { return ok(fmt.Sprintf(`{"payload":{"status":%q}}`, word)) }

// code is an answer without a body.
func code(n int) reply { return reply{code: n} }

// with returns r with headers.
func (r reply) with(header ...string) reply {
	r.header = slices.Concat(r.header, header)
	return r
}

// A gateway answers requests in memory, and notes when they came.
type gateway struct {
	answer func(n int, r *http.Request) reply

	mu    sync.Mutex
	began time.Time
	asked []time.Duration
	paths []string
}

// newGateway returns a gateway whose nth request, counted from 1, is answered by answer.
func newGateway(answer func(n int, r *http.Request) reply) *gateway {
	return &gateway{answer: answer, began: time.Now()}
}

// script answers the nth request by the nth reply, and all that follow by the last.
func script(replies ...reply) *gateway {
	return newGateway(func(n int, _ *http.Request) reply { return replies[min(n, len(replies))-1] })
}

// RoundTrip answers a request.
func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.asked = append(g.asked, time.Since(g.began))
	g.paths = append(g.paths, r.URL.EscapedPath())
	n := len(g.asked)
	g.mu.Unlock()
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	a := g.answer(n, r)
	if a.err != nil {
		return nil, a.err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for pair := range slices.Chunk(a.header, 2) {
		if pair[0] == "Content-Type" {
			header.Del(pair[0])
		}
		header.Add(pair[0], pair[1])
	}
	if a.code == 0 {
		a.code = http.StatusOK
	}
	return &http.Response{StatusCode: a.code, Header: header, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body))}, nil
}

// at returns when the requests came.
func (g *gateway) at() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

// maxBody is the size of an answer, in bytes. It is small, so that answers over it cost little.
const maxBody = 4 << 10

// watcher returns a Watcher that asks g as d says, polls once a second and has ten minutes, unless
// opts say otherwise.
func (g *gateway) watcher(t *testing.T, d rest.Dialect, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	return g.watcherWith(t, []rest.Option{rest.WithDialect(d), rest.WithMaxBody(maxBody)}, opts...)
}

func (g *gateway) watcherWith(t *testing.T, how []rest.Option, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	client, err := rest.New("http://service.test", append([]rest.Option{rest.WithRoundTripper(g)}, how...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return watcherOf(t, client, opts...)
}

// client returns a client of g with a dialect.
func (g *gateway) client(t *testing.T, d rest.Dialect) *rest.Client {
	t.Helper()
	client, err := rest.New("http://service.test", rest.WithRoundTripper(g), rest.WithDialect(d), rest.WithMaxBody(maxBody))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// watcherOf is watcher with any Transport.
func watcherOf(t *testing.T, service jobstatus.Transport, opts ...jobstatus.Option) *jobstatus.Watcher {
	t.Helper()
	w, err := jobstatus.New(service, append([]jobstatus.Option{jobstatus.WithBackoff(backoff.Func(everySecond)),
		jobstatus.WithTimeout(10 * time.Minute)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// An outcome is how a wait ended.
type outcome struct {
	jobstatus.Status
	err  error
	took time.Duration
	at   []time.Duration // of the requests
}

// wait waits for the job "1" with a Watcher of g.
func (g *gateway) wait(t *testing.T, d rest.Dialect, opts ...jobstatus.Option) outcome {
	t.Helper()
	w := g.watcher(t, d, opts...)
	began := time.Now()
	st, err := w.WaitForJob(t.Context(), "1")
	return outcome{st, err, time.Since(began), g.at()}
}

// A service is a Transport that is a function of the job's id and of how often it was asked.
type service func(ctx context.Context, id string, n int) (jobstatus.Status, error)

// counted is a service that counts.
type counted struct {
	service
	mu    sync.Mutex
	polls map[string]int
}

func (s service) counted() *counted { return &counted{service: s, polls: map[string]int{}} }

// Status answers a poll.
func (c *counted) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	c.mu.Lock()
	c.polls[id]++
	n := c.polls[id]
	c.mu.Unlock()
	return c.service(ctx, id, n)
}

// of returns how often a job was asked about.
func (c *counted) of(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.polls[id]
}

// runsFor says running to n polls, and then completed.
func runsFor(n int) service {
	return func(_ context.Context, _ string, poll int) (jobstatus.Status, error) {
		if poll > n {
			return jobstatus.Status{State: jobstatus.Completed}, nil
		}
		return jobstatus.Status{State: jobstatus.Running, Revision: fmt.Sprint(poll)}, nil
	}
}
