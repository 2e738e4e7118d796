package webhook_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

var secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(key1))

type readerFunc func(http.Header, []byte) (transport.Status, error)

func (f readerFunc) ReadEvents(h http.Header, body []byte) ([]transport.Status, error) {
	s, err := f(h, body)
	if err != nil {
		return nil, err
	}
	return []transport.Status{s}, nil
}

// readDefault reads a body of {"id":…,"state":…}.
func readDefault(_ http.Header, body []byte) (transport.Status, error) {
	var s struct {
		ID    string
		State transport.State
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return transport.Status{}, err
	}
	return transport.Status{ID: s.ID, State: s.State, Result: body[:1]}, nil
}

// at is a clock that a test moves.
type at struct {
	mu  sync.Mutex
	now time.Time
}

func (a *at) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *at) advance(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

func start() *at { return &at{now: time.Unix(1700000000, 0)} }

// heard collects what a Notifier delivers.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (h *heard) notify(s transport.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, s.ID+" "+s.State.String())
}

func (h *heard) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.all...)
}

// listen runs Notify until the test ends. It returns when the Handler listens.
func listen(t *testing.T, n transport.Notifier, notify func(transport.Status)) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	open, done := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		done <- n.Notify(ctx, func(s transport.Status) {
			if s.ID == "" {
				once.Do(func() { close(open) })
				return
			}
			notify(s)
		})
	}()
	<-open
	var result error
	stop = sync.OnceValue(func() error {
		cancel(errStopped)
		result = <-done
		return result
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

var errStopped = errors.New("stopped")

// send posts a body, signed at a time under an id, and returns the status code.
func send(t testing.TB, h http.Handler, id string, signedAt time.Time, body string, change ...func(*http.Request)) int {
	signature, err := webhook.Sign(secret, id, signedAt, []byte(body))
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(body))
	for name, values := range signature {
		r.Header[name] = values
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Empty(t, w.Body.String())
	return w.Code
}

func newHandler(t testing.TB, opts ...webhook.Option) *webhook.Handler {
	t.Helper()
	h, err := webhook.New(readerFunc(readDefault), webhook.StandardWebhooks(secret), opts...)
	require.NoError(t, err)
	return h
}

const done7 = `{"id":"7","state":"completed"}`

// These are faults 25 and 46: whatever is wrong with a request, nothing else happens.
func TestARequestThatIsNotRightReachesNobody(t *testing.T) {
	t.Parallel()
	clock := start()
	now := clock.Now()
	for name, c := range map[string]struct {
		at     time.Time
		body   string
		change func(*http.Request)
		want   int
	}{
		"a GET":               {now, done7, func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"a PUT":               {now, done7, func(r *http.Request) { r.Method = http.MethodPut }, 405},
		"compressed":          {now, done7, func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, 415},
		"compressed twice":    {now, done7, func(r *http.Request) { r.Header["Content-Encoding"] = []string{"gzip, gzip"} }, 415},
		"compressed in part":  {now, zipped(done7)[:40], func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400},
		"a bomb":              {now, zipped(done7 + strings.Repeat(" ", 1000)), func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 413},
		"compressed as well":  {now, done7, func(r *http.Request) { r.Header["Content-Encoding"] = []string{"identity", "gzip"} }, 415},
		"too large":           {now, done7 + strings.Repeat(" ", 1000), nil, 413},
		"too large, unstated": {now, done7 + strings.Repeat(" ", 1000), func(r *http.Request) { r.ContentLength = -1 }, 413},
		"broken off":          {now, done7, func(r *http.Request) { r.Body = io.NopCloser(errReader{}) }, 400},
		"without a body":      {now, done7, func(r *http.Request) { r.Body = nil }, 401},
		"unsigned":            {now, done7, func(r *http.Request) { r.Header.Del("Webhook-Signature") }, 401},
		"another body": {now, done7, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(done7, "7", "8", 1)))
		}, 401},
		"another id":        {now, done7, func(r *http.Request) { r.Header.Set("Webhook-Id", "msg_2") }, 401},
		"six minutes old":   {now.Add(-6 * time.Minute), done7, nil, 401},
		"six minutes ahead": {now.Add(6 * time.Minute), done7, nil, 401},
		"unreadable":        {now, `{"id":`, nil, 400},
		"about no job":      {now, `{}`, nil, 202},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, webhook.WithClock(clock), webhook.WithMaxBody(1000))
			var got heard
			listen(t, h, got.notify)
			var change []func(*http.Request)
			if c.change != nil {
				change = append(change, c.change)
			}
			assert.Equal(t, c.want, send(t, h, "msg_1", c.at, c.body, change...))
			assert.Empty(t, got.list())
			assert.Equal(t, 202, send(t, h, "msg_1", now, done7), "the delivery itself is still accepted")
			assert.Equal(t, []string{"7 completed"}, got.list())
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestARefusedMethodIsToldWhichIsAllowed(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newHandler(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	assert.Equal(t, "POST", w.Header().Get("Allow"))
}

func TestASignatureHoldsForFiveMinutesEitherWay(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	listen(t, h, got.notify)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now().Add(-webhook.Tolerance), done7))
	assert.Equal(t, 202, send(t, h, "msg_2", clock.Now().Add(webhook.Tolerance), done7))
	assert.Equal(t, 401, send(t, h, "msg_3", clock.Now().Add(-webhook.Tolerance-time.Second), done7))
	assert.Equal(t, 401, send(t, h, "msg_4", clock.Now().Add(webhook.Tolerance+time.Second), done7))
	assert.Len(t, got.list(), 2)
}

// This is fault 46: a delivery that comes again is accepted and not passed on.
func TestADeliveryThatComesAgainIsNotPassedOn(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	listen(t, h, got.notify)
	first := clock.Now()
	assert.Equal(t, 202, send(t, h, "msg_1", first, done7))
	assert.Equal(t, 202, send(t, h, "msg_1", first, done7), "replayed")
	clock.advance(4 * time.Minute)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7), "sent again by the service, signed anew")
	clock.advance(5*time.Minute + 59*time.Second)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7))
	assert.Equal(t, []string{"7 completed"}, got.list())
	clock.advance(2 * webhook.DuplicateWindow)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7), "forgotten")
	assert.Len(t, got.list(), 2)
}

// fault 29: a service may sign the id of the job in place of the id of the delivery. What it says
// of the job's end is then no repetition.
func TestAnotherBodyUnderTheSameIDIsAnotherDelivery(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	listen(t, h, got.notify)
	for _, body := range []string{`{"id":"7","state":"running"}`, done7, done7, `{"id":"8"}`, `{"id":"8"}`} {
		assert.Equal(t, 202, send(t, h, "7", clock.Now(), body))
	}
	assert.Equal(t, []string{"7 running", "7 completed", "8 unknown"}, got.list())
}

// A scheme without ids knows a delivery by its body if that says a state. A body that only says
// "look" wakes each time, unless its time shows that it is the same delivery.
func TestWithoutAnIDTheBodyTellsARepetition(t *testing.T) {
	t.Parallel()
	const look = `{"id":"7"}`
	for name, c := range map[string]struct {
		verifier webhook.Verifier
		header   func(body string, at time.Time) http.Header
		want     []string
	}{
		"without a time": {webhook.SharedHeader("X-Token", key1),
			func(string, time.Time) http.Header { return header("X-Token", key1) },
			[]string{"7 completed", "7 unknown", "7 unknown", "7 unknown"}},
		"with a time": {webhook.Timed("S", key1),
			func(body string, at time.Time) http.Header {
				stamp := fmt.Sprint(at.Unix())
				return header("S", fmt.Sprintf("t=%s,v1=%x", stamp, mac(5, key1, stamp+"."+body)))
			},
			[]string{"7 completed", "7 unknown", "7 unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := start()
			h, err := webhook.New(readerFunc(readDefault), c.verifier, webhook.WithClock(clock))
			require.NoError(t, err)
			var got heard
			listen(t, h, got.notify)
			post := func(body string, at time.Time) {
				r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
				r.Header = c.header(body, at)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				assert.Equal(t, 202, w.Code)
			}
			now := clock.Now()
			for range 2 {
				post(done7, now)
			}
			post(done7, now.Add(time.Second))
			for range 2 {
				post(look, now)
			}
			post(look, now.Add(time.Second))
			assert.Equal(t, c.want, got.list())
		})
	}
}

// A header may say what has become of a job while the body stays the same. The end of a job is then
// no repetition.
func TestAStatusInAHeaderIsAPartOfADelivery(t *testing.T) {
	t.Parallel()
	inHeader := readerFunc(func(h http.Header, _ []byte) (transport.Status, error) {
		if h.Get("X-Event") == "ended" {
			return transport.Status{ID: "7", State: transport.Completed}, nil
		}
		return transport.Status{ID: "7", State: transport.Running, Raw: h.Get("X-Event")}, nil
	})
	h, err := webhook.New(inHeader, webhook.SharedHeader("X-Token", key1))
	require.NoError(t, err)
	var got heard
	listen(t, h, got.notify)
	for _, event := range []string{"started", "started", "resumed", "ended", "ended"} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"id":"7"}`))
		r.Header = header("X-Token", key1, "X-Event", event)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, 202, w.Code)
	}
	assert.Equal(t, []string{"7 running", "7 running", "7 completed"}, got.list())
}

// zipped returns a text compressed with gzip.
func zipped(text string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// The signature is that of the compressed body.
func TestABodyMayBeCompressed(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	listen(t, h, got.notify)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), zipped(done7), func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }))
	assert.Equal(t, []string{"7 completed"}, got.list())
}

// Some services send a word as the Content-Encoding that is none.
func TestAContentEncodingThatIsNoneIsIgnored(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	listen(t, h, got.notify)
	for i, coding := range []string{"utf-8", "none", "", "IDENTITY", "8bit, utf-8"} {
		body := fmt.Sprintf(`{"id":"%d","state":"completed"}`, i)
		code := send(t, h, fmt.Sprintf("msg_%d", i), clock.Now(), body, func(r *http.Request) { r.Header.Set("Content-Encoding", coding) })
		assert.Equal(t, 202, code, coding)
	}
	assert.Len(t, got.list(), 5)
}

// severalReader reads a JSON array of objects as readDefault does, and skips what it cannot read.
type severalReader struct{}

func (severalReader) ReadEvents(h http.Header, body []byte) (statuses []transport.Status, first error) {
	var items []json.RawMessage
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, err
	}
	for _, item := range items {
		s, err := readDefault(h, item)
		if err == nil {
			statuses = append(statuses, s)
		} else if first == nil {
			first = err
		}
	}
	return statuses, first
}

func TestARequestMayBeAboutSeveralJobs(t *testing.T) {
	t.Parallel()
	h, err := webhook.New(severalReader{}, webhook.SharedHeader("X-Token", key1))
	require.NoError(t, err)
	lent := &host{clock: start()}
	var got heard
	listen(t, hosted{h, lent}, got.notify)
	post := func(body string) (int, []string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header = header("X-Token", key1)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		all := got.list()
		got = heard{}
		return w.Code, all
	}
	for _, c := range []struct {
		body string
		code int
		want []string
	}{
		{`[{"id":"7","state":"running"},{"id":"8","state":"completed"}]`, 202, []string{"7 running", "8 completed"}},
		{`[{"id":"7","state":"running"},{"id":"8","state":"completed"}]`, 202, nil}, // again
		{`[{"id":"7","state":"running"},{"id":"9","state":"completed"}]`, 202, []string{"7 running", "9 completed"}},
		{`[{"id":"7"},{"id":"8","state":"completed"}]`, 202, []string{"7 unknown", "8 completed"}},
		{`[{"id":"7"},{"id":"8","state":"completed"}]`, 202, []string{"7 unknown", "8 completed"}}, // job 7 may have changed again
		{`[{"type":"ping"},{"id":"8","state":"failed"}]`, 202, []string{"8 failed"}},
		{`[5,{"id":"9","state":"failed"}]`, 202, []string{"9 failed"}},
		{`[]`, 202, nil},
		{`[5]`, 400, nil},
	} {
		code, all := post(c.body)
		assert.Equal(t, c.code, code, c.body)
		assert.Equal(t, c.want, all, c.body)
	}
	lent.mu.Lock()
	defer lent.mu.Unlock()
	assert.Contains(t, strings.Join(lent.lines, "\n"), "WARNwebhookonly a part of a request was passed on")
}

// The service sends again what was not passed on in full.
func TestARequestAboutSeveralJobsIsPassedOnInFullOrComesAgain(t *testing.T) {
	t.Parallel()
	r := newRelay()
	h, err := webhook.New(severalReader{}, webhook.StandardWebhooks(secret), webhook.WithRelay(r))
	require.NoError(t, err)
	clock := start()
	var got heard
	listen(t, hosted{h, &host{clock: clock}}, func(s transport.Status) {
		got.notify(s)
		if s.ID == "8" {
			r.err = errors.New("down")
		}
	})
	body := `[{"id":"7","state":"completed"},{"id":"8","state":"completed"},{"id":"9","state":"completed"}]`
	assert.Equal(t, 503, send(t, h, "msg_1", clock.Now(), body))
	assert.NotContains(t, got.list(), "9 completed")
	r.err = nil
	got = heard{}
	assert.Equal(t, 503, send(t, h, "msg_1", clock.Now(), body), "it is no repetition")
	assert.Contains(t, got.list(), "8 completed")
}

func TestWithoutAListenerTheServiceIsAskedToSendAgain(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	assert.Equal(t, 503, send(t, h, "msg_1", clock.Now(), done7))
	var got heard
	stop := listen(t, h, got.notify)
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7), "it was not taken for a repetition")
	assert.ErrorIs(t, stop(), errStopped)
	assert.Equal(t, 503, send(t, h, "msg_2", clock.Now(), done7))
	assert.Equal(t, []string{"7 completed"}, got.list())
}

func TestEachListenerOwnsWhatItHears(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var results [2][]byte
	for i := range results {
		listen(t, h, func(s transport.Status) {
			results[i] = bytes.Clone(s.Result)
			s.Result[0] = 'x'
		})
	}
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7))
	assert.Equal(t, [2][]byte{[]byte("{"), []byte("{")}, results)
}

func TestManyRequestsAtOnceEachArriveOnce(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	stop := listen(t, h, got.notify)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() { send(t, h, fmt.Sprintf("msg_%d", i/2), clock.Now(), done7) })
	}
	wg.Wait()
	assert.Len(t, got.list(), 32)
	require.ErrorIs(t, stop(), errStopped)
}

// relay joins replicas within one process.
type relay struct {
	mu   sync.Mutex
	subs map[int]func(transport.Status)
	next int
	lost chan struct{}
	err  error // of Publish
}

func newRelay() *relay {
	return &relay{subs: map[int]func(transport.Status){}, lost: make(chan struct{})}
}

func (r *relay) Publish(_ context.Context, s transport.Status) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, notify := range r.subs {
		notify(s)
	}
	return r.err
}

func (r *relay) Notify(ctx context.Context, notify func(transport.Status)) error {
	r.mu.Lock()
	id := r.next
	r.next++
	r.subs[id] = notify
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subs, id)
	}()
	notify(transport.Status{})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.lost:
		return nil
	}
}

func TestARelayPassesOnWhatOneReplicaHears(t *testing.T) {
	t.Parallel()
	clock, between := start(), newRelay()
	a, b := newHandler(t, webhook.WithClock(clock), webhook.WithRelay(between)), newHandler(t, webhook.WithClock(clock), webhook.WithRelay(between))
	var got heard
	listen(t, b, got.notify)
	assert.Equal(t, 202, send(t, a, "msg_1", clock.Now(), done7), "nobody listens here, and somebody elsewhere")
	assert.Equal(t, []string{"7 completed"}, got.list())
	between.err = errors.New("no quorum")
	assert.Equal(t, 503, send(t, a, "msg_2", clock.Now(), done7))
	between.err = nil
	assert.Equal(t, 202, send(t, a, "msg_2", clock.Now(), done7))
}

// slowRelay publishes when it is told to, and with that outcome.
type slowRelay struct {
	*relay
	outcome chan error
	begun   chan struct{}
}

func (r *slowRelay) Publish(context.Context, transport.Status) error {
	r.begun <- struct{}{}
	return <-r.outcome
}

// This is fault 35: the service must not think that a delivery was accepted that was then lost.
func TestARepetitionIsAcceptedOnlyIfTheFirstWasPublished(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("no quorum")} {
		synctest.Test(t, func(t *testing.T) {
			clock := start()
			between := &slowRelay{newRelay(), make(chan error), make(chan struct{}, 8)}
			h := newHandler(t, webhook.WithClock(clock), webhook.WithRelay(between))
			codes := make(chan int, 3)
			for range 3 {
				go func() { codes <- send(t, h, "msg_1", clock.Now(), done7) }()
			}
			synctest.Wait()
			assert.Empty(t, codes, "a repetition waits for the first")
			assert.Len(t, between.begun, 1, "it is published once")
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			assert.Equal(t, 503, send(t, h, "msg_1", clock.Now(), done7, func(r *http.Request) { *r = *r.WithContext(gone) }))
			between.outcome <- err
			want := map[bool]int{true: 202, false: 503}[err == nil]
			for range 3 {
				assert.Equal(t, want, <-codes)
			}
			if err == nil {
				assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7))
				assert.Len(t, between.begun, 1)
				return
			}
			go func() { codes <- send(t, h, "msg_1", clock.Now(), done7) }()
			between.outcome <- nil
			assert.Equal(t, 202, <-codes)
			assert.Len(t, between.begun, 2)
		})
	}
}

// stuckRelay publishes nothing until its context ends.
type stuckRelay struct{ *relay }

func (stuckRelay) Publish(ctx context.Context, _ transport.Status) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestARelayThatIsStuckIsGivenTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock, began := start(), time.Now()
		h := newHandler(t, webhook.WithClock(clock), webhook.WithRelay(stuckRelay{newRelay()}))
		codes := make(chan int, 2)
		for range 2 { // the second is a repetition
			go func() { codes <- send(t, h, "msg_1", clock.Now(), done7) }()
		}
		assert.Equal(t, []int{503, 503}, []int{<-codes, <-codes})
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

// deafRelay ignores the contexts of its calls, and misbehaves as it is told.
type deafRelay struct {
	*relay
	publish func() error
}

func (r deafRelay) Publish(context.Context, transport.Status) error { return r.publish() }

// fault 35: a Publish that ignores its context keeps neither its request nor a repetition. If 256
// of them are stuck, no other begins.
func TestARelayThatIgnoresItsContextKeepsNoRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const stuck = 256
		clock, began, release := start(), time.Now(), make(chan struct{})
		h := newHandler(t, webhook.WithClock(clock), webhook.WithRelay(deafRelay{newRelay(), func() error { <-release; return nil }}))
		codes := make(chan int, stuck+1)
		for i := range stuck + 1 {
			go func() { codes <- send(t, h, fmt.Sprint("msg_", max(i, 1)), clock.Now(), done7) }()
		}
		for range stuck + 1 {
			assert.Equal(t, 503, <-codes)
		}
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Equal(t, 503, send(t, h, "msg_new", clock.Now(), done7))
		assert.Equal(t, 10*time.Second, time.Since(began), "it is answered at once")
		close(release)
		synctest.Wait()
		assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7))
	})
}

// fault 35: a delivery that the Relay has lost in a panic is accepted when it comes again.
func TestARelayThatPanicsIsARelayThatFails(t *testing.T) {
	t.Parallel()
	for name, publish := range map[string]func() error{"a panic": func() error { panic("once") }, "an end": func() error { runtime.Goexit(); return nil }} {
		clock, good := start(), false
		h := newHandler(t, webhook.WithClock(clock), webhook.WithRelay(deafRelay{newRelay(), func() error {
			if good {
				return nil
			}
			return publish()
		}}))
		assert.Equal(t, 503, send(t, h, "msg_1", clock.Now(), done7), name)
		good = true
		assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7), name)
	}
}

func TestNotifyReturnsWhenTheRelayIsLost(t *testing.T) {
	t.Parallel()
	between := newRelay()
	h := newHandler(t, webhook.WithRelay(between))
	open := make(chan error, 1)
	close(between.lost)
	go func() { open <- h.Notify(t.Context(), func(transport.Status) {}) }()
	assert.ErrorContains(t, <-open, "relay: lost")
}

// host is a Host that keeps the log.
type host struct {
	transport.Host
	clock *at
	mu    sync.Mutex
	lines []string
}

func (h *host) Now() time.Time       { return h.clock.Now() }
func (h *host) Logs(slog.Level) bool { return true }
func (h *host) Log(level slog.Level, name, message string, attrs ...slog.Attr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprint(level, name, message, attrs))
}

// This is fault 44: what is logged of a request is the reason of its refusal.
func TestTheClockAndTheLogAreThoseOfTheWatcherThatListens(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	lent := &host{clock: start()}
	ctx, cancel := context.WithCancel(transport.WithHost(t.Context(), lent))
	open, done := make(chan struct{}, 8), make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Notify(ctx, func(transport.Status) { open <- struct{}{} })
	}()
	<-open
	assert.Equal(t, 202, send(t, h, "msg_1", lent.clock.Now(), done7))
	assert.Equal(t, 401, send(t, h, "msg_2", time.Now(), `{"id":"canary"}`))
	cancel()
	<-done
	if assert.Len(t, lent.lines, 1) {
		assert.Contains(t, lent.lines[0], "signed too long ago or ahead")
		assert.NotContains(t, lent.lines[0], "canary")
		assert.NotContains(t, lent.lines[0], "v1,")
	}
}

// A wrong key would otherwise only show by ends that are heard late.
func TestOneRefusalAMinuteIsAWarning(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	lent := &host{clock: clock}
	listen(t, hosted{h, lent}, func(transport.Status) {})
	wrong := func(r *http.Request) { r.Header.Set("Webhook-Signature", "v1,AAAA") }
	for _, pass := range []time.Duration{0, time.Second, 30 * time.Second, 29 * time.Second, time.Second} {
		clock.advance(pass)
		assert.Equal(t, 401, send(t, h, "msg_1", clock.Now(), done7, wrong))
	}
	assert.Equal(t, 405, send(t, h, "msg_1", clock.Now(), done7, func(r *http.Request) { r.Method = http.MethodGet }))
	lent.mu.Lock()
	defer lent.mu.Unlock()
	var levels []string
	for _, line := range lent.lines {
		levels = append(levels, line[:4])
	}
	assert.Equal(t, []string{"WARN", "DEBU", "DEBU", "WARN", "DEBU", "DEBU"}, levels)
}

// A wrong place of the id would otherwise only show by ends that are heard late.
func TestTheFirstRequestAboutNoJobIsAWarning(t *testing.T) {
	t.Parallel()
	h, err := webhook.New(readerFunc(func(http.Header, []byte) (transport.Status, error) { return transport.Status{}, nil }),
		webhook.StandardWebhooks(secret))
	require.NoError(t, err)
	lent := &host{clock: start()}
	listen(t, hosted{h, lent}, func(transport.Status) {})
	for i := range 3 {
		assert.Equal(t, 202, send(t, h, fmt.Sprint("msg_", i), lent.clock.Now(), done7))
	}
	lent.mu.Lock()
	defer lent.mu.Unlock()
	require.Len(t, lent.lines, 3)
	assert.Contains(t, lent.lines[0], "WARN")
	assert.Contains(t, lent.lines[0], "no job's id")
	assert.Contains(t, lent.lines[1]+lent.lines[2], "DEBU")
	assert.NotContains(t, lent.lines[1]+lent.lines[2], "WARN")
}

// hosted lends its Host to a Notifier.
type hosted struct {
	transport.Notifier
	host *host
}

func (h hosted) Notify(ctx context.Context, notify func(transport.Status)) error {
	return h.Notifier.Notify(transport.WithHost(ctx, h.host), notify)
}

func TestNewRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	unable := readerFunc(func(http.Header, []byte) (transport.Status, error) { return transport.Status{}, errors.ErrUnsupported })
	for want, f := range map[string]func() (*webhook.Handler, error){
		"the Reader is nil":   func() (*webhook.Handler, error) { return webhook.New(nil, webhook.StandardWebhooks(secret)) },
		"the Verifier is nil": func() (*webhook.Handler, error) { return webhook.New(readerFunc(readDefault), nil) },
		"New: the Reader is nil": func() (*webhook.Handler, error) {
			return webhook.New(readerFunc(nil), webhook.StandardWebhooks(secret))
		},
		"the Relay is a nil":      func() (*webhook.Handler, error) { return webhook.New(unable, nil, webhook.WithRelay((*relay)(nil))) },
		"the Clock is a nil":      func() (*webhook.Handler, error) { return webhook.New(unable, nil, webhook.WithClock((*at)(nil))) },
		"option 0 is nil":         func() (*webhook.Handler, error) { return webhook.New(readerFunc(readDefault), nil, nil) },
		"the Reader reads no":     func() (*webhook.Handler, error) { return webhook.New(unable, webhook.StandardWebhooks(secret)) },
		"WithMaxBody(-1)":         func() (*webhook.Handler, error) { return webhook.New(unable, nil, webhook.WithMaxBody(-1)) },
		"WithMaxBody(2147483647)": func() (*webhook.Handler, error) { return webhook.New(unable, nil, webhook.WithMaxBody(1<<31-1)) },
	} {
		_, err := f()
		assert.ErrorContains(t, err, want)
	}
	h := newHandler(t, webhook.WithMaxBody(0), webhook.WithClock(nil), webhook.WithRelay(nil))
	assert.False(t, h.Trusted())
	assert.True(t, newHandler(t, webhook.WithTrust()).Trusted())
	var none context.Context
	assert.Error(t, h.Notify(none, nil))
	assert.Error(t, (*webhook.Handler)(nil).Notify(t.Context(), func(transport.Status) {}))
	assert.Error(t, new(webhook.Handler).Notify(t.Context(), func(transport.Status) {}))
	w := httptest.NewRecorder()
	new(webhook.Handler).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", http.NoBody))
	assert.Equal(t, 500, w.Code)
	assert.False(t, (*webhook.Handler)(nil).Trusted())
}

func TestSignRefusesWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][2]string{
		"it is not base64":             {"whsec_!", "msg_1"},
		"at least 24":                  {"whsec_AAAA", "msg_1"},
		"must have from 1 to 256":      {secret, ""},
		"a public key signs nothing":   {"whpk_" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "msg_1"},
		"where the public one is want": {"whsk_AAAA", "msg_1"},
	} {
		_, err := webhook.Sign(args[0], args[1], time.Now(), nil)
		assert.ErrorContains(t, err, want)
	}
}

// This is fault 35: what a listener's panic kept from being passed on is not taken for a
// repetition.
func TestADeliveryOnWhichAListenerPanicsIsAcceptedAgain(t *testing.T) {
	t.Parallel()
	clock := start()
	h := newHandler(t, webhook.WithClock(clock))
	var got heard
	panics := true
	listen(t, h, func(s transport.Status) {
		if panics {
			panics = false
			panic("once")
		}
		got.notify(s)
	})
	assert.PanicsWithValue(t, "once", func() { send(t, h, "msg_1", clock.Now(), done7) })
	assert.Equal(t, 202, send(t, h, "msg_1", clock.Now(), done7))
	assert.Equal(t, []string{"7 completed"}, got.list())
}

// one is a listener with one connection.
type one chan net.Conn

func (l one) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l one) Close() error   { return nil }
func (l one) Addr() net.Addr { return &net.TCPAddr{} }

// faults 3 and 4: a sender that never ends its body keeps no connection, and one that is slow is
// answered all the same.
func TestABodyHasHalfAMinuteToArrive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeout time.Duration // of the server
		pause   time.Duration // in the body
		want    string
		after   time.Duration
	}{
		"it stalls": {0, time.Hour, "400 Bad Request", 30 * time.Second},
		"it stalls, and the server has a shorter time": {5 * time.Second, time.Hour, "400 Bad Request", 5 * time.Second},
		"it is slow, and so is the Relay":              {0, 25 * time.Second, "202 Accepted", 34 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, err := webhook.New(readerFunc(readDefault), webhook.SharedHeader("X-Token", key1), webhook.WithRelay(slow(9*time.Second)))
				require.NoError(t, err)
				server, connections := &http.Server{Handler: h, ReadTimeout: c.timeout}, make(one, 1)
				client, remote := net.Pipe()
				connections <- remote
				close(connections)
				defer server.Close()
				defer client.Close()
				assert.ErrorIs(t, server.Serve(connections), net.ErrClosed) // the connection is served meanwhile
				began := time.Now()
				_, err = fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: a\r\nX-Token: %s\r\nContent-Length: %d\r\n\r\n%s", key1, len(done7), done7[:5])
				require.NoError(t, err)
				defer time.AfterFunc(c.pause, func() { _, _ = io.WriteString(client, done7[5:]) }).Stop()
				answer, err := http.ReadResponse(bufio.NewReader(client), nil)
				require.NoError(t, err)
				assert.Equal(t, c.want, answer.Status)
				assert.Equal(t, c.after, time.Since(began))
			})
		})
	}
}

// slow is a Relay whose Publish takes a while.
type slow time.Duration

func (s slow) Publish(ctx context.Context, _ transport.Status) error {
	select {
	case <-time.After(time.Duration(s)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (slow) Notify(ctx context.Context, _ func(transport.Status)) error {
	<-ctx.Done()
	return nil
}
