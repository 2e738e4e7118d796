package field

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Jobs of a batch, which take a minute and are polled each five seconds.
const (
	batchJobs = 50
	batchLife = time.Minute
	hangs     = jobstatus.DefaultPollTimeout + 10*time.Second
)

// A row is what a batch says of one job.
type row struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// An alteration is what goes wrong with the answer to a batch. It returns other rows, or a reply in
// their place.
type alteration func(rows []row) ([]row, *reply)

// instead has r come in place of each batch that holds one of the jobs. Without jobs it comes in
// place of all.
func instead(r reply, jobs ...string) alteration {
	return func(rows []row) ([]row, *reply) {
		if len(jobs) == 0 || slices.ContainsFunc(rows, func(r row) bool { return slices.Contains(jobs, r.ID) }) {
			return nil, &r
		}
		return rows, nil
	}
}

// hanging has each batch that holds one of the jobs answered by 504 after longer than a poll may
// take. Without jobs all are.
func hanging(jobs ...string) alteration {
	late := instead(code(504), jobs...)
	return func(rows []row) ([]row, *reply) {
		rows, r := late(rows)
		if r != nil {
			time.Sleep(hangs)
		}
		return rows, r
	}
}

// rows alters the rows alone.
func rows(alter func(rows []row) []row) alteration {
	return func(rows []row) ([]row, *reply) { return alter(rows), nil }
}

// batchGateway answers about jobs one by one without a fault, and about many as alter says.
func batchGateway(alter alteration) *gateway {
	began := time.Now()
	word := func() string {
		if time.Since(began) >= batchLife {
			return "completed"
		}
		return "running"
	}
	return newGateway(func(_ int, r *http.Request) reply {
		if id, alone := strings.CutPrefix(r.URL.Path, "/jobs/"); alone {
			return ok(fmt.Sprintf(`{"id":%q,"status":%q}`, id, word()))
		}
		var all []row
		for id := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
			all = append(all, row{id, word()})
		}
		all, other := alter(all)
		if other != nil {
			return *other
		}
		text, _ := json.Marshal(all)
		return ok(string(text))
	})
}

// fault 55: whatever a batch answers, and about whom, no healthy wait ends by it; and asking about
// ever fewer jobs ends, too.
func TestNoBatchEndsAHealthyWait(t *testing.T) {
	t.Parallel()
	const bad, worse = "job-007", "job-033"
	for name, r := range map[string]struct {
		alteration
		most int // requests
	}{
		"none":                        {rows(func(rows []row) []row { return rows }), 18},
		"in another order":            {rows(func(rows []row) []row { slices.Reverse(rows); return rows }), 18},
		"one is missing":              {rows(func(rows []row) []row { return slices.DeleteFunc(rows, func(r row) bool { return r.ID == bad }) }), 60},
		"the last is missing":         {rows(func(rows []row) []row { return rows[:max(len(rows)-1, 1)] }), 300},
		"pages of ten":                {rows(func(rows []row) []row { return rows[:min(len(rows), 10)] }), 150},
		"one stands twice":            {rows(func(rows []row) []row { return append(rows, rows[0]) }), 18},
		"each stands three times":     {rows(func(rows []row) []row { return slices.Concat(rows, rows, rows) }), 18},
		"others are there, too":       {rows(func(rows []row) []row { return append(rows, row{"other", "completed"}, row{"", "failed"}) }), 18},
		"another in place of one":     {rows(func(rows []row) []row { return append(rows[1:], row{"other", "completed"}) }), 600},
		"only others":                 {rows(func([]row) []row { return []row{{"x", "completed"}, {"y", "failed"}} }), 800},
		"nobody":                      {rows(func([]row) []row { return []row{} }), 800},
		"ids in another case":         {rows(func(rows []row) []row { return spelled(rows, strings.ToUpper) }), 18},
		"ids with spaces":             {rows(func(rows []row) []row { return spelled(rows, func(id string) string { return " " + id }) }), 800},
		"a word that nobody knows":    {rows(func(rows []row) []row { return reworded(rows, bad, "napping") }), 18},
		"413 for one":                 {instead(code(413), bad), 160},
		"414 for one":                 {instead(code(414), bad), 160},
		"500 for one":                 {instead(code(500), bad), 120},
		"504 for one":                 {instead(code(504), bad), 160},
		"400 for one":                 {instead(code(400), bad), 120},
		"403 for one":                 {instead(code(403), bad), 120},
		"404 for one":                 {instead(code(404), bad), 120},
		"408 for one":                 {instead(code(408), bad), 120},
		"200 and a page for one":      {instead(ok("<html>"), bad), 120},
		"half an answer for one":      {instead(ok(`[{"id":"job-0`), bad), 120},
		"202 for one":                 {instead(code(202), bad), 800},
		"an answer too large":         {instead(ok(strings.Repeat(" ", 32*maxBody)), bad), 800},
		"a connection that breaks":    {instead(reply{err: errors.New("connection reset")}, bad), 160},
		"500 for two":                 {instead(code(500), bad, worse), 200},
		"400 for two":                 {instead(code(400), bad, worse), 200},
		"413 for all":                 {instead(code(413)), 800},
		"414 for all":                 {instead(code(414)), 800},
		"400 for all":                 {instead(code(400)), 800},
		"401 for all":                 {instead(code(401)), 800},
		"404 for all":                 {instead(code(404)), 800},
		"405 for all":                 {instead(code(405)), 800},
		"501 for all":                 {instead(code(501)), 800},
		"500 for all":                 {instead(code(500)), 900},
		"502 for all":                 {instead(code(502)), 900},
		"a page for all":              {instead(ok("<html>")), 900},
		"null for all":                {instead(ok("null")), 900},
		"an object for all":           {instead(ok("{}")), 900},
		"204 for all":                 {instead(code(204)), 800},
		"429 for one":                 {instead(code(429), bad), 120},
		"429 with a wait for one":     {instead(code(429).with("Retry-After", "2"), bad), 120},
		"421 for one":                 {instead(code(421), bad), 160},
		"a portal for one":            {instead(code(302).with("Location", "https://portal.test/login"), bad), 160},
		"429 for all":                 {instead(code(429)), 900},
		"429 with a wait for all":     {instead(code(429).with("Retry-After", "20")), 120},
		"421 for all":                 {instead(code(421)), 900},
		"a portal for all":            {instead(code(302).with("Location", "https://portal.test/login")), 900},
		"one stands twice, not alike": {rows(func(rows []row) []row { return append(rows, row{rows[0].ID, "failed"}) }), 900},
		"redirects that lead nowhere": {instead(code(302)), 900},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, holds := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					waitForBatch(t, batchGateway(r.alteration), holds, r.most, batchLife+15*time.Second)
				})
			}
		})
	}
}

// fault 55: a batch that hangs is divided in few steps, as each takes as long as a poll may.
func TestABatchThatHangsEndsNoHealthyWait(t *testing.T) {
	t.Parallel()
	for name, jobs := range map[string][]string{"for one": {"job-007"}, "for two": {"job-007", "job-033"}, "for all": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				waitForBatch(t, batchGateway(hanging(jobs...)), true, 400, 110*time.Second)
				time.Sleep(hangs) // what hangs comes back
			})
		})
	}
}

// asker asks about single jobs and about batches. It can do nothing else.
type asker interface {
	jobstatus.Transport
	transport.Batcher
	transport.Fitter
}

// unheld is a Transport that is no Holder, whatever the asker is.
type unheld struct{ asker }

// waitForBatch waits for jobs, of which each completes after its minute, within so many requests
// and so long. The argument holds is whether the Transport is a Holder too.
func waitForBatch(t *testing.T, g *gateway, holds bool, most int, within time.Duration) {
	t.Helper()
	d := rest.Dialect{Status: rest.Call{Path: "/jobs/{id}"}, State: "status", Batch: rest.Batch{Path: "/jobs?ids={ids}"}}
	var service jobstatus.Transport = g.client(t, d)
	if !holds {
		service = unheld{g.client(t, d)}
	}
	w := watcherOf(t, service, jobstatus.WithBackoff(backoff.Constant(5*time.Second)), jobstatus.WithTimeout(2*time.Minute))
	began := time.Now()
	ended := map[string]bool{}
	for st, err := range w.WaitForJobs(t.Context(), func(yield func(string) bool) {
		for i := range batchJobs {
			if !yield(fmt.Sprintf("job-%03d", i)) {
				return
			}
		}
	}) {
		require.NoError(t, err)
		assert.False(t, ended[st.ID], "%s ends once", st.ID)
		ended[st.ID] = true
	}
	assert.Len(t, ended, batchJobs)
	assert.LessOrEqual(t, time.Since(began), within)
	assert.LessOrEqual(t, len(g.at()), most, "requests")
}

// spelled returns the rows with other ids.
func spelled(rows []row, spell func(string) string) []row {
	for i := range rows {
		rows[i].ID = spell(rows[i].ID)
	}
	return rows
}

// reworded returns the rows with another word for one job that runs.
func reworded(rows []row, id, word string) []row {
	for i := range rows {
		if rows[i].ID == id && rows[i].Status == "running" {
			rows[i].Status = word
		}
	}
	return rows
}

// A hasty service answers about all jobs at once, and adds answers about the first.
type hasty struct {
	*counted
	added transport.Answer
}

func (hasty) MaxBatch() int { return 10 }

func (h hasty) StatusBatch(ctx context.Context, ids []string) (answers []transport.Answer, err error) {
	for _, id := range ids {
		st, _ := h.Status(ctx, id)
		st.ID = id
		answers = append(answers, transport.Answer{Status: st})
	}
	h.added.Status.ID = ids[0]
	return slices.Concat([]transport.Answer{h.added}, answers, []transport.Answer{h.added}), nil
}

// fault 55: where the answers of a Batcher disagree about a job, it is asked about alone.
func TestTwoAnswersOfABatchThatDisagreeEndNoWait(t *testing.T) {
	t.Parallel()
	for name, added := range map[string]transport.Answer{
		"completed": {Status: jobstatus.Status{State: jobstatus.Completed}},
		"failed":    {Status: jobstatus.Status{State: jobstatus.Failed}},
		"an error":  {Err: &transport.Error{Class: transport.Permanent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				w := watcherOf(t, hasty{runsFor(20).counted(), added})
				for _, err := range w.WaitForJobs(t.Context(), slices.Values([]string{"1", "2", "3", "4"})) {
					require.NoError(t, err)
					assert.GreaterOrEqual(t, time.Since(began), 19*time.Second)
				}
			})
		})
	}
}

// A lister answers about fifty jobs at once, and counts its requests.
type lister struct {
	hasty
	requests atomic.Int32
}

func (*lister) MaxBatch() int { return 50 }

func (l *lister) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	l.requests.Add(1)
	return l.counted.Status(ctx, id)
}

func (l *lister) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	l.requests.Add(1)
	answers, err := l.hasty.StatusBatch(ctx, ids)
	return answers[1 : len(ids)+1], err
}

// deaf is a Notifier that listens for a while, hears nothing, and is lost.
type deaf struct{}

func (deaf) Notify(ctx context.Context, notify func(jobstatus.Status)) error {
	notify(jobstatus.Status{})
	select {
	case <-time.After(100 * time.Second):
		return io.ErrUnexpectedEOF
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fault 55: polls that are brought forward are made in batches, too: the last looks of waits, the
// polls after notifications were lost, and the polls for waits that join others.
func TestPollsThatAreBroughtForwardGoIntoBatches(t *testing.T) {
	t.Parallel()
	const jobs, batch = 400, 50
	waitForAll := func(t *testing.T, w *jobstatus.Watcher) {
		var all sync.WaitGroup
		for i := range jobs {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 50 * time.Microsecond) // they do not begin at one instant
				_, _ = w.WaitForJob(t.Context(), fmt.Sprint(i))
			})
		}
		all.Wait()
	}
	inBulk := func(t *testing.T, w *jobstatus.Watcher) {
		ended := 0
		for range w.WaitForJobs(t.Context(), func(yield func(string) bool) {
			for i := 0; i < jobs && yield(fmt.Sprint(i)); i++ {
			}
		}) {
			ended++
		}
		assert.Equal(t, jobs, ended)
	}
	for name, row := range map[string]struct {
		wait  func(t *testing.T, w *jobstatus.Watcher)
		opts  []jobstatus.Option
		polls int // of each job
	}{
		"the last looks of a bulk":     {inBulk, nil, 3},
		"the last looks of many calls": {waitForAll, nil, 3},
		"notifications are lost":       {inBulk, []jobstatus.Option{jobstatus.WithNotifier(deaf{}), jobstatus.WithTimeout(200 * time.Second)}, 8},
		"waits join others": {func(t *testing.T, w *jobstatus.Watcher) {
			var first sync.WaitGroup
			first.Go(func() { waitForAll(t, w) })
			time.Sleep(20 * time.Second)
			waitForAll(t, w)
			first.Wait()
		}, nil, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &lister{hasty: hasty{counted: runsFor(1000).counted()}}
				w := watcherOf(t, l, append([]jobstatus.Option{jobstatus.WithBackoff(backoff.Constant(40 * time.Second)),
					jobstatus.WithTimeout(time.Minute)}, row.opts...)...)
				row.wait(t, w)
				assert.LessOrEqual(t, int(l.requests.Load()), row.polls*jobs/batch*3/2)
			})
		})
	}
}

// A choking service cannot answer about the job 7 and others at once.
type choking struct{ *lister }

func (c choking) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	if slices.Contains(ids, "7") {
		return nil, &transport.Error{Class: transport.Malformed, Err: errors.New("half an answer")}
	}
	return c.lister.StatusBatch(ctx, ids)
}

// patient is a Notifier that listens for ever and hears nothing.
type patient struct{}

func (patient) Notify(ctx context.Context, notify func(jobstatus.Status)) error {
	notify(jobstatus.Status{})
	<-ctx.Done()
	return ctx.Err()
}

// fault 55: where jobs are polled so rarely that the patience is over between two polls, a batch
// that fails again is divided before it ends the waits of those that were in it twice.
func TestABatchEndsNoHealthyWaitHoweverRarelyJobsArePolled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l := &lister{hasty: hasty{counted: service(func(context.Context, string, int) (jobstatus.Status, error) {
			if time.Since(began) > 100*time.Second {
				return jobstatus.Status{State: jobstatus.Completed}, nil
			}
			return jobstatus.Status{State: jobstatus.Running}, nil
		}).counted()}}
		w := watcherOf(t, choking{l}, jobstatus.WithNotifier(patient{}), jobstatus.WithBackoff(backoff.Constant(5*time.Second)))
		for _, err := range w.WaitForJobs(t.Context(), func(yield func(string) bool) {
			for i := 0; i < 100 && yield(fmt.Sprint(i)); i++ {
			}
		}) {
			require.NoError(t, err)
		}
	})
}
