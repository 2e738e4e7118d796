package progress

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

func constant(d time.Duration) backoff.Strategy { return backoff.Constant(d) }

var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// feed plays what a Watcher would say.
type feed struct {
	*rows
	now time.Time
}

func newFeed(n int) *feed {
	rs := newRows(n)
	return &feed{&rs, start}
}

func (f *feed) tell(e observe.Event) {
	e.Time = f.now
	f.observe(&e)
}

func (f *feed) asks(ids ...string) { f.tell(observe.Event{Kind: observe.PollStarted, IDs: ids}) }

func (f *feed) hears(st transport.Status, wait time.Duration) {
	f.tell(observe.Event{Kind: observe.Answered, ID: st.ID, Attempt: 1, Elapsed: f.now.Sub(start), Status: st, Wait: wait})
}

func (f *feed) ends(st transport.Status, err error) {
	f.tell(observe.Event{Kind: observe.WatchEnded, ID: st.ID, Attempt: 2, Elapsed: f.now.Sub(start), Status: st, Err: err,
		Delay: 400 * time.Millisecond})
}

func running(id string, progress float64) transport.Status {
	return transport.Status{ID: id, State: transport.Running, Progress: progress}
}

// ids returns those on show, by row.
func (f *feed) ids() []string {
	ids := []string{}
	for _, r := range f.show(f.now) {
		ids = append(ids, r.id)
	}
	return ids
}

func TestJobKeepsItsRowUntilItHasLingered(t *testing.T) {
	t.Parallel()
	f := newFeed(2)
	f.asks("a", "b", "c")
	assert.Equal(t, []string{"a", "b"}, f.ids())
	f.ends(running("a", 0), errors.New("gave up"))
	f.hears(running("c", 0), 0)
	assert.Equal(t, []string{"a", "b"}, f.ids())

	f.now = f.now.Add(lingers)
	assert.Equal(t, []string{"b"}, f.ids(), "the rows close up")
	f.asks("b")
	f.hears(running("c", 0), 0)
	assert.Equal(t, []string{"b", "c"}, f.ids())
	f.ends(running("b", 0), nil)
	f.ends(running("c", 0), nil)
	f.now = f.now.Add(lingers)
	assert.Empty(t, f.ids())
	assert.Empty(t, f.places)
}

func TestRowTellsOfTheNewestPoll(t *testing.T) {
	t.Parallel()
	f := newFeed(1)
	get := func() row { return f.show(f.now)[0] }
	f.asks("a")
	assert.Equal(t, "new", stateOf(get()))
	assert.Equal(t, "asking", nextPoll(get(), f.now))

	f.now = f.now.Add(time.Second)
	f.hears(running("a", 0.25), 4*time.Second)
	assert.Equal(t, "running", stateOf(get()))
	assert.Equal(t, "25%", percent(get().status.Progress))
	assert.Equal(t, "next in 4.0s", nextPoll(get(), f.now))
	assert.Equal(t, time.Second, get().age(f.now))
	assert.Equal(t, "overdue", nextPoll(get(), f.now.Add(5*time.Second)))

	f.tell(observe.Event{Kind: observe.Answered, ID: "a", Attempt: 2, Status: running("a", 0.25), Err: errors.New("503"), Wait: time.Minute})
	assert.Equal(t, "again in 1m0s", nextPoll(get(), f.now))
	f.hears(running("a", 0.5), -1)
	assert.Empty(t, nextPoll(get(), f.now))

	f.tell(observe.Event{Kind: observe.Notified, ID: "a", Elapsed: time.Second, Status: running("a", 0.75), Changed: true})
	assert.Equal(t, "75%", percent(get().status.Progress), "or of a notification")

	f.now = f.now.Add(time.Second)
	f.ends(transport.Status{ID: "a", State: transport.Completed}, nil)
	assert.Equal(t, "completed", stateOf(get()))
	assert.Equal(t, 2*time.Second, get().age(f.now.Add(time.Hour)))
	assert.Empty(t, nextPoll(get(), f.now))
}

func TestSoManyEndsAreKeptAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	f := newFeed(0)
	for range maxEnds + 3 {
		f.ends(running("a", 0), nil)
	}
	ends, lost := f.take()
	assert.Len(t, ends, maxEnds)
	assert.Equal(t, 3, lost)
	assert.Contains(t, endLines(frame{lost: lost}, plain), "… and 3 more\n")
	ends, lost = f.take()
	assert.Empty(t, ends)
	assert.Zero(t, lost)
}

// Whatever is heard, each row has its job, and each job one row at most.
func TestRowsAndPlacesAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed(rapid.IntRange(0, 4).Draw(t, "rows"))
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			id := strconv.Itoa(rapid.IntRange(0, 7).Draw(t, "id"))
			switch rapid.IntRange(0, 4).Draw(t, "event") {
			case 0:
				f.asks(id, id+"0")
			case 1:
				f.hears(running(id, 0.5), time.Second)
			case 2:
				f.ends(running(id, 0.5), nil)
			case 3:
				f.now = f.now.Add(lingers / 2)
			case 4:
				shown := f.show(f.now)
				assert.Len(t, f.places, len(shown))
				for at, r := range shown {
					assert.Equal(t, at, f.places[r.id])
					assert.Equal(t, r, f.all[at])
				}
			}
		}
	})
}

// terminal keeps what a terminal of so many columns shows, of the little that a screen uses.
type terminal struct {
	width int
	lines []string
	at    int
	raw   string
}

func (m *terminal) Write(p []byte) (int, error) {
	m.raw += string(p)
	text := string(p)
	for text != "" {
		var n int
		switch {
		case strings.HasPrefix(text, noWrap), strings.HasPrefix(text, wrap):
			text = text[len(wrap):]
		case strings.HasPrefix(text, clearAll):
			m.lines, text = m.lines[:m.at], text[len(clearAll):]
		case strings.HasPrefix(text, "\r"):
			text = text[1:]
		case strings.HasPrefix(text, "\x1b[") && !strings.HasPrefix(text, clearEnd):
			if _, err := fmt.Sscanf(text, up, &n); err != nil {
				return 0, err
			}
			m.at, text = m.at-n, text[strings.Index(text, "A")+1:]
		default:
			line, rest, ok := strings.Cut(text, clearEnd+"\n")
			if !ok {
				return 0, fmt.Errorf("no end of the line: %q", text)
			}
			if runes := []rune(line); len(runes) > m.width {
				line = string(runes[:m.width])
			}
			m.lines, m.at, text = append(m.lines[:m.at], append([]string{line}, m.lines[min(m.at+1, len(m.lines)):]...)...), m.at+1, rest
		}
	}
	return len(p), nil
}

func (m *terminal) String() string {
	text := ""
	for _, line := range m.lines {
		text += strings.TrimRight(line, " ") + "\n"
	}
	return text
}

func TestScreenShowsBarsAndTotals(t *testing.T) {
	t.Parallel()
	f, out := newFeed(4), &terminal{width: 100}
	s := &screen{out: out, paint: paint{marks: true}}
	draw := func(totals Totals, stats *jobstatus.Stats) string {
		fr := frame{now: f.now, totals: totals, stats: stats, rows: f.show(f.now)}
		fr.ends, fr.lost = f.take()
		require.NoError(t, s.draw(fr))
		return "\n" + out.String()
	}
	f.asks("render-1", "render-2", "render-3", "render-4", "render-5")
	f.now = f.now.Add(10 * time.Second)
	f.hears(running("render-1", 0.5), 2*time.Second)
	f.hears(running("render-2", 0), 3*time.Second)
	f.hears(transport.Status{ID: "render-3", State: transport.Pending}, -1)
	assert.Equal(t, `
render-1   running    ━━━━━━━━━━━━━━━━────────────────   50%   10.0s  next in 2.0s
render-2   running    ──────────────────━━━━━─────────         10.0s  next in 3.0s
render-3   pending    ────────────────────────────────         10.0s
render-4   new        ────────────────────────────────         10.0s  asking

0 of 6     jobs       ────────────────────────────────         10.0s
0 of 6 jobs · completed 0 · failed 0 · running 5 · 10.0s · about 1m30s left
requests 12, 3.5 a second
`, draw(Totals{Taken: 5, Total: 6, Elapsed: 10 * time.Second, Left: 90 * time.Second}, &jobstatus.Stats{Requests: 12, Rate: 3.5}))

	f.ends(transport.Status{ID: "render-1", State: transport.Completed}, nil)
	f.ends(transport.Status{ID: "render-2", State: transport.Failed, Message: "the disk is full"}, nil)
	f.ends(running("render-4", 0), jobstatus.ErrMaxAttempts)
	shown := strings.Split(draw(Totals{Taken: 6, Total: 6, Completed: 1, Failed: 1, GaveUp: 1, Elapsed: 10 * time.Second}, nil), "\n")[1:]
	assert.Equal(t, "✓ render-1       completed   10.0s   2 polls  at most 0.4s late", shown[0])
	assert.Equal(t, `✗ render-2       failed      10.0s   2 polls  at most 0.4s late  "the disk is full"`, shown[1])
	assert.Contains(t, shown[2], `? render-4       gave up     10.0s   2 polls  "max attempts reached`)
	assert.Equal(t, "render-1   completed  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━         10.0s", shown[3])
	assert.Equal(t, "render-4   gave up    ────────────────────────────────         10.0s", shown[6])

	require.NoError(t, s.close(frame{now: f.now, totals: Totals{Taken: 6, Total: 6, Completed: 6, Elapsed: 11 * time.Second}}))
	assert.Equal(t, `
6 of 6     jobs       ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  100%   11.0s
6 of 6 jobs · completed 6 · failed 0 · 11.0s
`, "\n"+strings.Join(strings.SplitAfter(out.String(), "\n")[3:], ""), "the lines of ended jobs stay, the rows go")
}

// The null device has a property of terminals: it is a character device.
func TestPlainPrintsLinesInATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	assert.IsType(t, &screen{}, New(null).view)
	assert.IsType(t, &lines{}, New(null, Plain()).view)
	t.Setenv("TERM", "dumb")
	assert.IsType(t, &lines{}, New(null).view)
}

// A line that is wider than the terminal must not wrap: the next frame would miss its place.
func TestEachFrameTurnsWrappingOffAndOn(t *testing.T) {
	t.Parallel()
	out := &terminal{width: 20}
	s := &screen{out: out}
	for range 3 {
		out.raw = ""
		require.NoError(t, s.draw(frame{totals: Totals{Total: 1}, rows: []row{{id: strings.Repeat("é", 100)}}}))
		assert.True(t, strings.HasPrefix(out.raw, noWrap))
		assert.True(t, strings.HasSuffix(out.raw, wrap))
	}
	assert.Len(t, out.lines, 4)
}

func TestColorsAreThoseOfTheState(t *testing.T) {
	t.Parallel()
	p := paint{colors: true, marks: true}
	assert.Equal(t, "\x1b[32mok\x1b[0m", p.of(transport.Completed)("ok"))
	assert.Equal(t, "\x1b[33mgave up\x1b[0m", p.state(row{gaveUp: true, status: running("a", 0)})("gave up"))
	assert.Equal(t, "\x1b[2mpending\x1b[0m", p.state(row{status: transport.Status{State: transport.Pending}})("pending"))
	assert.Equal(t, "\x1b[31m✗\x1b[0m ", p.mark(&observe.Event{Status: transport.Status{State: transport.Failed}}))
	assert.Equal(t, "ok", paint{}.of(transport.Completed)("ok"))
}

func TestBarsHaveOneWidth(t *testing.T) {
	t.Parallel()
	s := &screen{}
	for age := time.Duration(0); age < 4*time.Second; age += 37 * time.Millisecond {
		assert.Equal(t, barWidth, utf8.RuneCountInString(s.pulse(age)), "%v", age)
	}
	assert.Equal(t, s.pulse(0), s.pulse(3*time.Second))
	assert.NotEqual(t, s.pulse(0), s.pulse(1500*time.Millisecond))
	for _, share := range []float64{-1, 0, 0.3, 1, 7, math.NaN()} {
		assert.Equal(t, barWidth, utf8.RuneCountInString(s.filled(share, s.paint.bold)), "%v", share)
	}
}

func TestLinesNameWhatHappened(t *testing.T) {
	t.Parallel()
	e := observe.Event{ID: strings.Repeat("é", 40), Attempt: 12, Elapsed: 90 * time.Second, Status: transport.Status{State: transport.Failed, Message: "no\nspace"}}
	assert.Equal(t, strings.Repeat("é", 31)+"… failed      1m30s  12 polls  at most 0.0s late  \"no\\nspace\"", endLine(&e))
	s := jobstatus.Stats{Requests: 238, Errors: 5, Rate: 13.52, Overdue: 2, Lag: 1240 * time.Millisecond, Completed: 1}
	s.Delay.P50, s.Delay.P90 = time.Second, 2*time.Second
	assert.Equal(t, "requests 238, 13.5 a second · no answer 5 · overdue 2, by 1.2s · half at most 1.0s late, nine in ten 2.0s", pollsLine(&s))
}

// fault 44: an id may be a URL whose query holds a token. It may also come from others.
func TestAnIDIsShownWithoutItsQueryAndWithoutControls(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"/jobs/7?sig=secret": "/jobs/7…", "a\u202eb": "a�b", "\x1b[31mred\u009b2J": "�[31mred�2J", "\xff": "�", "日本": "日本",
		strings.Repeat("é", 32): strings.Repeat("é", 32), strings.Repeat("é", 33): strings.Repeat("é", 31) + "…",
	} {
		assert.Equal(t, want, name(id))
	}
}

func TestTheWaysOfHearingAreNamedUnlessAllJobsArePolled(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]jobstatus.Stats{
		"":                          {Watches: 7},
		" · notified of 7":          {Watches: 7, Heard: 7},
		" · notified of 7 · held 2": {Watches: 7, Heard: 7, Held: 2}, // which end by themselves
		" · held 3 · polled 4":      {Watches: 7, Held: 3},
		" · held 7":                 {Watches: 7, Held: 7},
	} {
		assert.Equal(t, want, ways(&s))
	}
	assert.Equal(t, "requests 1, 0.0 a second · held 1 · polled 2", pollsLine(&jobstatus.Stats{Requests: 1, Watches: 3, Held: 1}))
}
