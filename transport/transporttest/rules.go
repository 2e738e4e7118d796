package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

func (s Subject) ids() []string { return slices.Sorted(maps.Keys(s.Jobs)) }

var errSlow = errors.New("has not returned")

// status asks about a job, within patience.
func (s Subject) status(ctx context.Context, id string) (transport.Status, error) {
	return within(patience, fmt.Sprintf("Status(%q)", id), func() (transport.Status, error) { return s.Transport.Status(ctx, id) })
}

// within returns what f returns. If f takes longer than most on the real clock, it returns an error
// that begins with what. It panics as f does.
func within[T any](most time.Duration, what string, f func() (T, error)) (T, error) {
	type result struct {
		value    T
		err      error
		panicked any
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.panicked = recover()
			done <- r
		}()
		r.value, r.err = f()
	}()
	bound := time.NewTimer(most)
	defer bound.Stop()
	select {
	case r := <-done:
		if r.panicked != nil {
			panic(r.panicked)
		}
		return r.value, r.err
	case <-bound.C:
		var none T
		return none, fmt.Errorf("%s %w within %v", what, errSlow, most)
	}
}

func tellsStates(s Subject) error {
	for _, id := range s.ids() {
		st, err := s.status(context.Background(), id)
		if err := s.wrong(id, st, err); err != nil {
			return err
		}
	}
	return nil
}

// odd returns what is wrong with the fields of a status that any job may have, or "".
func odd(st transport.Status) string {
	switch {
	case !(st.Progress >= 0 && st.Progress <= 1):
		return fmt.Sprintf("has the progress %v", st.Progress)
	case st.RetryAfter < 0 && st.RetryAfter != transport.NoWait:
		return fmt.Sprintf("has the RetryAfter %v", st.RetryAfter)
	default:
		return ""
	}
}

// wrong returns what is wrong with an answer about a job, or nil.
func (s Subject) wrong(id string, st transport.Status, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("Status(%q): %w", id, err)
	case st.ID != id:
		return fmt.Errorf("Status(%q) has the ID %q", id, st.ID)
	case st.State != s.Jobs[id]:
		return fmt.Errorf("Status(%q) is %v, not %v", id, st.State, s.Jobs[id])
	case odd(st) != "":
		return fmt.Errorf("Status(%q) %s", id, odd(st))
	default:
		return nil
	}
}

func repeatsItself(s Subject) error {
	for _, id := range s.ids() {
		first, err := s.status(context.Background(), id)
		second, again := s.status(context.Background(), id)
		if err != nil || again != nil {
			return errors.Join(err, again)
		}
		first.RetryAfter, second.RetryAfter = 0, 0 // a wait may pass
		if !reflect.DeepEqual(first, second) {
			return fmt.Errorf("Status(%q) is %v, and then %v", id, first, second)
		}
	}
	return nil
}

func ownsNothing(s Subject) error {
	for _, id := range s.ids() {
		st, err := s.status(context.Background(), id)
		if err != nil {
			return err
		}
		kept := bytes.Clone(st.Result)
		for i := range st.Result {
			st.Result[i] = '!'
		}
		for _, other := range s.ids() {
			if _, err := s.status(context.Background(), other); err != nil {
				return err
			}
		}
		if again, _ := s.status(context.Background(), id); !bytes.Equal(again.Result, kept) {
			return fmt.Errorf("the Result of Status(%q) changes with one that was returned before", id)
		}
	}
	return nil
}

func knowsNoUnknown(s Subject) error {
	if s.Unknown == "" {
		return nil
	}
	st, err := s.status(context.Background(), s.Unknown)
	if err == nil {
		return fmt.Errorf("Status(%q) is %v, and there is no such job", s.Unknown, st)
	}
	if !errors.Is(err, transport.ErrNotFound) {
		return fmt.Errorf("Status(%q) does not match transport.ErrNotFound: %w", s.Unknown, err)
	}
	return nil
}

func refusesBadIDs(s Subject) error {
	for _, id := range []string{"", ".", "..", "a\nb", "a\x00", "\x7f", "\xff", strings.Repeat("x", transport.MaxIDBytes+1)} {
		_, err := s.status(context.Background(), id)
		if err == nil {
			return fmt.Errorf("Status(%.20q) has an answer", id)
		}
		if e := (*transport.Error)(nil); errors.As(err, &e) && e.Class == transport.Permanent || errors.Is(err, transport.ErrInvalidID) ||
			errors.Is(err, transport.ErrNotFound) {
			continue
		}
		return fmt.Errorf("Status(%.20q) has an error that does not end the watch: %w", id, err)
	}
	return nil
}

func escapesIDs(s Subject) error {
	id := s.ids()[0]
	for _, around := range []string{"%s/", "./%s", "x/../%s", "%s?x=1", "%s#x", "%s%%20", "%s;", "%s,", "%s'--", "*", "%s/../%s", "%%2e%%2e/%s"} {
		odd := strings.ReplaceAll(strings.ReplaceAll(around, "%%", "%"), "%s", id)
		if _, is := s.Jobs[odd]; is {
			continue
		}
		if st, err := s.status(context.Background(), odd); err == nil && st.State == s.Jobs[id] && st.State != transport.Unknown {
			return fmt.Errorf("Status(%q) answers about the job %q: %v", odd, id, st)
		}
	}
	return nil
}

var errGone = errors.New("the caller left")

func returnsAtEnd(s Subject) error {
	if s.Silent == "" {
		return nil
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := time.AfterFunc(50*time.Millisecond, func() { cancel(errGone) })
	defer stop.Stop()
	defer cancel(nil)
	if _, err := s.status(ctx, s.Silent); err == nil {
		return fmt.Errorf("Status(%q) has an answer, though its context ended", s.Silent)
	} else if errors.Is(err, errSlow) {
		return err
	} else if !errors.Is(err, errGone) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("after its context had ended, Status(%q) returned another error: %w", s.Silent, err)
	}
	return nil
}

func asksNothing(s Subject) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errGone)
	for _, id := range s.ids() {
		if st, err := s.status(ctx, id); err == nil {
			return fmt.Errorf("Status(%q) is %v, though its context had ended", id, st)
		}
	}
	return s.batchesNothing(ctx)
}

func bearsConcurrency(s Subject) error {
	if tellsStates(s) != nil {
		return nil // a single call does not do it either
	}
	const callers = 64
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	ids := s.ids()
	for i := range callers {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					errs <- fmt.Errorf("it panics: %v", v)
				}
			}()
			for n := range 8 {
				id := ids[(i+n)%len(ids)]
				st, err := s.Transport.Status(context.Background(), id)
				if err := s.wrong(id, st, err); err != nil {
					errs <- fmt.Errorf("with %d callers at once, %w", callers, err)
					return
				}
			}
		})
	}
	if _, err := within(12*patience, fmt.Sprintf("a call of Status, of %d at once,", callers), func() (any, error) { wg.Wait(); return nil, nil }); err != nil {
		return err
	}
	close(errs)
	return <-errs
}

func returnsProperErrors(s Subject) error {
	for _, id := range append(s.ids(), s.Unknown, "no such job, surely") {
		if id == "" {
			continue
		}
		_, err := s.status(context.Background(), id)
		if err == nil {
			continue
		}
		if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
			return fmt.Errorf("Status(%q) returns a nil %T in an error", id, err)
		}
		if e := (*transport.Error)(nil); errors.As(err, &e) && e.Class > transport.Unauthorized {
			return fmt.Errorf("Status(%q) has an error of no class: %d", id, e.Class)
		}
		if err.Error() == "" {
			return fmt.Errorf("Status(%q) has an error that says nothing", id)
		}
	}
	return nil
}

func saysNothingNew(s Subject) error {
	c, ok := s.Transport.(transport.Conditional)
	if !ok {
		return nil
	}
	for _, id := range s.ids() {
		last, err := s.status(context.Background(), id)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("StatusSince(%q)", id)
		again, err := within(patience, what, func() (transport.Status, error) { return c.StatusSince(context.Background(), id, last) })
		switch {
		case errors.Is(err, errSlow):
			return err
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		}
		last.RetryAfter, again.RetryAfter = 0, 0
		if !reflect.DeepEqual(last, again) {
			return fmt.Errorf("StatusSince(%q) is %v, and Status was %v", id, again, last)
		}
	}
	return nil
}

func cancelsKnown(s Subject) error {
	if s.Unknown == "" {
		return nil
	}
	if c, ok := s.Transport.(transport.Canceler); ok {
		cancel := func(id string) error {
			_, err := within(patience, fmt.Sprintf("Cancel(%q)", id), func() (any, error) { return nil, c.Cancel(context.Background(), id) })
			return err
		}
		if err := cancel(s.Unknown); err == nil {
			return fmt.Errorf("Cancel(%q) succeeds, and there is no such job", s.Unknown)
		} else if errors.Is(err, errSlow) {
			return err
		}
		if err := cancel(""); err == nil {
			return errors.New("the method Cancel of an empty id succeeds")
		} else if errors.Is(err, errSlow) {
			return err
		}
	}
	if f, ok := s.Transport.(transport.Fetcher); ok {
		body, err := within(patience, "Fetch of an unknown job", func() (io.ReadCloser, error) {
			return f.Fetch(context.Background(), transport.Status{ID: s.Unknown, State: transport.Completed})
		})
		if errors.Is(err, errSlow) {
			return err
		}
		if err == nil && body == nil {
			return errors.New("the method Fetch returns neither a result nor an error")
		}
		if body != nil {
			_ = body.Close()
		}
	}
	return nil
}

func leavesNothing(s Subject) error {
	ids := s.ids()
	if _, err := s.status(context.Background(), ids[0]); err != nil { // what it keeps for the next call
		return err
	}
	mark := strconv.FormatUint(marks.Add(1), 10)
	ctx := newOutliving()
	defer ctx.end()
	_, err := within(12*patience, fmt.Sprintf("a call of Status, of %d one after another,", 50*len(ids)), func() (any, error) {
		pprof.Do(ctx, pprof.Labels(markKey, mark), func(context.Context) {
			for i := range 50 * len(ids) {
				_, _ = s.Transport.Status(ctx, ids[i%len(ids)])
			}
		})
		return nil, nil
	})
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	const few = 8 // such as connections that are kept
	more, waiting := 0, 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if more, waiting = marked(mark), ctx.waiting(); more <= few && waiting <= few {
			return nil
		}
	}
	if more > few {
		return fmt.Errorf("after %d calls there are %d goroutines more", 50*len(ids), more)
	}
	return fmt.Errorf("after %d calls, %d contexts or functions wait for the end of their context", 50*len(ids), waiting)
}

// outliving is a context that ends long after the calls that use it. It knows what waits for its
// end.
type outliving struct {
	context.Context
	done chan struct{}

	mu      sync.Mutex
	next    int
	waiters map[int]func()
}

func newOutliving() *outliving {
	return &outliving{Context: context.Background(), done: make(chan struct{}), waiters: map[int]func(){}}
}

func (c *outliving) Done() <-chan struct{} { return c.done }

func (c *outliving) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// AfterFunc is called by context.AfterFunc, and for each context that is made of c.
func (c *outliving) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.next
	c.next++
	c.waiters[n] = f
	return func() bool { return c.take(n) != nil }
}

// take removes a waiter and returns it, or nil if it was removed before.
func (c *outliving) take(n int) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.waiters[n]
	delete(c.waiters, n)
	return f
}

func (c *outliving) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiters)
}

// end ends the context.
func (c *outliving) end() {
	close(c.done)
	for n := range c.next {
		if f := c.take(n); f != nil {
			go f()
		}
	}
}

// markKey is the label of the goroutines that calls start, and of those that these start. marks
// counts the values that were used.
const markKey = "transporttest"

var marks atomic.Uint64

// group is the head of a group of goroutines of a profile, and their labels.
var group = regexp.MustCompile(`(?m)^(\d+) @ .*\n# labels: \{.*"` + markKey + `":"(\d+)"`)

// marked returns how many goroutines have a mark. Goroutines of other tests have none or others.
func marked(mark string) (n int) {
	var text strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&text, 1)
	for _, m := range group.FindAllStringSubmatch(text.String(), -1) {
		if m[2] == mark {
			more, _ := strconv.Atoi(m[1])
			n += more
		}
	}
	return n
}
