package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A terminal keeps what was drawn last.
type terminal struct {
	bytes.Buffer
	width, height int
	frames        chan string
}

func (t *terminal) IsTerminal() bool               { return true }
func (t *terminal) GetTermSize() (int, int, error) { return t.width, t.height, nil }

func (t *terminal) Flush(int) error {
	t.frames <- t.String()
	t.Reset()
	return nil
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// plain returns a text without colors.
func plain(text string) string { return escapes.ReplaceAllString(text, "") }

// drawn draws once and returns the lines.
func drawn(t *testing.T, s *screen, out *terminal, now time.Time) string {
	require.NoError(t, s.draw(now))
	var lines []string
	for line := range strings.Lines(plain(<-out.frames)) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines, "\n")
}

func TestScreenShowsBarsAndTotals(t *testing.T) {
	t.Parallel()
	out := &terminal{width: 100, height: 30, frames: make(chan string, 16)}
	f := newFeed(4)
	stats := jobstatus.Stats{Watches: 5, Waiting: 4, InFlight: 1, Requests: 12, Rate: 3.5}
	s, err := newScreen(out, f.board, func() jobstatus.Stats { return stats }, 6, f.now)
	require.NoError(t, err)

	f.asks("render-1", "render-2", "render-3", "render-4", "render-5")
	f.now = f.now.Add(10 * time.Second)
	f.hears(running("render-1", 0.5), 2*time.Second)
	f.hears(running("render-2", 0), 3*time.Second)
	f.hears(transport.Status{ID: "render-3", State: transport.Pending}, -1)
	assert.Equal(t, `
render-1  running   ━━━━━━━━━━━━━━━━────────────────   50%  10.0s  next in 2.0s
render-2  running   ──────────────────━━━━━─────────        10.0s  next in 3.0s
render-3  pending   ────────────────────────────────        10.0s
render-4  new       ────────────────────────────────        10.0s  asking

0 of 6    jobs      ────────────────────────────────        10.0s
waiting 4 · in flight 1 · completed 0 · failed 0
requests 12, 3.5 a second`, "\n"+drawn(t, s, out, f.now))

	f.ends(transport.Status{ID: "render-1", State: transport.Completed}, nil)
	f.ends(transport.Status{ID: "render-2", State: transport.Failed, Message: "the disk is full"}, nil)
	f.ends(running("render-4", 0), jobstatus.ErrMaxAttempts)
	stats = jobstatus.Stats{Watches: 2, Waiting: 2, Completed: 1, Failed: 1, GaveUp: 1, Requests: 15}
	lines := strings.Split(drawn(t, s, out, f.now), "\n")
	require.Len(t, lines, 11)
	assert.Equal(t, "✓ render-1       completed   10.0s   2 polls  at most 0.4s late", lines[0])
	assert.Equal(t, `✗ render-2       failed      10.0s   2 polls  at most 0.4s late  "the disk is full"`, lines[1])
	assert.Contains(t, lines[2], `? render-4       gave up     10.0s   2 polls  "max attempts reached`)
	assert.Equal(t, "render-1  completed ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━        10.0s", lines[3])
	assert.Equal(t, "3 of 6    jobs      ━━━━━━━━━━━━━━━━────────────────   50%  10.0s", lines[8])

	require.NoError(t, s.close(f.now))
	last := strings.Split(plain(final(out)), "\n")
	assert.Contains(t, last[0], "3 of 6")
	assert.NotContains(t, strings.Join(last, "\n"), "render-")
}

// final returns what was drawn last of all.
func final(out *terminal) (frame string) {
	for len(out.frames) > 0 {
		frame = <-out.frames
	}
	return frame
}

func TestScreenFitsANarrowTerminal(t *testing.T) {
	t.Parallel()
	out := &terminal{width: 40, height: 8, frames: make(chan string, 16)}
	f := newFeed(fit(out, 15))
	s, err := newScreen(out, f.board, func() jobstatus.Stats { return jobstatus.Stats{Watches: 9} }, 9, f.now)
	require.NoError(t, err)
	f.asks("render-1", "render-2", "render-3", "render-4", strings.Repeat("é", 100))
	lines := strings.Split(drawn(t, s, out, f.now), "\n")
	assert.Len(t, lines, 7)
	for _, line := range lines {
		assert.LessOrEqual(t, len([]rune(line)), 40)
	}
	require.NoError(t, s.close(f.now))
}

func TestScreenThatIsClosedSaysSo(t *testing.T) {
	t.Parallel()
	out := &terminal{width: 100, height: 30, frames: make(chan string, 16)}
	s, err := newScreen(out, newBoard(1), func() jobstatus.Stats { return jobstatus.Stats{} }, 1, start)
	require.NoError(t, err)
	require.NoError(t, s.close(start))
	require.Error(t, s.draw(start))
}
