package jobstatus_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

// An end is one way in which a wait ends, as in the README's table.
type end struct {
	returns string // the first cell of the row
	names   string // the second cell of the row
	matches func(error) bool
	last    jobstatus.State
	asked   bool

	answer func(n int) (jobstatus.Status, error) // what the service answers to the nth poll, from the second on
	id     string                                // "a" if empty
	opts   []jobstatus.Option
	wait   []jobstatus.WatchOption
	call   func(w *jobstatus.Watcher, ctx context.Context, cancel func(error)) context.Context // runs before the wait
}

var errUserLeft = errors.New("the user left")

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func as[T error](err error) bool { return errors.As(err, new(T)) }

func fails(err error) func(int) (jobstatus.Status, error) {
	return func(int) (jobstatus.Status, error) { return jobstatus.Status{}, err }
}

func ends(state jobstatus.State) func(int) (jobstatus.Status, error) {
	return func(int) (jobstatus.Status, error) { return jobstatus.Status{State: state}, nil }
}

const (
	gaveUp = "the newest status seen, a `*WaitError`"
	failed = "the terminal status, a `*JobError`"
)

// waysToEnd are all the ends that the README's table names.
func waysToEnd() []end {
	leave := func(w *jobstatus.Watcher, ctx context.Context, cancel func(error)) context.Context {
		time.AfterFunc(30*time.Second, func() { cancel(errUserLeft) })
		return ctx
	}
	return []end{
		{returns: "the terminal status, no error", names: "", answer: ends(jobstatus.Completed), last: jobstatus.Completed, asked: true,
			matches: func(err error) bool { return err == nil }},
		{returns: failed, names: "ErrJobFailed", matches: is(jobstatus.ErrJobFailed), answer: ends(jobstatus.Failed), last: jobstatus.Failed,
			asked: true},
		{returns: failed, names: "ErrJobCanceled", matches: is(jobstatus.ErrJobCanceled), answer: ends(jobstatus.Canceled),
			last: jobstatus.Canceled, asked: true},
		{returns: gaveUp, names: "ErrTimeout", matches: is(jobstatus.ErrTimeout), last: jobstatus.Running, asked: true},
		{returns: gaveUp, names: "ErrMaxAttempts", matches: is(jobstatus.ErrMaxAttempts), last: jobstatus.Running, asked: true,
			opts: []jobstatus.Option{jobstatus.WithMaxAttempts(3)}},
		{returns: gaveUp, names: "ErrThrottled", matches: is(jobstatus.ErrThrottled), last: jobstatus.Running, asked: true,
			answer: fails(&transport.Error{Class: transport.Throttled, RetryAfter: time.Hour})},
		{returns: gaveUp, names: "ErrBlocked", matches: is(jobstatus.ErrBlocked), last: jobstatus.Blocked, asked: true,
			answer: ends(jobstatus.Blocked), wait: []jobstatus.WatchOption{jobstatus.StopWhenBlocked()}},
		{returns: gaveUp, names: "ErrClosed", matches: is(jobstatus.ErrClosed), last: jobstatus.Running, asked: true,
			call: func(w *jobstatus.Watcher, ctx context.Context, _ func(error)) context.Context {
				time.AfterFunc(30*time.Second, func() { _ = w.Close() })
				return ctx
			}},
		{returns: gaveUp, names: "ErrClosed", matches: is(jobstatus.ErrClosed),
			call: func(w *jobstatus.Watcher, ctx context.Context, _ func(error)) context.Context {
				_ = w.Close()
				return ctx
			}},
		{returns: gaveUp, names: "the context's cause", matches: is(errUserLeft), last: jobstatus.Running, asked: true, call: leave},
		{returns: gaveUp, names: "the context's cause", matches: is(errUserLeft),
			call: func(_ *jobstatus.Watcher, ctx context.Context, cancel func(error)) context.Context {
				cancel(errUserLeft)
				return ctx
			}},
		{returns: "the newest status seen, `ErrNotFound`", names: "ErrNotFound", matches: is(jobstatus.ErrNotFound), last: jobstatus.Running,
			asked: true, answer: fails(&transport.Error{Class: transport.NotFound, Code: 404})},
		{returns: "the newest status seen, a `*PanicError`", names: "*PanicError", matches: as[*jobstatus.PanicError], asked: true,
			last: jobstatus.Running, answer: func(int) (jobstatus.Status, error) { panic("boom") }},
		{returns: "the newest status seen, a `*PanicError`", names: "*PanicError", matches: as[*jobstatus.PanicError], asked: true,
			last: jobstatus.Running, opts: []jobstatus.Option{jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
				if p.Attempt > 1 {
					panic("boom")
				}
				return time.Second
			}))}},
		{returns: "the newest status seen, any other error", matches: as[*transport.Error], last: jobstatus.Running, asked: true,
			answer: fails(&transport.Error{Class: transport.Permanent, Code: 401})},
		{returns: "the newest status seen, any other error", matches: is(transport.ErrMalformed), last: jobstatus.Running, asked: true,
			answer: fails(&transport.Error{Class: transport.Malformed, Code: 200})},
		{returns: "only the id, `ErrInvalidID`", names: "ErrInvalidID", matches: is(jobstatus.ErrInvalidID), id: ".."},
		{returns: "only the id, `ErrMaxWatches`", names: "ErrMaxWatches", matches: is(jobstatus.ErrMaxWatches), id: "b",
			opts: []jobstatus.Option{jobstatus.WithMaxWatches(1)},
			call: func(w *jobstatus.Watcher, ctx context.Context, _ func(error)) context.Context {
				go func() { _, _ = w.WaitForJob(ctx, "a") }()
				time.Sleep(time.Second)
				return ctx
			}},
	}
}

// The README's table of how a wait ends is true and complete.
func TestTheTableOfHowAWaitEndsIsTrue(t *testing.T) {
	t.Parallel()
	rows := readmeEnds(t)
	named := map[string]bool{}
	ways := waysToEnd()
	for _, way := range ways {
		means, ok := rows[way.returns]
		require.True(t, ok, "no row %q", way.returns)
		assert.Contains(t, way.returns+means, way.names)
		named[way.returns], named[strings.TrimPrefix(way.names, "*")] = true, true
		t.Run(way.returns+" "+way.names, func(t *testing.T) {
			t.Parallel()
			virtually(t, func(w world) { way.happens(w, ways) })
		})
	}
	for row, means := range rows {
		assert.True(t, named[row], "no test of %q", row)
		for _, name := range regexp.MustCompile("`(Err\\w+)`").FindAllStringSubmatch(row+means, -1) {
			assert.True(t, named[name[1]], "no test of %s", name[1])
		}
	}
}

// readmeEnds returns the rows of the table, the second cell by the first.
func readmeEnds(t *testing.T) map[string]string {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "| what `WaitForJob` returned | what it means |\n|---|---|\n")
	require.True(t, found)
	rows := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 2 {
			break
		}
		rows[strings.TrimPrefix(cells[0], "| ")] = cells[1]
	}
	return rows
}

// happens makes a wait end in this way, and checks the result.
func (e end) happens(w world, all []end) {
	asked := 0
	watcher := w.watcher(transportFunc(func(_ context.Context, id string) (jobstatus.Status, error) {
		if id != "a" {
			w.Errorf("asked about %s", id)
		}
		if asked++; asked == 1 || e.answer == nil {
			return jobstatus.Status{State: jobstatus.Running, Raw: "encoding"}, nil
		}
		return e.answer(asked)
	}), slices.Concat([]jobstatus.Option{every(7 * time.Second)}, e.opts)...)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if e.call != nil {
		ctx = e.call(watcher, ctx, cancel)
	}
	id := e.id
	if id == "" {
		id = "a"
	}
	st, err := watcher.WaitForJob(ctx, id, e.wait...)
	require.True(w, e.matches(err), "%v", err)
	assert.Equal(w, e.asked || e.id == "b", asked > 0)
	assert.Equal(w, id, st.ID)
	assert.Equal(w, e.last, st.State, "the newest status seen")
	assert.Equal(w, strings.Contains(e.returns, "`*JobError`"), as[*jobstatus.JobError](err))
	assert.Equal(w, strings.Contains(e.returns, "`*WaitError`"), as[*jobstatus.WaitError](err))
	for _, other := range all {
		if other.names != "" && other.names != e.names {
			assert.False(w, other.matches(err), "%s: %v", other.names, err)
		}
	}
	if wait := (*jobstatus.WaitError)(nil); errors.As(err, &wait) {
		assert.True(w, e.matches(wait.Reason))
		assert.Equal(w, st, wait.Last)
	}
	cancel(nil)
}
