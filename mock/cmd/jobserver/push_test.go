package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/sse"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// notify runs a Notifier until the test ends, and returns what it delivers once it listens.
func notify(t *testing.T, n transport.Notifier) <-chan transport.Status {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	told, done := make(chan transport.Status, 100), make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Notify(ctx, func(s transport.Status) { told <- s })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	assert.Zero(t, next(t, told), "it listens")
	return told
}

func TestTheServerTellsOfChangesByWebhookAndStream(t *testing.T) {
	t.Parallel()
	const secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	reader, err := rest.New("http://service.invalid")
	require.NoError(t, err)
	hook, err := webhook.New(reader, webhook.StandardWebhooks(secret))
	require.NoError(t, err)
	receiver := httptest.NewServer(hook)
	defer receiver.Close()
	byHook := notify(t, hook)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log, code := &lines{out: make(chan string, 100)}, make(chan int, 1)
	args := []string{"serve", "--addr", "127.0.0.1:0", "--duration", "1s", "--speed", "1000", "--fail", "0", "--running",
		"--webhook", receiver.URL, "--webhook-secret", secret, "--stream", "/events", "--fault", "push 1: doubled; forged"}
	go func() { code <- run(ctx, args, log, log) }()
	_, url, ok := strings.Cut(strings.TrimSpace(next(t, log.out)), "listening on ")
	require.True(t, ok)
	stream, err := sse.New(url+"/events", reader)
	require.NoError(t, err)
	defer stream.Close()
	byStream := notify(t, stream)

	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	answer, err := client.Post(url+"/", "", nil)
	require.NoError(t, err)
	_ = answer.Body.Close()
	states := []transport.State{next(t, byHook).State, next(t, byHook).State} // calls may overtake each other
	assert.ElementsMatch(t, []transport.State{transport.Running, transport.Completed}, states)
	for range 2 {
		assert.Equal(t, transport.Running, next(t, byStream).State)
	}
	assert.Equal(t, transport.Completed, next(t, byStream).State)
	cancel()
	assert.Zero(t, next(t, code), "the stream does not keep the server from ending")
}
