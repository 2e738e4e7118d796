package jobstatus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

const pendingBody = `{"meta":{"message":"Job status"},"payload":{"status":"pending"}}`

var completedBody = strings.Replace(pendingBody, "pending", "completed", 1)

// canned is a service without a network, so its answers cost almost nothing. It answers pending a
// number of times, and then completed. It reuses an answer once it is closed.
type canned struct {
	pending atomic.Int64
	answers sync.Pool
}

type cannedAnswer struct {
	http.Response
	strings.Reader
	of *canned
}

func (a *cannedAnswer) Close() error {
	a.of.answers.Put(a)
	return nil
}

var cannedHeader = http.Header{"Content-Type": {"application/json"}}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	a, _ := c.answers.Get().(*cannedAnswer)
	if a == nil {
		a = &cannedAnswer{of: c}
	}
	body := pendingBody
	if c.pending.Add(-1) < 0 {
		body = completedBody
	}
	a.Reader.Reset(body)
	a.Response = http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: cannedHeader, ContentLength: int64(len(body)), Body: a,
	}
	return &a.Response, nil
}

// BenchmarkPoll measures a poll over a canned round trip. It compares a Watcher on transport/rest
// with a loop written by hand with net/http and encoding/json, without a sleep.
func BenchmarkPoll(b *testing.B) {
	b.Run("watcher", benchmarkWatcher)
	b.Run("loop", benchmarkLoop)
}

// benchmarkWatcher spreads the polls over a thousand watches, because one watch waits at least a
// millisecond between two polls.
func benchmarkWatcher(b *testing.B) {
	b.ReportAllocs()
	service := &canned{}
	t, err := rest.New("http://service.test", rest.WithRoundTripper(service))
	require.NoError(b, err)
	w, err := jobstatus.New(t, every(time.Millisecond), jobstatus.WithTimeout(jobstatus.Unlimited),
		jobstatus.WithMaxAttempts(jobstatus.Unlimited))
	require.NoError(b, err)
	defer w.Close()
	b.ResetTimer()
	service.pending.Store(int64(b.N))
	for _, err := range w.WaitForJobs(context.Background(), uuids(min(b.N, 1000))) {
		require.NoError(b, err)
	}
}

func benchmarkLoop(b *testing.B) {
	b.ReportAllocs()
	client := &http.Client{Transport: &canned{}}
	client.Transport.(*canned).pending.Store(int64(b.N))
	for i := 0; i < b.N; i++ {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet,
			fmt.Sprintf("http://service.test/status/%s", "00000000-0000-4000-8000-000000000000"), nil)
		if err != nil {
			b.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		var answer struct {
			Payload struct {
				Status string `json:"status"`
			} `json:"payload"`
		}
		err = json.NewDecoder(resp.Body).Decode(&answer)
		_ = resp.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		if answer.Payload.Status != "pending" {
			b.Fatal(answer.Payload.Status)
		}
	}
}
