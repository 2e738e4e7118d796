package longrunning_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// said is one answer: a status code, headers as "Name: value", and what is left is the body.
type said struct {
	code   int
	header []string
	body   string
}

// say reads an answer such as
//
//	202 | Location: /op | Retry-After: 1 | {"status":"x"}
func say(text string) (s said) {
	for i, part := range strings.Split(text, " | ") {
		name, _, isHeader := strings.Cut(part, ": ")
		switch {
		case i == 0:
			_, _ = fmt.Sscan(part, &s.code)
		case isHeader && !strings.ContainsAny(name, `{"[ `):
			s.header = append(s.header, part)
		default:
			s.body = part
		}
	}
	return s
}

// service answers each path with the answers of its script in turn, the last again and again. BASE
// in them is its own URL.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	script map[string][]string // by method and path with query
	asked  []string
	heads  []http.Header
	bodies []string
}

func serve(t testing.TB, script map[string][]string) *service {
	s := &service{script: script}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Method + " " + r.URL.RequestURI()
	body, _ := io.ReadAll(r.Body)
	s.asked, s.heads, s.bodies = append(s.asked, key), append(s.heads, r.Header.Clone()), append(s.bodies, string(body))
	answers := s.script[key]
	if len(answers) == 0 {
		http.Error(w, "no such thing: "+key, http.StatusTeapot)
		return
	}
	if len(answers) > 1 {
		s.script[key] = answers[1:]
	}
	a := say(strings.ReplaceAll(answers[0], "BASE", s.URL))
	for _, h := range a.header {
		name, value, _ := strings.Cut(h, ": ")
		w.Header().Add(name, value)
	}
	w.WriteHeader(a.code)
	_, _ = io.WriteString(w, a.body)
}

// requests returns what was asked, in order.
func (s *service) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func client(t testing.TB, s *service, opts ...rest.Option) *longrunning.Client {
	c, err := longrunning.New(s.URL, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func request(t testing.TB, s *service, method, path string) *http.Request {
	var body io.Reader
	if method != http.MethodGet && method != http.MethodDelete {
		body = strings.NewReader(`{"x":1}`)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	require.NoError(t, err)
	return r
}

// accept sends a request by a client of its own, and returns what Accept makes of the answer.
func accept(t testing.TB, c *longrunning.Client, r *http.Request, via longrunning.Final) (transport.Status, error) {
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := h.Do(r)
	require.NoError(t, err)
	return c.Accept(answer, via)
}

// follow polls until the end, twenty times at most.
func follow(t testing.TB, c *longrunning.Client, first transport.Status) (transport.Status, error) {
	s, err := first, error(nil)
	for range 20 {
		if s.State.Terminal() {
			return s, err
		}
		if s, err = c.Status(t.Context(), first.ID); err != nil {
			return s, err
		}
		require.Equal(t, first.ID, s.ID)
	}
	return s, err
}
