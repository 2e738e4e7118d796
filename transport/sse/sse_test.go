package sse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/sse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type readerFunc func(http.Header, []byte) (transport.Status, error)

func (f readerFunc) ReadEvents(h http.Header, data []byte) ([]transport.Status, error) {
	s, err := f(h, data)
	if err != nil {
		return nil, err
	}
	return []transport.Status{s}, nil
}

// reader reads data of {"id":…,"state":…}. The Raw of a status is the event's type and id.
var reader = readerFunc(func(h http.Header, data []byte) (transport.Status, error) {
	var s struct {
		ID    string
		State transport.State
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return transport.Status{}, fmt.Errorf("unreadable: %.20q", data)
	}
	return transport.Status{ID: s.ID, State: s.State, Raw: h.Get("Event") + "/" + h.Get("Id")}, nil
})

// service answers the requests of a Stream by a script.
type service struct {
	t       *testing.T
	mu      sync.Mutex
	answers []func(w *io.PipeWriter, r *http.Request) *http.Response
	asked   []string // at what time after the beginning, and the id
	headers []http.Header
	began   time.Time
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, fmt.Sprintf("%v %s", time.Since(s.began), r.Header.Get("Last-Event-ID")))
	s.headers = append(s.headers, r.Header.Clone())
	if len(s.answers) == 0 {
		return nil, errors.New("refused")
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	body, w := io.Pipe()
	context.AfterFunc(r.Context(), func() { _ = body.CloseWithError(context.Cause(r.Context())) })
	response := answer(w, r)
	if response.Body == nil {
		response.Body = body
	}
	response.Request = r
	return response, nil
}

// streams answers with a stream that writes what play writes, and ends when that returns.
func streams(play func(w io.Writer)) func(*io.PipeWriter, *http.Request) *http.Response {
	return func(w *io.PipeWriter, _ *http.Request) *http.Response {
		go func() {
			play(w)
			_ = w.Close()
		}()
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"Text/Event-Stream ; charset=utf-8; charset=UTF-8;"}}}
	}
}

// says answers with a stream of a text, which then ends.
func says(text string) func(*io.PipeWriter, *http.Request) *http.Response {
	return streams(func(w io.Writer) { _, _ = io.WriteString(w, text) })
}

// refuses answers with a status code and headers.
func refuses(code int, pairs ...string) func(*io.PipeWriter, *http.Request) *http.Response {
	return func(*io.PipeWriter, *http.Request) *http.Response {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: http.NoBody}
	}
}

// follow runs Notify in a bubble for at most a time, and returns what it delivered and its error.
func follow(t *testing.T, s *sse.Stream, limit time.Duration) (told []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errLimit)
	defer cancel()
	err = s.Notify(ctx, func(s transport.Status) {
		if s.ID == "" {
			told = append(told, "open")
			return
		}
		told = append(told, s.ID+" "+s.State.String()+" "+s.Raw)
	})
	return told, err
}

var errLimit = errors.New("the test's limit")

func newStream(t *testing.T, answers ...func(*io.PipeWriter, *http.Request) *http.Response) (*sse.Stream, *service) {
	t.Helper()
	return newStreamWith(t, nil, answers...)
}

func newStreamWith(t *testing.T, opts []sse.Option, answers ...func(*io.PipeWriter, *http.Request) *http.Response) (*sse.Stream, *service) {
	t.Helper()
	service := &service{t: t, answers: answers, began: time.Now()}
	s, err := sse.New("http://service.test/events?key=canary-query", reader, append(opts, sse.WithHTTPClient(&http.Client{Transport: service, Timeout: time.Second}))...)
	require.NoError(t, err)
	return s, service
}

const (
	running7 = "id: 1\nevent: job\ndata: {\"id\":\"7\",\"state\":\"running\"}\n\n"
	done7    = "id: 2\ndata: {\"id\":\"7\",\"state\":\"completed\"}\n\n"
)

func TestAStreamThatIsLostGoesOnFromTheNewestID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, says(running7), says("retry: 700\n\n"+done7), says(""))
		told, err := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 running job/1", "open", "7 completed /2", "open"}, told)
		assert.ErrorContains(t, err, "sse: http://service.test/events: refused")
		assert.Equal(t, []string{"0s ", "3s 1", "3.7s 2", "4.4s 2"}, service.asked)
	})
}

func TestAStreamWithoutIDsThatIsLostMayHaveLostEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, says("data: {\"id\":\"7\"}\n\n"), says(""))
		told, err := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 unknown /"}, told)
		assert.ErrorContains(t, err, "connection lost: EOF")
		assert.Len(t, service.asked, 1)
	})
}

// This is fault 47: a connection that says nothing is lost, and a comment is enough to keep it.
func TestAConnectionThatIsSilentIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, streams(func(w io.Writer) {
			_, _ = io.WriteString(w, running7)
			for range 3 {
				time.Sleep(44 * time.Second)
				_, _ = io.WriteString(w, ":\n")
			}
			time.Sleep(time.Minute)
		}), says(done7))
		told, err := follow(t, s, 200*time.Second)
		assert.Equal(t, []string{"open", "7 running job/1", "open", "7 completed /2"}, told)
		assert.Error(t, err)
		assert.Equal(t, "3m0s 1", service.asked[1], "44 s three times, 45 s of silence, and 3 s of waiting")
		time.Sleep(time.Minute) // until the first stream ends
	})
}

func TestARequestThatIsNotAnsweredIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		deaf := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})
		s, err := sse.New("http://service.test/", reader, sse.WithHTTPClient(&http.Client{Transport: deaf}), sse.WithSilence(10*time.Second))
		require.NoError(t, err)
		_, err = follow(t, s, time.Minute)
		assert.ErrorContains(t, err, "nothing came for 10s (WithSilence)")
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

// late is the body of a stream on which nothing comes until its request has ended.
type late struct {
	ctx  context.Context
	text io.Reader
}

func (l late) Read(p []byte) (int, error) {
	<-l.ctx.Done()
	return l.text.Read(p)
}

func (late) Close() error { return nil }

// fault 29: an event that comes just when its connection counts as lost comes again.
func TestAnEventThatIsNotPassedOnIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := func(_ *io.PipeWriter, r *http.Request) *http.Response {
			first := io.NopCloser(io.MultiReader(strings.NewReader(running7), late{r.Context(), strings.NewReader(done7)}))
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: first}
		}
		s, service := newStream(t, ends, ends, says(done7))
		told, _ := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 running job/1", "open", "7 running job/1"}, told)
		told, _ = follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 completed /2"}, told)
		assert.Equal(t, []string{"0s ", "48s 1", "1m0s 1"}, service.asked[:3])
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnAnswerOf204EndsTheStreamForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, refuses(204), says(done7))
		for range 2 {
			told, err := follow(t, s, time.Minute)
			assert.Empty(t, told)
			assert.ErrorIs(t, err, sse.ErrStopped)
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, transport.Permanent, e.Class)
		}
		assert.Len(t, service.asked, 1)
	})
}

// This is fault 47: a wait that the service names is kept, but not in a Notify that is deaf
// meanwhile.
func TestALongWaitIsSpentInTheNextCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, says("retry: 999999999999999999999\n"+running7), says(done7))
		told, err := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 running job/1"}, told)
		assert.ErrorContains(t, err, "connection lost")
		assert.Zero(t, time.Since(service.began))
		told, err = follow(t, s, time.Minute)
		assert.Empty(t, told)
		assert.ErrorIs(t, err, errLimit)
		told, _ = follow(t, s, 4*time.Minute+time.Second)
		assert.Equal(t, []string{"open", "7 completed /2"}, told)
		assert.Equal(t, []string{"0s ", "5m0s 1"}, service.asked)
	})
}

func TestAnAnswerThatIsNoStreamIsAnError(t *testing.T) {
	t.Parallel()
	page := func(*io.PipeWriter, *http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader("data: {\"id\":\"7\"}\n\n"))}
	}
	zipped := func(w *io.PipeWriter, r *http.Request) *http.Response {
		answer := says(done7)(w, r)
		answer.Header.Set("Content-Encoding", "gzip")
		return answer
	}
	for name, c := range map[string]struct {
		answer func(*io.PipeWriter, *http.Request) *http.Response
		class  transport.Class
		code   int
		wait   time.Duration
	}{
		"a page":          {page, transport.Malformed, 200, 0},
		"zipped":          {zipped, transport.Malformed, 200, 0},
		"500":             {refuses(500), transport.Transient, 500, 0},
		"404":             {refuses(404), transport.NotFound, 404, 0},
		"403":             {refuses(403), transport.Permanent, 403, 0},
		"403 with a page": {refuses(403, "Content-Type", "text/html"), transport.Misdirected, 403, 0},
		"429 with a wait": {refuses(429, "Retry-After", "20"), transport.Throttled, 429, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, service := newStream(t, c.answer, says(done7))
				told, err := follow(t, s, time.Minute)
				assert.Empty(t, told)
				var e *transport.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, c.class, e.Class)
				assert.Equal(t, c.code, e.Code)
				assert.Equal(t, c.wait, e.RetryAfter)
				told, _ = follow(t, s, time.Minute)
				assert.Equal(t, "open", told[0], "the next call tries again")
				want := max(c.wait, sse.DefaultRetry)
				assert.Equal(t, want.String()+" ", service.asked[1])
			})
		})
	}
}

// Many services send the Content-Encoding "none", so that nothing compresses and so holds up the
// stream.
func TestAContentEncodingThatIsNoneIsIgnored(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"none", "utf-8", "IDENTITY"} {
		synctest.Test(t, func(t *testing.T) {
			s, _ := newStream(t, func(w *io.PipeWriter, r *http.Request) *http.Response {
				answer := says(done7)(w, r)
				answer.Header.Set("Content-Encoding", coding)
				return answer
			})
			told, err := follow(t, s, time.Minute)
			assert.Equal(t, []string{"open", "7 completed /2"}, told, coding)
			assert.ErrorContains(t, err, "refused")
		})
	}
}

func TestAnIDThatTheServiceDoesNotTakeIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, says(running7), refuses(400), says(done7))
		_, err := follow(t, s, time.Minute)
		assert.ErrorContains(t, err, "400")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, transport.Transient, e.Class, "the Watcher listens again")
		told, _ := follow(t, s, 4*time.Second)
		assert.Equal(t, []string{"open", "7 completed /2"}, told)
		assert.Equal(t, []string{"0s ", "3s 1", "6s "}, service.asked[:3])
	})
}

// This is fault 47: an event without an end does not fill the memory, and does not come again.
func TestAnEventThatIsTooLargeEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, service := newStream(t, says(running7+"data: "+strings.Repeat("x", sse.MaxEventBytes+1)), says(done7))
		told, err := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 running job/1"}, told)
		assert.ErrorContains(t, err, "too large")
		var e *transport.Error
		assert.ErrorAs(t, err, &e)
		assert.Equal(t, transport.Transient, e.Class, "the Watcher listens again")
		_, _ = follow(t, s, 4*time.Second)
		assert.Equal(t, "3s ", service.asked[1], "from no id on")
	})
}

func TestAnIDThatNoHeaderCanCarryIsNone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a\x01b", strings.Repeat("x", 5000)} {
		synctest.Test(t, func(t *testing.T) {
			s, service := newStream(t, says("id: "+id+"\ndata: {\"id\":\"7\"}\n\n"), says(done7))
			_, err := follow(t, s, time.Minute)
			assert.ErrorContains(t, err, "connection lost")
			assert.Len(t, service.asked, 1)
		})
	}
}

// lent is a Host that keeps the log.
type lent struct {
	transport.Host
	lines []string
}

func (l *lent) Logs(slog.Level) bool { return true }
func (l *lent) Log(level slog.Level, name, message string, attrs ...slog.Attr) {
	l.lines = append(l.lines, fmt.Sprint(level, " ", name, " ", message, " ", attrs))
}

// This is fault 44: no credential is logged or stands in an error.
func TestAnUnreadableEventIsSkippedAndNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opts := []sse.Option{sse.WithHeader("X-Key", "canary-header"), sse.WithToken(func(context.Context) (string, error) { return "canary-token", nil })}
		s, service := newStreamWith(t, opts, says("data: canary-token\n\ndata: canary-query\n\ndata: {}\n\n"+done7))
		host := &lent{Host: transport.HostOf(t.Context())}
		var told []string
		err := s.Notify(transport.WithHost(t.Context(), host), func(s transport.Status) { told = append(told, s.ID) })
		assert.Equal(t, []string{"", "7"}, told)
		assert.Equal(t, "Bearer canary-token", service.headers[0].Get("Authorization"))
		assert.Equal(t, "canary-header", service.headers[0].Get("X-Key"))
		require.Len(t, host.lines, 2)
		assert.Contains(t, host.lines[0], "WARN sse an event was skipped")
		assert.Contains(t, host.lines[1], "DEBUG")
		assert.NotContains(t, fmt.Sprintf("%v %+v %v %+v %#v", host.lines, err, s, s, s), "canary")
	})
}

// A heartbeat that the Reader cannot read does not fill the log, however short the connections are.
func TestAWarningOfASkippedEventComesOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		beat := says("id: 1\ndata: ping\n\n")
		answers := make([]func(*io.PipeWriter, *http.Request) *http.Response, 100)
		for i := range answers {
			answers[i] = beat
		}
		s, service := newStream(t, answers...)
		host := &lent{Host: transport.HostOf(t.Context())}
		ctx, cancel := context.WithTimeout(transport.WithHost(t.Context(), host), 150*time.Second)
		defer cancel()
		for ctx.Err() == nil {
			_ = s.Notify(ctx, func(transport.Status) {})
		}
		warnings := 0
		for _, line := range host.lines {
			if strings.HasPrefix(line, "WARN") {
				warnings++
			}
		}
		assert.Equal(t, 3, warnings)
		assert.Greater(t, len(service.asked), 40)
	})
}

// This is fault 44: a header that echoes a credential does not tell it.
func TestARefusedAnswerTellsNoSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token := sse.WithToken(func(context.Context) (string, error) { return "Canary-Token" + strings.Repeat("x", 500), nil })
		for _, name := range []string{"Content-Type", "Content-Encoding"} {
			s, _ := newStreamWith(t, []sse.Option{token}, func(_ *io.PipeWriter, r *http.Request) *http.Response {
				h := http.Header{"Content-Type": {"text/event-stream"}}
				h[name] = []string{r.Header.Get("Authorization") + ", gzip"}
				return &http.Response{StatusCode: 200, Header: h, Body: http.NoBody}
			})
			_, err := follow(t, s, time.Second)
			require.ErrorIs(t, err, transport.ErrMalformed)
			assert.NotContains(t, strings.ToLower(err.Error()), "canary-token")
		}
	})
}

func TestA401IsAskedAgainWithANewTokenOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		token := sse.WithToken(func(context.Context) (string, error) {
			n++
			return fmt.Sprintf("token-%d", n), nil
		})
		s, service := newStreamWith(t, []sse.Option{token}, refuses(401), says(done7), refuses(401), refuses(401))
		told, err := follow(t, s, time.Minute)
		assert.Equal(t, []string{"open", "7 completed /2"}, told)
		assert.ErrorContains(t, err, "401")
		var sent []string
		for _, h := range service.headers {
			sent = append(sent, h.Get("Authorization"))
		}
		assert.Equal(t, []string{"Bearer token-1", "Bearer token-2", "Bearer token-2", "Bearer token-3"}, sent)
	})
}

// These are faults 41 and 42: another origin is not asked, and by a rule of the user's it is
// without a credential.
func TestARedirectToAnotherOriginCarriesNoCredential(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(*http.Request, []*http.Request) error{
		"by default":     nil,
		"where they may": func(*http.Request, []*http.Request) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &service{t: t, began: time.Now(), answers: []func(*io.PipeWriter, *http.Request) *http.Response{
					refuses(302, "Location", "http://other.test/"), says(done7),
				}}
				s, err := sse.New("http://service.test/?key=canary", reader, sse.WithHeader("X-Key", "canary"), sse.WithHeader("Authorization", "Basic canary"),
					sse.WithHTTPClient(&http.Client{Transport: service, CheckRedirect: check, Timeout: time.Nanosecond}))
				require.NoError(t, err)
				_, err = follow(t, s, time.Second)
				if check == nil {
					assert.ErrorContains(t, err, "a redirect to another origin")
					assert.Len(t, service.asked, 1)
					return
				}
				require.Len(t, service.headers, 2)
				assert.NotContains(t, fmt.Sprint(service.headers[1]), "canary")
			})
		})
	}
}

// As the HTML standard says, so that the other origin sends what was missed.
func TestARedirectToAnotherOriginCarriesTheNewestID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		redirects := refuses(307, "Location", "http://other.test/")
		service := &service{t: t, began: time.Now(), answers: []func(*io.PipeWriter, *http.Request) *http.Response{
			redirects, says(running7), redirects, says(done7),
		}}
		allows := func(*http.Request, []*http.Request) error { return nil }
		s, err := sse.New("http://service.test/", reader, sse.WithHTTPClient(&http.Client{Transport: service, CheckRedirect: allows}))
		require.NoError(t, err)
		told, err := follow(t, s, 5*time.Second)
		require.ErrorIs(t, err, errLimit)
		assert.Equal(t, []string{"open", "7 running job/1", "open", "7 completed /2"}, told)
		assert.Equal(t, []string{"0s ", "0s ", "3s 1", "3s 1"}, service.asked)
	})
}

func TestNotifyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStream(t, streams(func(w io.Writer) { time.Sleep(30 * time.Second) }), says(running7))
		began := time.Now()
		told, err := follow(t, s, 20*time.Second)
		assert.Equal(t, []string{"open"}, told)
		assert.Equal(t, errLimit, err)
		assert.Equal(t, 20*time.Second, time.Since(began))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errLimit)
		assert.Equal(t, errLimit, s.Notify(ctx, func(transport.Status) {}))
		time.Sleep(time.Minute)
	})
}

func TestTwoCallsAtOnceHaveAConnectionEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := streams(func(w io.Writer) {
			_, _ = io.WriteString(w, running7)
			time.Sleep(time.Second)
		})
		s, service := newStream(t, slow, slow)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				told, _ := follow(t, s, 2*time.Second)
				assert.Equal(t, []string{"open", "7 running job/1"}, told)
			})
		}
		wg.Wait()
		assert.Equal(t, []string{"0s ", "0s "}, service.asked)
	})
}

// fault 53: what a Reader, a token source or an HTTP client does to the goroutine that reads a
// stream, Notify does to the goroutine of its caller. It neither ends the process nor hangs.
func TestNotifyDoesWhatThePluginsOfAStreamDo(t *testing.T) {
	t.Parallel()
	for part, set := range map[string]func(f func()) (*sse.Stream, error){
		"reader": func(f func()) (*sse.Stream, error) {
			begun := false
			return streamOf(readerFunc(func(http.Header, []byte) (transport.Status, error) {
				if begun {
					f()
				}
				begun = true // New has asked
				return transport.Status{}, nil
			}), says("data: 1\n\n"))
		},
		"token source": func(f func()) (*sse.Stream, error) {
			return streamOf(reader, says(""), sse.WithToken(func(context.Context) (string, error) { f(); return "", nil }))
		},
		"HTTP client": func(f func()) (*sse.Stream, error) {
			return streamOf(reader, func(*io.PipeWriter, *http.Request) *http.Response { f(); return nil })
		},
	} {
		for name, f := range map[string]func(){"panic": func() { panic("oh") }, "Goexit": runtime.Goexit} {
			t.Run(part+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, err := set(f)
					require.NoError(t, err)
					met := make(chan any, 1)
					go func() {
						defer func() { met <- recover() }()
						met <- s.Notify(t.Context(), func(transport.Status) {})
					}()
					want := map[string]any{"panic": "oh", "Goexit": nil}[name]
					assert.Equal(t, want, <-met)
				})
			})
		}
	}
}

// streamOf returns a Stream whose first request is answered by the given function.
func streamOf(r sse.Reader, answer func(*io.PipeWriter, *http.Request) *http.Response, opts ...sse.Option) (*sse.Stream, error) {
	s := &service{answers: []func(*io.PipeWriter, *http.Request) *http.Response{answer}}
	return sse.New("http://a", r, append(opts, sse.WithHTTPClient(&http.Client{Transport: s}))...)
}

func TestNewRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	unable := readerFunc(func(http.Header, []byte) (transport.Status, error) { return transport.Status{}, errors.ErrUnsupported })
	token := sse.WithToken(func(context.Context) (string, error) { return "", nil })
	for want, f := range map[string]func() (*sse.Stream, error){
		"must begin with http:// or https://": func() (*sse.Stream, error) { return sse.New("ftp://a", reader) },
		"does not parse":                      func() (*sse.Stream, error) { return sse.New("http://a b/canary", reader) },
		"has no host":                         func() (*sse.Stream, error) { return sse.New("http:///x", reader) },
		"has a user name":                     func() (*sse.Stream, error) { return sse.New("http://canary:x@a", reader) },
		"the Reader is nil":                   func() (*sse.Stream, error) { return sse.New("http://a", nil) },
		"New: the Reader is nil":              func() (*sse.Stream, error) { return sse.New("http://a", readerFunc(nil)) },
		"the Reader reads no events":          func() (*sse.Stream, error) { return sse.New("http://a", unable) },
		"option 0 is nil":                     func() (*sse.Stream, error) { return sse.New("http://a", reader, nil) },
		`WithHeader("A B")`:                   func() (*sse.Stream, error) { return sse.New("http://a", reader, sse.WithHeader("A B", "canary")) },
		`WithHeader("A"): its value`:          func() (*sse.Stream, error) { return sse.New("http://a", reader, sse.WithHeader("A", "canary\n")) },
		`WithHeader("accept"): it is set`:     func() (*sse.Stream, error) { return sse.New("http://a", reader, sse.WithHeader("accept", "canary")) },
		"WithSilence(-1s)":                    func() (*sse.Stream, error) { return sse.New("http://a", reader, sse.WithSilence(-time.Second)) },
		"WithToken: the header Authorization": func() (*sse.Stream, error) {
			return sse.New("http://a", reader, token, sse.WithHeader("Authorization", "canary"))
		},
	} {
		_, err := f()
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "canary")
		}
	}
	s, err := sse.New("http://a", reader, sse.WithSilence(0), sse.WithHTTPClient(nil), sse.WithToken(nil))
	require.NoError(t, err)
	assert.NoError(t, s.Close())
	assert.False(t, s.Trusted())
	var none context.Context
	assert.Error(t, s.Notify(none, nil))
	assert.Error(t, new(sse.Stream).Notify(t.Context(), func(transport.Status) {}))
	assert.Error(t, (*sse.Stream)(nil).Notify(t.Context(), func(transport.Status) {}))
	assert.NoError(t, (*sse.Stream)(nil).Close())
	assert.False(t, (*sse.Stream)(nil).Trusted())
	s, err = sse.New("http://a/b?c=d", reader, sse.WithTrust())
	require.NoError(t, err)
	assert.True(t, s.Trusted())
	assert.Equal(t, "http://a/b", s.String())
}
