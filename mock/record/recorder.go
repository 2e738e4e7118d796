package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/mock/internal/tape"
)

// maxRecorded bounds the body of a recorded answer, in bytes.
const maxRecorded = 1 << 20

// Recorder sends requests to a service and records the answers. It is an [http.RoundTripper] and
// safe for concurrent use. Use [New] to make one.
//
// Of a request it records the method, the path, and the names of the query's parameters without
// their values. Of an answer it records the status code, the body, the time and the duration, and
// the headers Content-Type, Etag, Retry-After and Location.
//
// It masks secrets wherever they occur in an answer, even if they are escaped for a URL, JSON or
// HTML. Secrets are the values of the request's headers and query, and the password of its URL.
// Text that looks like a secret is masked too. [Recorder.KeepQuery] and [Recorder.KeepHeader] name
// values that are not secrets. Read the file before you commit it.
type Recorder struct {
	next    http.RoundTripper
	secrets []string

	mu        sync.Mutex
	queries   map[string]bool // names whose values are kept
	headers   map[string]bool
	began     time.Time
	exchanges []tape.Exchange
	problem   error
}

// New returns a Recorder that sends requests through next. If next is nil, it uses
// [http.DefaultTransport]. The given secrets are masked wherever they occur.
func New(next http.RoundTripper, secrets ...string) *Recorder {
	return &Recorder{next: next, secrets: secrets}
}

// KeepQuery makes r record the values of the query parameters with these names, such as an id. It
// returns r.
func (r *Recorder) KeepQuery(names ...string) *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.queries = with(r.queries, name)
	}
	return r
}

// KeepHeader makes r record the values of the request headers with these names where they occur in
// an answer. It returns r.
func (r *Recorder) KeepHeader(names ...string) *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.headers = with(r.headers, http.CanonicalHeaderKey(name))
	}
	return r
}

// with adds a name to a set.
func with(set map[string]bool, name string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[name] = true
	return set
}

// RoundTrip sends a request and records the answer.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r == nil {
		return nil, errors.New("record: the Recorder is nil")
	}
	clk := wait.Clock(req.Context())
	asked := clk.Now()
	answer, err := cmp.Or(r.next, http.DefaultTransport).RoundTrip(req)
	if err != nil {
		return nil, err // a replay has no faults but those that it is given
	}
	if answer.StatusCode == http.StatusNotModified {
		return answer, nil // what was said before still holds
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRecorded+1))
	rest := answer.Body
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), faulty{err}, rest), rest}
	if err == nil {
		r.record(req, answer, body, asked, clk.Since(asked))
	}
	return answer, nil
}

// record keeps one exchange.
func (r *Recorder) record(req *http.Request, answer *http.Response, body []byte, asked time.Time, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = asked
	}
	if len(body) > maxRecorded {
		r.problem = errors.Join(r.problem, fmt.Errorf("record: the answer to %s %s is over %d bytes", req.Method, req.URL.EscapedPath(), maxRecorded))
		return
	}
	m := &tape.Mask{Keep: r.queries, Secrets: tape.Spellings(slices.Concat(r.secrets, tape.SecretsOf(req, r.queries, r.headers)))}
	e := tape.Exchange{At: tape.SpanOf(asked.Sub(r.began)), Took: tape.SpanOf(took), Method: req.Method,
		Path: m.Target(req.URL.EscapedPath(), req.URL.RawQuery), Code: answer.StatusCode, Header: map[string]string{}}
	for _, name := range []string{"Content-Type", "Etag", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			e.Header[name] = m.Text(value)
		}
	}
	if value := answer.Header.Get("Location"); value != "" {
		e.Header["Location"] = m.Location(value)
	}
	e.SetBody(body, m)
	r.exchanges = append(r.exchanges, e)
}

// faulty reads as an error, or as nothing.
type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

// Save writes the recording to a file. It returns an error if the body of an answer has more than 1
// MiB, or if the file cannot be written.
func (r *Recorder) Save(path string) error {
	if r == nil {
		return errors.New("record: the Recorder is nil")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem != nil {
		return r.problem
	}
	slices.SortStableFunc(r.exchanges, func(a, b tape.Exchange) int { return cmp.Compare(a.At, b.At) })
	text, err := tape.Encode(r.exchanges)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}
