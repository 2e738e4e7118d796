package transporttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(ending{m}) }

// ending closes testsEnd after the tests.
type ending struct{ *testing.M }

func (e ending) Run() int {
	defer close(testsEnd)
	return e.M.Run()
}

var jobs = map[string]transport.State{"a": transport.Pending, "b": transport.Running, "c/d": transport.Completed, "e": transport.Failed, "f": transport.Canceled}

func script(more ...mock.Option) []mock.Option {
	return append([]mock.Option{
		mock.Job("a", mock.Pending(mock.Forever)), mock.Job("b", mock.Running(mock.Forever)), mock.Job("c/d", mock.Completed([]int{1})),
		mock.Job("e", mock.Failed("why")), mock.Job("f", mock.Canceled()), mock.Job("silent", mock.Running(mock.Forever)),
		mock.Fault(fault.Always().Of("silent"), fault.Silence()),
	}, more...)
}

func TestOursDoAsTheyMust(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]rest.Option{
		"rest": nil, "rest with a batch": {rest.WithDialect(rest.Dialect{Batch: rest.Batch{Path: "/jobs?id={id}", Item: "payload"}})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transporttest.Run(t, func(t testing.TB) transporttest.Subject {
				more := []mock.Option{mock.WithETags()}
				if opts != nil {
					more = append(more, mock.WithDialect(rest.Dialect{Batch: rest.Batch{Path: "/jobs?id={id}", Item: "payload"}}))
				}
				srv := mock.NewServer(t, script(more...)...)
				c, err := rest.New(srv.URL, opts...)
				require.NoError(t, err)
				return transporttest.Subject{Transport: c, Jobs: jobs, Unknown: "nobody's", Silent: "silent"}
			})
		})
	}
	t.Run("mock", func(t *testing.T) {
		t.Parallel()
		transporttest.Run(t, func(t testing.TB) transporttest.Subject {
			return transporttest.Subject{Transport: mock.NewTransport(t, script(mock.MaxBatch(9))...), Jobs: jobs, Unknown: "nobody's"}
		})
	})
}

// plain is a Transport that does as it must, but for what change does.
type plain struct {
	change func(id string, s *transport.Status) error
}

func (p plain) Status(ctx context.Context, id string) (transport.Status, error) {
	if ctx.Err() != nil {
		return transport.Status{}, context.Cause(ctx)
	}
	if err := transport.CheckID(id); err != nil {
		return transport.Status{}, &transport.Error{Class: transport.Permanent, Err: err}
	}
	if id == "silent" {
		<-ctx.Done()
		return transport.Status{}, context.Cause(ctx)
	}
	state, ok := jobs[id]
	if !ok {
		return transport.Status{}, &transport.Error{Class: transport.NotFound}
	}
	s := transport.Status{ID: id, State: state, Result: []byte(`{"n":1}`)}
	if p.change != nil {
		if err := p.change(id, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

type deaf struct {
	plain
	ctx context.Context
}

func (d deaf) Status(_ context.Context, id string) (transport.Status, error) {
	return d.plain.Status(d.ctx, id)
}

type forgiving struct{ plain }

func (f forgiving) Status(ctx context.Context, id string) (transport.Status, error) {
	if len(id) > transport.MaxIDBytes {
		return transport.Status{}, errors.New("too long") // which counts as transient
	}
	return f.plain.Status(ctx, id)
}

type sloppy struct{ plain }

func (s sloppy) Status(ctx context.Context, id string) (transport.Status, error) {
	path, _, _ := strings.Cut(id, "?")
	return s.plain.Status(ctx, path)
}

type vague struct{ plain }

func (v vague) Status(ctx context.Context, id string) (transport.Status, error) {
	s, err := v.plain.Status(ctx, id)
	if errors.Is(err, transport.ErrNotFound) {
		err = errors.New("something is wrong")
	}
	return s, err
}

type typedNil struct{ plain }

func (n typedNil) Status(ctx context.Context, id string) (transport.Status, error) {
	s, err := n.plain.Status(ctx, id)
	if e := (*transport.Error)(nil); err == nil && id == "b" {
		return s, e
	}
	return s, err
}

type batcher struct {
	plain
	most int
	says func(ids []string) []transport.Answer
}

func (b batcher) MaxBatch() int { return b.most }
func (b batcher) StatusBatch(_ context.Context, ids []string) ([]transport.Answer, error) {
	return b.says(ids), nil
}

// right answers a batch as plain answers about each job. An unknown job seems to be completed, but
// for the error.
func right(ids []string) (answers []transport.Answer) {
	for _, id := range ids {
		st, err := plain{}.Status(context.Background(), id)
		if err != nil {
			st = transport.Status{ID: id, State: transport.Completed}
		}
		answers = append(answers, transport.Answer{Status: st, Err: err})
	}
	return answers
}

type since struct{ plain }

func (s since) StatusSince(ctx context.Context, id string, _ transport.Status) (transport.Status, error) {
	st, err := s.Status(ctx, id)
	st.State = transport.Unknown
	return st, err
}

type canceler struct{ plain }

func (canceler) Cancel(context.Context, string) error { return nil }

type fetcher struct{ plain }

func (fetcher) Fetch(context.Context, transport.Status) (io.ReadCloser, error) { return nil, nil }

type leaky struct {
	plain
	stop chan struct{}
}

func (l leaky) Status(ctx context.Context, id string) (transport.Status, error) {
	go func() { <-l.stop }()
	return l.plain.Status(ctx, id)
}

func TestBrokenOnesFailAndAreToldWhatToDo(t *testing.T) {
	t.Parallel()
	shared := []byte(`{"n":1}`)
	var mu sync.Mutex
	var n int
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	changed := func(change func(id string, s *transport.Status) error) transport.Transport { return plain{change} }
	for name, c := range map[string]struct {
		t    transport.Transport
		want string
	}{
		"another id":    {changed(func(_ string, s *transport.Status) error { s.ID = "x"; return nil }), `tells states: Status("a") has the ID "x"`},
		"another state": {changed(func(_ string, s *transport.Status) error { s.State = transport.Completed; return nil }), `tells states: Status("a") is completed, not pending`},
		"percent":       {changed(func(_ string, s *transport.Status) error { s.Progress = 40; return nil }), `has the progress 40`},
		"negative wait": {changed(func(_ string, s *transport.Status) error { s.RetryAfter = -5; return nil }), `has the RetryAfter -5ns`},
		"no two alike": {changed(func(_ string, s *transport.Status) error {
			mu.Lock()
			defer mu.Unlock()
			n++
			s.Message = fmt.Sprint(n)
			return nil
		}), `repeats itself: Status("a") is`},
		"a shared buffer":  {changed(func(_ string, s *transport.Status) error { mu.Lock(); defer mu.Unlock(); s.Result = shared; return nil }), `owns nothing it returned:`},
		"deaf":             {deaf{ctx: ctx}, `returns when its context ends: Status("silent") has not returned within 2s`},
		"an ended context": {deaf{ctx: ctx}, `asks for nothing in an ended context: Status("a") is`},
		"a vague error":    {vague{}, `knows no unknown job: Status("nobody's") does not match transport.ErrNotFound: something is wrong`},
		"a forgiving one":  {forgiving{}, `refuses bad ids: Status("xxxxxxxxxxxxxxxxxxxx") has an error that does not end the watch: too long`},
		"unescaped":        {sloppy{}, `escapes ids: Status("a?x=1") answers about the job "a"`},
		"a typed nil":      {typedNil{}, `returns proper errors: Status("b") returns a nil *transport.Error in an error`},
		"no class":         {changed(func(string, *transport.Status) error { return &transport.Error{Class: 99} }), `returns proper errors: Status("a") has an error of no class: 99`},
		"a panic":          {changed(func(string, *transport.Status) error { panic("oh") }), `tells states: it panics: oh`},
		"half a batch":     {batcher{most: 9, says: func([]string) []transport.Answer { return nil }}, `batches as it asks alone: StatusBatch does not answer about "a"`},
		"another's batch": {batcher{most: 9, says: func([]string) []transport.Answer { return []transport.Answer{{Status: transport.Status{ID: "x"}}} }},
			`StatusBatch answers about "x", which was not asked about`},
		"another's state": {batcher{most: 9, says: func([]string) []transport.Answer { return []transport.Answer{{Status: transport.Status{ID: "a"}}} }},
			`StatusBatch says that "a" is unknown, not pending`},
		"a batch in percent": {batcher{most: 9, says: func(ids []string) []transport.Answer {
			answers := right(ids)
			answers[1].Status.Progress = 40
			return answers
		}}, `batches as it asks alone: in the answer of StatusBatch, "b" has the progress 40`},
		"a batch that knows all": {batcher{most: 9, says: func(ids []string) []transport.Answer {
			answers := right(ids)
			for i := range answers {
				answers[i].Err = nil
			}
			return answers
		}}, `finds no unknown job in a batch: StatusBatch says that "nobody's" is completed, and there is no such job: StatusBatch must leave out`},
		"a batch with a vague error": {batcher{most: 9, says: func(ids []string) []transport.Answer {
			answers := right(ids)
			for i := range answers {
				if answers[i].Err != nil {
					answers[i].Err = errors.New("something is wrong")
				}
			}
			return answers
		}}, `StatusBatch says of "nobody's" what does not match transport.ErrNotFound: something is wrong`},
		"a batch in an ended context": {batcher{most: 9, says: right}, `asks for nothing in an ended context: StatusBatch says that "a" is pending`},
		"a wrong revision":            {since{}, `says when nothing is new: StatusSince("a") is a: unknown`},
		"a blind cancel":              {canceler{}, `cancels and fetches what there is: Cancel("nobody's") succeeds`},
		"an empty fetch":              {fetcher{}, `Fetch returns neither a result nor an error`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := transporttest.Check(t, func(testing.TB) transporttest.Subject {
				return transporttest.Subject{Transport: c.t, Jobs: jobs, Unknown: "nobody's", Silent: map[bool]string{true: "silent"}[name == "deaf"]}
			})
			if assert.ErrorContains(t, err, c.want) {
				assert.Contains(t, err.Error(), ": ")
			}
		})
	}
}

type holder struct {
	plain
	hold func(ctx context.Context, last transport.Status, d time.Duration) (transport.Status, error)
}

func (h holder) Hold(ctx context.Context, _ string, last transport.Status, d time.Duration) (transport.Status, error) {
	return h.hold(ctx, last, d)
}

// held is a hold as it must be, of a service where nothing changes.
func held(ctx context.Context, last transport.Status, d time.Duration) (transport.Status, error) {
	if err := transport.HostOf(ctx).Sleep(ctx, d); err != nil {
		return transport.Status{}, err
	}
	return last, nil
}

type notifier struct {
	plain
	listen func(ctx context.Context, notify func(transport.Status)) error
}

func (n notifier) Notify(ctx context.Context, notify func(transport.Status)) error {
	return n.listen(ctx, notify)
}

func TestAHoldAndANotifierThatBreakARuleFail(t *testing.T) {
	t.Parallel()
	listen := func(ctx context.Context, notify func(transport.Status)) error {
		notify(transport.Status{})
		<-ctx.Done()
		return context.Cause(ctx)
	}
	for want, broken := range map[string]transport.Transport{
		"": struct {
			holder
			transport.Notifier
		}{holder{hold: held}, notifier{listen: listen}},
		`holds a request until its context ends: Hold("a") for 1s has not returned within 3s: Hold must`: holder{hold: func(context.Context, transport.Status, time.Duration) (transport.Status, error) {
			return transport.Status{}, wait()
		}},
		`Hold("a") is completed, not pending`: holder{hold: func(_ context.Context, last transport.Status, _ time.Duration) (transport.Status, error) {
			last.State = transport.Completed
			return last, nil
		}},
		`after its context had ended, Hold("a") for 1h0m0s has not returned`: holder{hold: func(ctx context.Context, last transport.Status, d time.Duration) (transport.Status, error) {
			if d == time.Hour {
				return last, wait()
			}
			return held(ctx, last, d)
		}},
		`Hold("a") is a: pending, though its context had ended`: holder{hold: func(_ context.Context, last transport.Status, _ time.Duration) (transport.Status, error) {
			return last, nil
		}},
		`listens until its context ends: the method Notify, whose context has ended, has not returned`: notifier{listen: func(context.Context, func(transport.Status)) error {
			return wait()
		}},
		`the method Notify has called notify after it returned`: notifier{listen: func(ctx context.Context, notify func(transport.Status)) error {
			time.AfterFunc(time.Millisecond, func() { notify(transport.Status{}) })
			return nil
		}},
		`the method Notify has reported that a job without an id is completed`: notifier{listen: func(_ context.Context, notify func(transport.Status)) error {
			notify(transport.Status{State: transport.Completed})
			return nil
		}},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			err := transporttest.Check(t, func(testing.TB) transporttest.Subject {
				return transporttest.Subject{Transport: broken, Jobs: jobs}
			})
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}

type stuckBatcher struct{ plain }

func (stuckBatcher) MaxBatch() int { return 9 }
func (stuckBatcher) StatusBatch(context.Context, []string) ([]transport.Answer, error) {
	return nil, wait()
}

type stuckSince struct{ plain }

func (stuckSince) StatusSince(context.Context, string, transport.Status) (transport.Status, error) {
	return transport.Status{}, wait()
}

type stuckCanceler struct{ plain }

func (stuckCanceler) Cancel(context.Context, string) error { return wait() }

type stuckFetcher struct{ plain }

func (stuckFetcher) Fetch(context.Context, transport.Status) (io.ReadCloser, error) {
	return nil, wait()
}

type stuckCloser struct{ plain }

func (stuckCloser) Close() error { return wait() }

// testsEnd is closed when the tests have ended.
var testsEnd = make(chan struct{})

func wait() error {
	<-testsEnd
	return errors.New("the tests have ended")
}

func TestACallThatDoesNotReturnFails(t *testing.T) {
	t.Parallel()
	for want, broken := range map[string]transport.Transport{
		`batches as it asks alone: StatusBatch(["a" "b" "c/d" "e" "f"]) has not returned within 2s`: stuckBatcher{},
		`says when nothing is new: StatusSince("a") has not returned within 2s`:                     stuckSince{},
		`cancels and fetches what there is: Cancel("nobody's") has not returned within 2s`:          stuckCanceler{},
		`cancels and fetches what there is: Fetch of an unknown job has not returned within 2s`:     stuckFetcher{},
		`the method Close has not returned within 2s: close what the Transport waits for`:           stuckCloser{},
	} {
		t.Run(fmt.Sprintf("%T", broken), func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, transporttest.Check(t, func(testing.TB) transporttest.Subject {
				return transporttest.Subject{Transport: broken, Jobs: jobs, Unknown: "nobody's"}
			}), want)
		})
	}
}

func TestASubjectThatLacksSomethingIsToldOnce(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]transporttest.Subject{
		"the Subject has no Transport":           {Jobs: jobs},
		"the Subject has fewer than two Jobs: 1": {Transport: plain{}, Jobs: map[string]transport.State{"a": transport.Pending}},
		"all Jobs of the Subject have the same state: name jobs of different states": {Transport: plain{},
			Jobs: map[string]transport.State{"c/d": transport.Completed, "c/e": transport.Completed}},
		`the Subject's Unknown, "a", is one of its Jobs: name another id`:      {Transport: plain{}, Jobs: jobs, Unknown: "a"},
		`the Subject's Silent, "b", is one of its Jobs: name another id`:       {Transport: plain{}, Jobs: jobs, Unknown: "x", Silent: "b"},
		"the Subject has no Transport\nthe Subject has fewer than two Jobs: 0": {},
	} {
		assert.EqualError(t, transporttest.Check(t, func(testing.TB) transporttest.Subject { return s }), want)
	}
}

// tired answers 400 calls as it must. Only the rule about concurrent use makes more.
type tired struct {
	plain
	calls atomic.Int64
}

func (d *tired) Status(ctx context.Context, id string) (transport.Status, error) {
	s, err := d.plain.Status(ctx, id)
	if d.calls.Add(1) > 400 {
		s.ID = ""
	}
	return s, err
}

func TestAFaultOfConcurrentUseNamesTheDifference(t *testing.T) {
	t.Parallel()
	err := transporttest.Check(t, func(testing.TB) transporttest.Subject {
		return transporttest.Subject{Transport: &tired{}, Jobs: jobs}
	})
	require.Error(t, err)
	assert.Regexp(t, `^bears concurrent use: with 64 callers at once, Status\("[^"]+"\) has the ID "": Guard what the calls share`, err.Error())
}

func TestAFaultOfEachCallIsNotOneOfConcurrentUse(t *testing.T) {
	t.Parallel()
	err := transporttest.Check(t, func(testing.TB) transporttest.Subject {
		return transporttest.Subject{Transport: plain{func(_ string, s *transport.Status) error { s.ID = ""; return nil }}, Jobs: jobs}
	})
	require.ErrorContains(t, err, `tells states: Status("a") has the ID ""`)
	assert.NotContains(t, err.Error(), "bears concurrent use")
}

// What ends only with the context may never end.
func TestWhatWaitsForTheEndOfItsContextIsLeftBehind(t *testing.T) {
	t.Parallel()
	for want, start := range map[string]func(context.Context){
		"leaves nothing behind: after 250 calls there are 250 goroutines more: ": func(ctx context.Context) {
			if end := ctx.Done(); end != nil {
				go func() { <-end }()
			}
		},
		"leaves nothing behind: after 250 calls, 250 contexts or functions wait for the end of their context: ":   func(ctx context.Context) { context.AfterFunc(ctx, func() {}) },
		"after 250 calls, 250 contexts or functions wait for the end of their context: End each goroutine before": func(ctx context.Context) { _, cancel := context.WithCancel(ctx); forgotten.Store(&cancel) },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			assert.ErrorContains(t, transporttest.Check(t, func(testing.TB) transporttest.Subject {
				return transporttest.Subject{Transport: starting{start: start}, Jobs: jobs}
			}), want)
		})
	}
}

// starting is a Transport that starts something under the context of each call.
type starting struct {
	plain
	start func(context.Context)
}

func (s starting) Status(ctx context.Context, id string) (transport.Status, error) {
	s.start(ctx)
	return s.plain.Status(ctx, id)
}

var forgotten atomic.Pointer[context.CancelFunc]

// Not parallel: it counts goroutines.
func TestALeakyOneFails(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	began := time.Now()
	err := transporttest.Check(t, func(testing.TB) transporttest.Subject {
		return transporttest.Subject{Transport: leaky{stop: stop}, Jobs: jobs}
	})
	assert.ErrorContains(t, err, "leaves nothing behind: after 250 calls there are 250 goroutines more: End each goroutine")
	assert.Less(t, time.Since(began), time.Minute)
	assert.NoError(t, transporttest.Check(t, func(testing.TB) transporttest.Subject {
		return transporttest.Subject{Transport: plain{}, Jobs: jobs, Unknown: "x", Silent: "silent"}
	}))
}

// A service may answer a hold at once.
func TestAHoldThatIsAnsweredAtOncePasses(t *testing.T) {
	t.Parallel()
	atOnce := holder{hold: func(ctx context.Context, last transport.Status, _ time.Duration) (transport.Status, error) {
		if ctx.Err() != nil {
			return transport.Status{}, context.Cause(ctx)
		}
		return last, nil
	}}
	require.NoError(t, transporttest.Check(t, func(testing.TB) transporttest.Subject {
		return transporttest.Subject{Transport: atOnce, Jobs: jobs}
	}))
}
