package progress

import (
	"context"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
)

// DefaultRows is the default of [Rows].
const DefaultRows = 10

// Board shows and counts the jobs of a call of [Board.WaitForJobs]. Use [New] to make one. A Board
// is safe for concurrent use. It may be the Observer of several Watchers. If their jobs can have
// equal ids, give the waits of each Watcher a jobstatus.Kind of their own. Such jobs share a row.
type Board struct {
	view  view // nil if nothing is shown
	total int
	takes func() time.Duration

	life sync.Mutex // held while the view starts or ends; guards stop
	stop func()

	mu      sync.Mutex // guards what follows
	calls   int        // in progress
	totals  Totals
	began   time.Time // when the first of the calls in progress began
	taken   time.Time // when the newest id was taken
	stats   func() jobstatus.Stats
	shows   bool // whether the view is drawn
	rows    rows
	blocked blocked
	tally   tally
}

var _ observe.Observer = (*Board)(nil)

// Option sets one property of a [Board] that [New] makes. A nil Option has no effect.
type Option func(*config)

type config struct {
	rows  int
	total int
	takes func() time.Duration
	plain bool
}

// Rows sets how many jobs are shown in a terminal at once. All other jobs are only counted. Zero
// and negative numbers mean [DefaultRows].
func Rows(n int) Option { return func(c *config) { c.rows = n } }

// Total sets the number of jobs of the call, for a sequence of ids that takes long. By default it
// is the number of ids taken from the sequence so far. Zero and negative numbers mean the default.
func Total(n int) Option { return func(c *config) { c.total = max(n, 0) } }

// Takes sets a function that estimates how long nearly all jobs of the call take at most, such as a
// high quantile of an adaptive.Forecast. The Board uses it to show how long the last job will still
// run. The function must be safe for concurrent use. It returns zero if it has no estimate. By
// default, or with nil, the Board shows no remaining time.
func Takes(f func() time.Duration) Option { return func(c *config) { c.takes = f } }

// Plain makes a Board print lines even in a terminal.
func Plain() Option { return func(c *config) { c.plain = true } }

// New returns a Board that writes to out. If out is a terminal, the Board draws bars, without color
// if the environment variable NO_COLOR is set. Otherwise, or if TERM is "dumb", it prints a line
// for each job that ends, and the totals every five seconds. If out is nil, it only counts.
//
// A Board writes only during [Board.WaitForJobs]. If a write to out fails, the Board writes no
// more, and the waits go on.
func New(out io.Writer, opts ...Option) *Board {
	var c config
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if c.rows <= 0 {
		c.rows = DefaultRows
	}
	b := &Board{total: c.total, takes: c.takes}
	switch {
	case out == nil:
	case !c.plain && isTerminal(out):
		b.view = &screen{out: out, paint: newPaint()}
		b.rows = newRows(c.rows)
	default:
		b.view = &lines{out: out}
	}
	return b
}

// Waiter waits for the jobs that a Board shows. A jobstatus.Watcher is one.
type Waiter interface {
	WaitForJobs(context.Context, iter.Seq[string], ...jobstatus.WatchOption) iter.Seq2[jobstatus.Status, error]
}

// WaitForJobs yields the results of w.WaitForJobs, and shows the jobs meanwhile. Each range over
// the result begins with totals of zero, unless the Board already shows another call. In that case
// it counts the jobs of both calls.
//
// If w has a method Stats, as a jobstatus.Watcher has, the Board also shows the number of
// requests.
func (b *Board) WaitForJobs(ctx context.Context, w Waiter, ids iter.Seq[string], opts ...jobstatus.WatchOption) iter.Seq2[jobstatus.Status, error] {
	return func(yield func(jobstatus.Status, error) bool) {
		defer b.begin(w)()
		if ids != nil {
			ids = b.count(ids)
		}
		for st, err := range w.WaitForJobs(ctx, ids, opts...) {
			b.ended(st, err)
			if !yield(st, err) {
				return
			}
		}
	}
}

// begin starts the view with the first call. The result ends it with the last one.
func (b *Board) begin(w Waiter) (end func()) {
	b.life.Lock()
	defer b.life.Unlock()
	if b.beginCall(w) {
		b.stop = b.show()
	}
	return func() {
		b.life.Lock()
		defer b.life.Unlock()
		if b.endCall() {
			b.settle()
			b.stop()
			b.clear()
		}
	}
}

// beginCall counts another call. It reports whether no other call is in progress.
func (b *Board) beginCall(w Waiter) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := w.(interface{ Stats() jobstatus.Stats }); ok {
		b.stats = s.Stats
	}
	b.calls++
	if b.calls > 1 {
		return false
	}
	b.began, b.totals, b.shows = time.Now(), Totals{Total: b.total}, b.view != nil
	b.tally.begin()
	return true
}

// endCall removes a call from the count. It reports whether no other call is in progress.
func (b *Board) endCall() (last bool) {
	estimate := b.estimate()
	b.mu.Lock()
	defer b.mu.Unlock()
	last = b.calls == 1
	if last {
		b.totals = b.totalsLocked(time.Now(), estimate)
	}
	b.calls--
	return last
}

// clear forgets what the view has shown. It shows nothing more until the next call.
func (b *Board) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shows, b.rows = false, newRows(len(b.rows.all))
}

// count returns a sequence like ids that counts the ids as they are taken.
func (b *Board) count(ids iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range ids {
			b.mu.Lock()
			b.totals.Taken++
			b.taken = time.Now()
			b.mu.Unlock()
			if !yield(id) {
				return
			}
		}
	}
}

func (b *Board) ended(st jobstatus.Status, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.totals.add(st, err)
	b.tally.result(err)
}

// Totals returns the figures of the call in progress, or of the last call.
func (b *Board) Totals() Totals {
	estimate := b.estimate()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.totalsLocked(time.Now(), estimate)
}

// estimate calls the function that [Takes] set. The caller must not hold the lock.
func (b *Board) estimate() time.Duration {
	if b.takes == nil {
		return 0
	}
	return b.takes()
}

// totalsLocked returns the totals as of now. The estimate is how long a job takes at most.
func (b *Board) totalsLocked(now time.Time, estimate time.Duration) Totals {
	t := b.totals
	if b.calls == 0 {
		return t
	}
	t.Blocked = len(b.blocked)
	t.Total = max(t.Total, t.Taken)
	t.Elapsed = now.Sub(b.began)
	if estimate > 0 && t.Ended() < t.Total {
		t.Left = max(b.taken.Add(estimate).Sub(now), 0)
	}
	return t
}

// Observe records an event. It makes a Board an [observe.Observer]. It returns at once, so that no
// poll waits for a terminal.
func (b *Board) Observe(ctx context.Context, e *observe.Event) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	began := b.blocked.observe(e)
	defer b.tally.observe(e)
	if b.shows {
		b.rows.observe(e)
		if began {
			b.rows.tell(e)
		}
	}
	return ctx
}

// frame is all that is shown at one moment.
type frame struct {
	now    time.Time
	totals Totals
	stats  *jobstatus.Stats // nil if the Waiter has none
	rows   []row
	ends   []observe.Event // ends of jobs and begins of waits for a person, since the last frame
	lost   int             // how many more of these there were that were not kept
}

func (b *Board) frame(now time.Time) frame {
	estimate := b.estimate()
	f, stats := b.frameOf(now, estimate)
	if stats != nil {
		s := stats()
		f.stats = &s
	}
	return f
}

func (b *Board) frameOf(now time.Time, estimate time.Duration) (frame, func() jobstatus.Stats) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := frame{now: now, totals: b.totalsLocked(now, estimate), rows: b.rows.show(now)}
	f.ends, f.lost = b.rows.take()
	return f, b.stats
}
