package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// service is where the jobs are that a library waits for, and how often it asks about each.
type service struct {
	url     string
	carrier http.RoundTripper // nil is what the library takes by itself
	every   time.Duration
}

// job returns the URL of a job's status.
func (s service) job(id string) string { return s.url + "/status/" + id }

// client returns what people ask with who name no client.
func (s service) client() *http.Client {
	if s.carrier == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: s.carrier}
}

// library is one that people wait for jobs with.
type library struct {
	name string
	// run waits for all the jobs at once, and calls ended for each, from any goroutine, with how its
	// wait ended.
	run func(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error
}

// libraries has the loop written by hand first: it is what the others are measured by.
var libraries = []library{
	{"loop written by hand", each(loop)},
	{"apimachinery wait", each(kubernetes)},
	{"cenkalti/backoff", each(cenkalti)},
	{"go-retryablehttp", each(retryable)},
	{"terraform StateChangeConf", each(terraform)},
	{"smithy-go waiter", each(smithy)},
	{"azcore Poller", each(azure)},
	{ourName + ", a goroutine each", goroutines},
	{slackName, together(jobstatus.WithSlack(0.25))},
	{ourName, together()},
}

// ourName begins the names of this library's rows. slackName is that of the one whose polls may be
// late.
const (
	ourName   = "jobstatus"
	slackName = ourName + ", slack 0.25"
)

// ours reports whether l is this library.
func (l library) ours() bool { return strings.HasPrefix(l.name, ourName) }

// waits reports whether n waits of l are measured: a million with a goroutine each take more memory
// than most machines have, and one that may be late is no larger.
func (l library) waits(n int) bool { return l.name == ourName || n <= 100_000 && l.name != slackName }

// find returns the library with a name.
func find(name string) (library, error) {
	for _, l := range libraries {
		if l.name == name {
			return l, nil
		}
	}
	return library{}, fmt.Errorf("no library %q", name)
}

// each runs a wait for one job on a goroutine for each.
func each(begin func(service) (wait func(ctx context.Context, id string) error)) func(context.Context, service, iter.Seq[string], func(error)) error {
	return func(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error {
		wait := begin(s)
		var all sync.WaitGroup
		for id := range ids {
			all.Go(func() { ended(wait(ctx, id)) })
		}
		all.Wait()
		return nil
	}
}

// together has a Watcher wait for all jobs in one call.
func together(opts ...jobstatus.Option) func(context.Context, service, iter.Seq[string], func(error)) error {
	return func(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error {
		w, err := watcher(s, opts...)
		if err != nil {
			return err
		}
		defer w.Close()
		for _, err := range w.WaitForJobs(ctx, ids) {
			ended(err)
		}
		return nil
	}
}

// goroutines has a Watcher wait for each job in a call of its own.
func goroutines(ctx context.Context, s service, ids iter.Seq[string], ended func(error)) error {
	w, err := watcher(s)
	if err != nil {
		return err
	}
	defer w.Close()
	return each(func(service) func(context.Context, string) error {
		return func(ctx context.Context, id string) error {
			_, err := w.WaitForJob(ctx, id)
			return err
		}
	})(ctx, s, ids, ended)
}

func watcher(s service, opts ...jobstatus.Option) (*jobstatus.Watcher, error) {
	always := []jobstatus.Option{jobstatus.WithTimeout(jobstatus.Unlimited), jobstatus.WithMaxAttempts(jobstatus.Unlimited)}
	if s.carrier == nil {
		always = append(always, jobstatus.WithBackoff(backoff.Constant(s.every)))
		return jobstatus.NewHTTP(s.url, append(always, opts...)...)
	}
	// Without a network all are polled at once; first polls that need not wait would be spread over an
	// interval.
	always = append(always, jobstatus.WithBackoff(backoff.Sequence(time.Nanosecond, s.every)))
	t, err := rest.New(s.url, rest.WithRoundTripper(s.carrier))
	if err != nil {
		return nil, err
	}
	return jobstatus.New(t, append(always, opts...)...)
}

// The words of the service for where a job stands.
const (
	pending   = "pending"
	completed = "completed"
)

// answer is what the service says of a job.
type answer struct {
	Payload struct {
		Status string `json:"status"`
	} `json:"payload"`
}

// get asks about a job once, as one does without a library.
func get(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	return read(resp.StatusCode, resp.Body)
}

func read(code int, body io.Reader) (string, error) {
	if code != http.StatusOK {
		return "", fmt.Errorf("status code %d", code)
	}
	var a answer
	err := json.NewDecoder(body).Decode(&a)
	return a.Payload.Status, err
}
