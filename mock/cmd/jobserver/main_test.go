package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/mock"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMisuseIsToldInOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for args, want := range map[string]string{
		"fly":                                   `no such command: "fly"`,
		"serve --colour red":                    "flag provided but not defined: -colour",
		"serve --duration soon":                 `invalid value "soon"`,
		"serve --duration uniform:2s,1s":        "want a duration",
		"serve --kind slow":                     "want NAME=DISTRIBUTION",
		"serve --kind slow=never":               "want a duration",
		"serve --pending -1":                    "--pending -1",
		"serve --running --pending 1":           "--running with --pending 1",
		"serve --blocked 1.5":                   "--blocked 1.5: must be from 0 to 1",
		"serve --blocked 0.5 --pending 1":       "--blocked with --pending 1",
		"serve --allow-host :80":                "want a name",
		"serve --speed 0":                       "--speed 0",
		"serve --fault sometimes":               "want WHEN: EFFECT",
		"serve --faults nowhere":                "no such file",
		"serve --fail 2":                        "--fail 2",
		"serve --fail NaN":                      "--fail NaN",
		"serve now":                             `not "now"`,
		"serve --addr " + taken.Addr().String(): "address already in use",
		"serve --addr nowhere":                  "missing port",
		"serve --webhook http://a":              "--webhook: set a secret by --webhook-secret",
		"serve --webhook ftp://a --webhook-secret MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "--webhook: Webhook: the URL must begin",
		"serve --webhook http://a --webhook-secret AAAA":                            "it has 3 bytes, at least 24",
		"serve --stream events": `--stream: Stream("events"): must be a path`,
	} {
		var out, errs bytes.Buffer
		assert.Equal(t, misuse, run(context.Background(), strings.Fields(args), &out, &errs), args)
		assert.Empty(t, out.String(), args)
		assert.Contains(t, errs.String(), want)
		assert.Equal(t, 1, strings.Count(errs.String(), "\n"), "one line: %s", errs.String())
	}
}

func TestHelpSaysHow(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"help", "-h", "serve -h"} {
		var out, errs bytes.Buffer
		assert.Zero(t, run(context.Background(), strings.Fields(args), &out, &errs))
		assert.Contains(t, out.String(), "jobserver serve [flags]")
		assert.Contains(t, out.String(), "jobserver help")
		assert.Contains(t, out.String(), "-fail")
	}
	var out, errs bytes.Buffer
	assert.Equal(t, misuse, run(context.Background(), nil, &out, &errs))
	assert.Contains(t, errs.String(), "jobserver: no command; try: jobserver serve\n")
	assert.Contains(t, errs.String(), "jobserver serve [flags]")
}

// lines is a writer that hands on each line.
type lines struct {
	mu  sync.Mutex
	out chan string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out <- string(p)
	return len(p), nil
}

// patience is how long a test waits for what must come.
const patience = time.Minute

// next returns what comes next from a channel.
func next[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		require.FailNow(t, "nothing comes")
	}
	return v
}

func TestServesUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := &lines{out: make(chan string, 100)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--duration", "1h", "--seed", "7", "--verbose"}, log, log)
	}()
	_, url, ok := strings.Cut(strings.TrimSpace(next(t, log.out)), "listening on ")
	require.True(t, ok)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Post(url+"/", "", nil)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	for _, want := range []string{"curl", "the live page is at " + url + "/", `"seed": 7`, "job created", "answered"} {
		assert.Contains(t, next(t, log.out), want)
	}
	cancel()
	assert.Zero(t, next(t, code))
}

func TestAFaultOfPushesNeedsSomethingThatPushes(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	assert.Equal(t, misuse, run(context.Background(), []string{"serve", "--addr", "127.0.0.1:0", "--fault", "push 1: lost"}, &out, &errs))
	assert.Equal(t, "jobserver: --fault with push: the service pushes nothing without --webhook or --stream\n", errs.String())
}

// An unset variable of a shell is an empty address. It must not mean all addresses of the machine.
func TestAnEmptyAddressIsTheDefault(t *testing.T) {
	t.Parallel()
	var c config
	flags := newFlags(&c)
	require.NoError(t, flags.Parse([]string{"--addr", ""}))
	require.NoError(t, c.settle(flags))
	assert.Equal(t, defaultAddr, c.addr)
}

// fault 48: nobody else reaches the server unless its user asks for it.
func TestTheDefaultAddressIsOfThisMachineAlone(t *testing.T) {
	t.Parallel()
	var c config
	flags := newFlags(&c)
	require.NoError(t, flags.Parse(nil))
	assert.Equal(t, "127.0.0.1:8080", c.addr)
	assert.Equal(t, "127.0.0.1:8080", flags.Lookup("addr").DefValue)
	host, _, err := net.SplitHostPort(c.addr)
	require.NoError(t, err)
	assert.True(t, net.ParseIP(host).IsLoopback())
	assert.Empty(t, c.hosts)
}

// The default is the wire of the service that this one stands for: to the byte, and without a word
// that its clients refuse.
func TestByDefaultAJobIsPendingUntilItEnds(t *testing.T) {
	t.Parallel()
	const (
		created   = `^\{"meta":\{"message":"Job created successfully"\},"payload":\{"jobID":"[0-9a-f-]{36}"\}\}$`
		pending   = `200 {"meta":{"message":"Job status"},"payload":{"status":"pending"}}`
		completed = `200 {"meta":{"message":"Job status"},"payload":{"status":"completed"}}`
		failed    = `500 {"meta":{"message":"Job status"},"payload":{"status":"error"}}`
	)
	ask := func(h http.Handler, method, path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "http://localhost"+path, nil))
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		return fmt.Sprint(w.Code, " ", w.Body)
	}
	// follow returns the answers about forty jobs that differ, and how many ended.
	follow := func(args ...string) (seen map[string]int, over map[string]bool) {
		clk := mock.NewClock(t)
		h := handlerOn(t, clk, "127.0.0.1:8080", args...)
		var ids []string
		for range 40 {
			text := strings.TrimPrefix(ask(h, http.MethodPost, "/"), "200 ")
			require.Regexp(t, created, text)
			ids = append(ids, strings.Split(text, `"`)[11])
		}
		seen, over = map[string]int{}, map[string]bool{}
		for range 16 { // no job takes longer, in seconds
			for _, id := range ids {
				answer := ask(h, http.MethodGet, "/status/"+id)
				seen[answer]++
				if answer == completed || answer == failed {
					over[id] = true
				}
			}
			clk.Advance(time.Second)
		}
		return seen, over
	}
	seen, over := follow("--seed", "1")
	assert.Len(t, over, 40, "all end")
	assert.Len(t, seen, 3, "nothing else was said: %v", seen)
	for _, answer := range []string{pending, completed, failed} {
		assert.NotZero(t, seen[answer], answer)
	}
	for _, args := range [][]string{{"--running"}, {"--pending", "0.1"}, {"--blocked", "0.5"}} {
		running, blocked := false, false
		seen, over := follow(args...)
		assert.Len(t, over, 40)
		for answer := range seen {
			running = running || strings.Contains(answer, `"status":"running"`)
			blocked = blocked || strings.Contains(answer, `"status":"blocked"`)
		}
		assert.Equal(t, args[0] == "--blocked", blocked)
		assert.True(t, running, "%v", args)
	}
}

func TestPollsAreLoggedAtDebugLevel(t *testing.T) {
	t.Parallel()
	for verbose, want := range map[bool]int{false: 0, true: 3} {
		var out bytes.Buffer
		h := logged(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }), newLogger(&out, verbose))
		for range 3 {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/status/a", nil))
		}
		assert.Equal(t, want, strings.Count(out.String(), "answered"))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
		assert.Equal(t, want+1, strings.Count(out.String(), "answered"))
	}
}

func TestNewIDIsAUUID(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, newID())
	assert.NotEqual(t, newID(), newID())
}
