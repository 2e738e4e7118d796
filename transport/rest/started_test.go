package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// dispatch is a dialect whose creates name no job.
var dispatch = rest.Dialect{Create: rest.Call{Path: "/dispatch"}, ID: "run_id", Find: rest.Find{Call: rest.Call{Path: "/runs"}, List: "runs"}}

// dispatcher is a service in memory. Its creates name no job, and a run is in the list some time
// after its create.
type dispatcher struct {
	mu    sync.Mutex
	names []string    // of the runs, in the order of their creates
	seen  []time.Time // when each is in the list
	late  time.Duration
}

func (d *dispatcher) RoundTrip(q *http.Request) (*http.Response, error) {
	time.Sleep(10 * time.Millisecond) // of virtual time
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.Method == http.MethodPost {
		name := ""
		if q.Body != nil {
			b, err := io.ReadAll(q.Body)
			if err != nil {
				return nil, err
			}
			name = string(b)
		}
		d.add(name, d.late)
		return answerOf(204, ""), nil
	}
	var runs []string
	for i := range d.names {
		if !time.Now().Before(d.seen[i]) {
			runs = append(runs, fmt.Sprintf(`{"id":%d}`, i))
		}
	}
	return answerOf(200, `{"runs":[`+strings.Join(runs, ",")+`]}`), nil
}

// add adds a run that is in the list after a time.
func (d *dispatcher) add(name string, after time.Duration) {
	d.names, d.seen = append(d.names, name), append(d.seen, time.Now().Add(after))
}

func answerOf(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, ProtoMajor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// Each of several creates at the same time gets the job that it has started.
func TestCreatesAtTheSameTimeFindTheirOwnJobs(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 300 * time.Millisecond, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			d := &dispatcher{late: late}
			c := client(t, "http://ci.test", rest.WithDialect(dispatch), rest.WithRoundTripper(d))
			var all sync.WaitGroup
			for _, name := range []string{"a", "b", "c", "d"} {
				all.Go(func() {
					s, err := c.Start(t.Context(), transport.CreateRequest{Input: name})
					if assert.NoError(t, err, "%v: %s", late, name) {
						d.mu.Lock()
						defer d.mu.Unlock()
						var n int
						_, err = fmt.Sscan(s.ID, &n)
						assert.NoError(t, err)
						assert.Equal(t, `"`+name+`"`, d.names[n], "late by %v", late)
					}
				})
			}
			all.Wait()
		})
	}
}

// A create that waits for its turn ends with its context, and starts no job.
func TestACreateThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dispatcher{late: time.Hour}
		c := client(t, "http://ci.test", rest.WithDialect(dispatch), rest.WithRoundTripper(d))
		var first sync.WaitGroup
		first.Go(func() {
			_, err := c.Start(t.Context(), transport.CreateRequest{})
			assert.ErrorContains(t, err, "no job that the create has started was found")
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Start(ctx, transport.CreateRequest{})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		first.Wait()
		assert.Len(t, d.names, 1)
		d.late = 0
		_, err = c.Start(t.Context(), transport.CreateRequest{})
		assert.NoError(t, err, "the turn was given up")
	})
}

// The job of another program that is in the list first is not taken for the one that was started.
func TestTheJobOfAnotherProgramIsNotTakenForTheOwnOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dispatcher{late: time.Second}
		c := client(t, "http://ci.test", rest.WithDialect(dispatch), rest.WithRoundTripper(d))
		time.AfterFunc(15*time.Millisecond, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.add("another", 500*time.Millisecond)
		})
		_, err := c.Start(t.Context(), transport.CreateRequest{})
		assert.ErrorContains(t, err, "more than one job is new")
	})
}

// After the create the job runs, so that a list which fails for a while must not lose it.
func TestAListThatFailsForAWhileLosesNoJob(t *testing.T) {
	t.Parallel()
	const runs = `{"runs":[{"id":7}]}`
	for name, c := range map[string]struct {
		fails func(w http.ResponseWriter)
		waits []string
		err   string
	}{
		"a server error":  {func(w http.ResponseWriter) { w.WriteHeader(500) }, []string{"500ms", "1s", "1s"}, ""},
		"throttled":       {func(w http.ResponseWriter) { w.Header().Set("Retry-After", "9"); w.WriteHeader(429) }, []string{"9s", "9s", "1s"}, ""},
		"half an answer":  {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"runs":[`) }, []string{"500ms", "1s", "1s"}, ""},
		"a page":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `<html>`) }, []string{"500ms", "1s", "1s"}, ""},
		"not found":       {func(w http.ResponseWriter) { w.WriteHeader(404) }, []string{"500ms", "1s", "1s"}, ""},
		"not allowed":     {func(w http.ResponseWriter) { w.WriteHeader(403) }, nil, "the service has accepted the create, but the job was not found (Dialect.Find): rest: GET"},
		"no such version": {func(w http.ResponseWriter) { w.WriteHeader(400) }, nil, "the service has accepted the create, but the job was not found (Dialect.Find): rest: GET"},
	} {
		lists := 0
		k := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			switch lists++; lists {
			case 1:
				_, _ = io.WriteString(w, `{"runs":[]}`)
			case 2, 3:
				c.fails(w)
			default:
				_, _ = io.WriteString(w, runs)
			}
		}, rest.WithDialect(dispatch), oneAttempt)
		var waits []string
		s, err := k.Start(hosted(t.Context(), &waits), transport.CreateRequest{})
		assert.Equal(t, c.waits, waits, name)
		if c.err != "" {
			assert.ErrorContains(t, err, c.err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, "7", s.ID, name)
	}
}

// A list that fails throughout is an error that says that the job was started.
func TestAJobThatIsNeverFoundWasStarted(t *testing.T) {
	t.Parallel()
	lists := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
		} else if lists++; lists == 1 {
			_, _ = io.WriteString(w, `{"runs":[]}`)
		} else {
			w.WriteHeader(500)
		}
	}, rest.WithDialect(dispatch), oneAttempt)
	var waits []string
	_, err := c.Start(hosted(t.Context(), &waits), transport.CreateRequest{})
	assert.ErrorContains(t, err, "the service has accepted the create, but the job was not found (Dialect.Find): rest: GET")
	assert.ErrorContains(t, err, "500 Internal Server Error")
	assert.Len(t, waits, 5)
	assert.Equal(t, 7, lists)
}
