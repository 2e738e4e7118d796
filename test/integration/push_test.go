package integration

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/sse"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// secret signs the webhooks of a jobserver.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// listener is a Notifier that says when the Watcher has begun to listen.
type listener struct {
	transport.Truster
	begun chan struct{} // gets a value
}

func (l *listener) Notify(ctx context.Context, notify func(transport.Status)) error {
	return l.Truster.Notify(ctx, func(s transport.Status) {
		notify(s)
		if s.ID == "" {
			select {
			case l.begun <- struct{}{}:
			default: // it listens again
			}
		}
	})
}

// hear returns a Watcher of a service that has been listening to n. Polls are so seldom that the
// test would end by its timeout if a job were found by one of them.
func hear(t *testing.T, url string, n transport.Truster) *jobstatus.Watcher {
	t.Helper()
	l := &listener{n, make(chan struct{}, 1)}
	w := watch(t, url, jobstatus.WithNotifier(l), jobstatus.WithQuietInterval(time.Hour), jobstatus.WithTimeout(2*patience))
	select {
	case <-l.begun:
	case <-time.After(patience):
		require.FailNow(t, "the Watcher does not listen")
	}
	return w
}

// ends waits for a job that completes.
func ends(t *testing.T, w *jobstatus.Watcher) {
	t.Helper()
	id, err := w.CreateJob(t.Context())
	require.NoError(t, err)
	st, err := w.WaitForJob(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, jobstatus.Completed, st.State)
}

// fault 29: an end that a webhook tells is confirmed by one poll, and no other is made. Webhooks
// that are doubled and forged change nothing.
func TestAJobIsHeardByWebhook(t *testing.T) {
	t.Parallel()
	reader, err := rest.New("http://service.invalid")
	require.NoError(t, err)
	hook, err := webhook.New(reader, webhook.StandardWebhooks(secret))
	require.NoError(t, err)
	receiver := httptest.NewServer(hook)
	defer receiver.Close()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "300ms", "--fail", "0", "--webhook", receiver.URL, "--webhook-secret", secret,
		"--fault", "push 1: doubled; forged")
	w := hear(t, p.url, hook)
	ends(t, w)
	assert.EqualValues(t, 1, w.Stats().Requests)
}

func TestAJobIsHeardByStream(t *testing.T) {
	t.Parallel()
	p := serve(t, "--addr", "127.0.0.1:0", "--duration", "300ms", "--fail", "0", "--stream", "/events")
	reader, err := rest.New(p.url)
	require.NoError(t, err)
	stream, err := sse.New(p.url+"/events", reader, sse.WithTrust())
	require.NoError(t, err)
	defer stream.Close()
	w := hear(t, p.url, stream)
	ends(t, w)
	assert.Zero(t, w.Stats().Requests)
}
