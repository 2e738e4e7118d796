package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// canned answers every request with the same body, as a connection that costs nothing.
type canned string

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(c)),
		Body:          io.NopCloser(strings.NewReader(string(c))),
	}, nil
}

const running = `{"meta":{"message":"Job status"},"payload":{"status":"running"}}`

// BenchmarkStatus is one poll over a canned round trip, which is part of the figures.
func BenchmarkStatus(b *testing.B) {
	c, err := rest.New("http://jobs.test", rest.WithRoundTripper(canned(running)))
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if s, err := c.Status(ctx, "7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"); err != nil || s.State != transport.Running {
			b.Fatal(s, err)
		}
	}
}

// BenchmarkByHand is what a program writes that has no library for it.
func BenchmarkByHand(b *testing.B) {
	client := &http.Client{Transport: canned(running)}
	ctx := context.Background()
	poll := func(id string) (string, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://jobs.test/status/%s", id), nil)
		if err != nil {
			return "", err
		}
		answer, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		var body struct {
			Payload struct{ Status string }
		}
		err = json.NewDecoder(answer.Body).Decode(&body)
		return body.Payload.Status, err
	}
	b.ReportAllocs()
	for b.Loop() {
		if s, err := poll("7f3c9a52-0b1e-4a49-9a55-6c0f3f1d2e77"); err != nil || s != "running" {
			b.Fatal(s, err)
		}
	}
}
