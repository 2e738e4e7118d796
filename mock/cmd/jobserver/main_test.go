package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
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
		"serve --speed 0":                       "--speed 0",
		"serve --fault sometimes":               "want WHEN: EFFECT",
		"serve --faults nowhere":                "no such file",
		"serve --fail 2":                        "--fail 2",
		"serve --fail NaN":                      "--fail NaN",
		"serve now":                             `not "now"`,
		"serve --addr " + taken.Addr().String(): "address already in use",
		"serve --addr nowhere":                  "missing port",
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
		assert.Contains(t, out.String(), "-fail")
	}
	var out, errs bytes.Buffer
	assert.Equal(t, misuse, run(context.Background(), nil, &out, &errs))
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

func TestServesUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := &lines{out: make(chan string, 100)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--duration", "1h", "--seed", "7"}, log, log)
	}()
	_, url, ok := strings.Cut(strings.TrimSpace(<-log.out), "listening on ")
	require.True(t, ok)
	resp, err := http.Post(url+"/", "", nil)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	assert.Contains(t, <-log.out, "curl")
	assert.Contains(t, <-log.out, `"seed": 7`)
	assert.Contains(t, <-log.out, "job created")
	assert.Contains(t, <-log.out, "answered")
	cancel()
	assert.Zero(t, <-code)
}

func TestNewIDIsAUUID(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, newID())
	assert.NotEqual(t, newID(), newID())
}
