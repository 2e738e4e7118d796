package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

const (
	running = `{"meta":{"message":"Job status"},"payload":{"status":"running"}}`
	someID  = "7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"
)

// canned answers every request with the same body and allocates nothing. It serves one request at a
// time.
type canned struct {
	answer http.Response
	body   body
}

type body struct{ strings.Reader }

func (*body) Close() error { return nil }

func newCanned() *canned {
	return &canned{answer: http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(running)),
	}}
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	c.body.Reset(running)
	c.answer.Request, c.answer.Body = r, &c.body
	return &c.answer, nil
}

// poll asks for the state of a job once.
type poll func(context.Context) (string, error)

func newClient(b *testing.B, base string, opts ...rest.Option) poll {
	c, err := rest.New(base, opts...)
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return func(ctx context.Context) (string, error) {
		s, err := c.Status(ctx, someID)
		if s.State != transport.Running {
			return s.Raw, err
		}
		return "running", err
	}
}

// newLoop is what a program without a library contains.
func newLoop(b *testing.B, base string, t http.RoundTripper) poll {
	client := &http.Client{Transport: t}
	b.Cleanup(client.CloseIdleConnections)
	return func(ctx context.Context) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/status/%s", base, someID), nil)
		if err != nil {
			return "", err
		}
		answer, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		var body struct {
			Payload struct {
				Status string `json:"status"`
			} `json:"payload"`
		}
		err = json.NewDecoder(answer.Body).Decode(&body)
		return body.Payload.Status, err
	}
}

// BenchmarkPoll is one poll: of the Client, and of the loop that one would write by hand with
// net/http and encoding/json, over the same carrier, whose cost is part of the figures. Under
// "ratio" the two take turns, so that a noisy machine is noisy for both: it reports what a poll of
// the Client costs in units of the loop, and the allocations of each.
//
//	go test -run '^$' -bench Poll ./transport/rest
func BenchmarkPoll(b *testing.B) {
	b.Run("canned", func(b *testing.B) {
		compare(b, newClient(b, "http://jobs.test", rest.WithRoundTripper(newCanned())), newLoop(b, "http://jobs.test", newCanned()))
	})
	b.Run("loopback", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, running)
		}))
		b.Cleanup(server.Close)
		compare(b, newClient(b, server.URL), newLoop(b, server.URL, http.DefaultTransport.(*http.Transport).Clone()))
	})
}

func compare(b *testing.B, client, loop poll) {
	alone := func(p poll) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, p)
			}
		}
	}
	b.Run("client", alone(client))
	b.Run("loop", alone(loop))
	b.Run("ratio", func(b *testing.B) {
		const polls = 200 // of requests in a turn
		var ratios []float64
		for b.Loop() {
			one := measure(b, polls, client)
			ratios = append(ratios, float64(one)/float64(measure(b, polls, loop)))
		}
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "of-loop")
		b.ReportMetric(0, "ns/op")
	})
}

func ask(b *testing.B, p poll) {
	if word, err := p(context.Background()); err != nil || word != "running" {
		b.Fatal(word, err)
	}
}

func measure(b *testing.B, n int, p poll) time.Duration {
	runtime.Gosched()
	began := time.Now()
	for range n {
		ask(b, p)
	}
	return time.Since(began)
}
