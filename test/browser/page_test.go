// Package browser drives the live page of the jobserver in a real browser.
package browser

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/sse"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var screenshot = flag.String("screenshot", "", "write a picture of the page to this `file`")

// patience is how long a condition may take to come true.
const patience = 60 * time.Second

// browserPath returns a browser, or skips the test.
func browserPath(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on PATH: test/browser/install installs one")
	return ""
}

// serve starts a jobserver and returns its URL. It ends with the test.
func serve(t *testing.T, args ...string) string {
	binary := filepath.Join(t.TempDir(), "jobserver")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/iamber12/job-status-monitoring/mock/cmd/jobserver").CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(binary, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
		_ = cmd.Wait()
	})
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop() // unless it listens by then
	lines := bufio.NewScanner(stderr)
	require.True(t, lines.Scan())
	_, address, ok := strings.Cut(lines.Text(), "listening on ")
	require.True(t, ok, lines.Text())
	go func() { _, _ = io.Copy(io.Discard, stderr) }() // ends with the process
	return address
}

// open opens a page, and fails the test for what the page should not do: log an error, throw, or
// ask another server.
func open(t *testing.T, address string) context.Context {
	path := browserPath(t)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 800))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %v", e.ExceptionDetails)
		case *cdplog.EventEntryAdded:
			if e.Entry.Level == cdplog.LevelError {
				t.Errorf("the page logged: %s", e.Entry.Text)
			}
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Hostname() != "127.0.0.1" {
				t.Errorf("the page asked for %s", e.Request.URL)
			}
		}
	})
	require.NoError(t, chromedp.Run(ctx, network.Enable(), cdplog.Enable(), chromedp.Navigate(address)))
	return ctx
}

// eventually waits until an expression is true in the page.
func eventually(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx, chromedp.Poll(expression, nil, chromedp.WithPollingInterval(50*time.Millisecond),
		chromedp.WithPollingTimeout(patience))), expression)
}

func eval[T any](t *testing.T, ctx context.Context, expression string) (v T) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(expression, &v)), expression)
	return v
}

// watchJobs follows jobs with several backoffs, until the test ends. On the service's clock, which
// runs ten times as fast, the shortest wait is a second.
func watchJobs(t *testing.T, address string) {
	const second = 100 * time.Millisecond
	learner := adaptive.New(adaptive.Worth(second))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(cancel)
	for kind, s := range map[string]backoff.Strategy{
		"exponential": backoff.Exponential(second, 2), "constant": backoff.Constant(2 * second), "quadratic": backoff.Quadratic(second),
		"fibonacci": backoff.Fibonacci(second), "adaptive": learner,
	} {
		w, err := jobstatus.NewHTTP(address, jobstatus.WithBackoff(s), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		require.NoError(t, err)
		wg.Go(func() {
			defer w.Close()
			for ctx.Err() == nil {
				id, err := w.CreateJob(ctx, jobstatus.Input(map[string]string{"kind": kind}))
				if err == nil {
					_, _ = w.WaitForJob(ctx, id)
				}
			}
		})
	}
}

func TestThePageShowsWhoAsksWhen(t *testing.T) {
	browserPath(t)
	address := serve(t, "--speed", "10", "--seed", "7", "--running", "--duration", "lognormal:12s,0.5", "--fail", "0.2")
	ctx := open(t, address)
	eventually(t, ctx, `document.getElementById('link').textContent === 'live'`)
	assert.Contains(t, eval[string](t, ctx, `document.getElementById('jobs').innerText`), "curl -X POST "+address+"/")

	watchJobs(t, address)
	// Without a reload: jobs come, are asked about, progress, and end.
	eventually(t, ctx, `document.querySelectorAll('.job').length >= 5`)
	eventually(t, ctx, `document.querySelectorAll('.job .poll').length >= 20`)
	eventually(t, ctx, `[...document.querySelectorAll('[role=progressbar]')].some(b => b.ariaValueNow > 0 && b.ariaValueNow < 100)`)
	eventually(t, ctx, `document.querySelectorAll('.job .end').length >= 12`)
	eventually(t, ctx, `document.querySelector('.state.failed') && document.querySelector('.state.completed')`)
	eventually(t, ctx, `+document.getElementById('done').textContent >= 8 && +document.getElementById('bad').textContent >= 1`)
	eventually(t, ctx, `document.querySelectorAll('#rate rect').length >= 5 && document.getElementById('p50').textContent !== '–'`)
	assert.Equal(t, 5, eval[int](t, ctx, `new Set([...document.querySelectorAll('.kind')].map(k => k.textContent)).size`))
	assert.True(t, eval[bool](t, ctx, `[...document.querySelectorAll('.job')].filter(j => j.querySelector('.end')).every(j => j.querySelector('.gap'))`))
	eventually(t, ctx, `[...document.querySelectorAll('.lane')].some(l => /^\d+ polls, heard of its end [\d.]+ m?s late$/.test(l.ariaLabel))`)

	if *screenshot != "" {
		eventually(t, ctx, `document.querySelectorAll('.state.running, .state.pending').length >= 4`)
		shoot(t, ctx, *screenshot)
	}
	light := eval[string](t, ctx, `getComputedStyle(document.body).backgroundColor`)
	require.NoError(t, chromedp.Run(ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: "dark"}})))
	eventually(t, ctx, `getComputedStyle(document.body).backgroundColor !== '`+light+`'`)
	if *screenshot != "" {
		shoot(t, ctx, strings.TrimSuffix(*screenshot, ".png")+"-dark.png")
	}
	require.NoError(t, chromedp.Run(ctx, chromedp.EmulateViewport(375, 800)))
	eventually(t, ctx, `innerWidth === 375 && document.documentElement.scrollWidth <= 375`)
	if *screenshot != "" {
		shoot(t, ctx, strings.TrimSuffix(*screenshot, ".png")+"-phone.png")
	}
}

// Beyond the jobs and the ticks that it draws, the page says how many more there are.
func TestThePageSaysWhatItLeavesOut(t *testing.T) {
	browserPath(t)
	address := serve(t, "--duration", "1h")
	ctx := open(t, address)
	eventually(t, ctx, `document.getElementById('link').textContent === 'live'`)
	assert.True(t, eval[bool](t, ctx, `document.getElementById('more').hidden`))

	w, err := jobstatus.NewHTTP(address)
	require.NoError(t, err)
	defer w.Close()
	var ids []string
	for range 150 {
		id, err := w.CreateJob(t.Context())
		require.NoError(t, err)
		ids = append(ids, id)
	}
	eventually(t, ctx, `document.getElementById('more').innerText.includes('newest 100 of 150 jobs')`)
	assert.Zero(t, eval[int](t, ctx, `document.querySelectorAll('.older').length`))
	client, err := rest.New(address)
	require.NoError(t, err)
	defer client.Close()
	for n := range 210 {
		for _, id := range append(ids[100:140:140], ids[140:min(140+n, 141)]...) {
			if n < 2 || id == ids[140] {
				_, err := client.Status(t.Context(), id)
				require.NoError(t, err)
			}
		}
	}
	eventually(t, ctx, `document.querySelectorAll('.older').length === 1`)
	eventually(t, ctx, `document.getElementById('more').innerText.includes('the newest 200 are kept')`)
	if *screenshot != "" {
		shoot(t, ctx, strings.TrimSuffix(*screenshot, ".png")+"-many.png")
	}
}

// A job that is heard of without a poll has its mark, and the page counts the ways.
func TestThePageShowsWhatIsToldUnasked(t *testing.T) {
	browserPath(t)
	address := serve(t, "--duration", "uniform:300ms,900ms", "--fail", "0", "--stream", "/events")
	ctx := open(t, address)
	eventually(t, ctx, `document.getElementById('link').textContent === 'live'`)
	assert.True(t, eval[bool](t, ctx, `document.getElementById('ways').hidden && document.getElementById('pushes').hidden`))

	client, err := rest.New(address)
	require.NoError(t, err)
	defer client.Close()
	stream, err := sse.New(address+"/events", client, sse.WithTrust())
	require.NoError(t, err)
	defer stream.Close()
	w, err := jobstatus.New(client, jobstatus.WithNotifier(stream), jobstatus.WithTimeout(patience))
	require.NoError(t, err)
	defer w.Close()
	polled, err := jobstatus.New(client, jobstatus.WithTimeout(patience))
	require.NoError(t, err)
	defer polled.Close()
	for _, w := range []*jobstatus.Watcher{w, w, polled} {
		id, err := w.CreateJob(t.Context())
		require.NoError(t, err)
		_, err = w.WaitForJob(t.Context(), id)
		require.NoError(t, err)
	}
	eventually(t, ctx, `document.querySelectorAll('.job .push').length >= 2`)
	assert.Contains(t, eval[string](t, ctx, `document.getElementById('ways').innerText`), "the stream: ")
	assert.False(t, eval[bool](t, ctx, `document.getElementById('pushes').hidden`))
	eventually(t, ctx, `[...document.querySelectorAll('.lane')].some(l => /^\d+ polls, heard of its end \d+ ms late, by the stream$/.test(l.ariaLabel))`)
	if *screenshot != "" {
		shoot(t, ctx, strings.TrimSuffix(*screenshot, ".png")+"-ways.png")
	}
}

func TestTheButtonStartsJobs(t *testing.T) {
	browserPath(t)
	ctx := open(t, serve(t, "--duration", "1h"))
	eventually(t, ctx, `document.getElementById('link').textContent === 'live'`)
	require.NoError(t, chromedp.Run(ctx, chromedp.Click("#start")))
	eventually(t, ctx, `document.querySelectorAll('.job').length === 5 && document.getElementById('open').textContent === '5'`)
	assert.True(t, eval[bool](t, ctx, `document.getElementById('none').hidden`))
}

func shoot(t *testing.T, ctx context.Context, path string) {
	var picture []byte
	require.NoError(t, chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)))
	require.NoError(t, os.WriteFile(path, picture, 0o644))
}

// A job that waits for a person has a color of its own, and the page counts such jobs.
func TestThePageShowsWhoWaitsForAPerson(t *testing.T) {
	browserPath(t)
	address := serve(t, "--seed", "7", "--blocked", "0.98", "--pending", "0", "--duration", "10m", "--speed", "100")
	ctx := open(t, address)
	require.NoError(t, chromedp.Run(ctx, chromedp.Click("#start")))
	eventually(t, ctx, `document.querySelectorAll('.state.blocked').length === 5`)
	eventually(t, ctx, `document.getElementById('blocked').textContent === '5 blocked' && document.getElementById('open').textContent === '5'`)
	assert.Equal(t, "blocked", eval[string](t, ctx, `document.querySelector('.state.blocked').textContent`))
	colors := eval[[]string](t, ctx, `['blocked', 'running', 'pending'].map(s => { const e = document.createElement('i'); e.className = s; document.body.append(e); return getComputedStyle(e).color; })`)
	assert.Len(t, colors, 3)
	assert.NotContains(t, colors[1:], colors[0])
	if *screenshot != "" {
		shoot(t, ctx, strings.TrimSuffix(*screenshot, ".png")+"-blocked.png")
	}
}
