package mock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// maxRecorded bounds the body of a recorded answer, in bytes.
const maxRecorded = 1 << 20

// Recorder passes requests on to a service and keeps the answers, so that a test can [Replay] them.
// It is an [http.RoundTripper] and safe for concurrent use.
//
//	recorder := mock.NewRecorder(http.DefaultTransport)
//	t, err := rest.New("https://jobs.example.com", rest.WithRoundTripper(recorder))
//	// … wait for a job …
//	err = recorder.Save("testdata/report.json")
//
// Of a request it keeps the method, the path, and the names of the query's parameters without their
// values. Of an answer it keeps the code, the body, its time, its duration, and the headers
// Content-Type, Etag, Retry-After and Location.
//
// It masks secrets wherever an answer echoes them, also escaped for a URL, JSON or HTML. Secrets
// are the values of the request's headers and query, and the password of its URL. It also masks
// what looks like a secret. [Recorder.KeepQuery] and [Recorder.KeepHeader] name values that are no
// secrets. Read the file before you commit it.
type Recorder struct {
	next    http.RoundTripper
	secrets []string

	mu        sync.Mutex
	queries   map[string]bool // names whose values are kept
	headers   map[string]bool
	began     time.Time
	exchanges []exchange
	problem   error
}

// recording is the file: a version, and the exchanges in the order in which they began, as JSON.
type recording struct {
	Version   int        `json:"version"`
	Exchanges []exchange `json:"exchanges"`
}

const recordingVersion = 1

// exchange is one request and its answer.
type exchange struct {
	At     span              `json:"at"` // since the first request
	Took   span              `json:"took,omitzero"`
	Method string            `json:"method"`
	Path   string            `json:"path"` // escaped, and with the query
	Code   int               `json:"code"`
	Header map[string]string `json:"header,omitempty"`
	// The body, in one of three ways.
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"`
}

// span is a duration in the notation of [time.Duration].
type span time.Duration

func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// NewRecorder returns a Recorder that sends requests through next. Nil means
// [http.DefaultTransport]. The secrets are masked wherever they stand.
func NewRecorder(next http.RoundTripper, secrets ...string) *Recorder {
	return &Recorder{next: next, secrets: secrets}
}

// KeepQuery keeps the values of the query parameters with these names, such as an id. It returns r.
func (r *Recorder) KeepQuery(names ...string) *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.queries = with(r.queries, name)
	}
	return r
}

// KeepHeader keeps the values of the request headers with these names where an answer echoes them.
// It returns r.
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

// RoundTrip sends a request and keeps the answer.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r == nil {
		return nil, errors.New("mock: the Recorder is nil")
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
		r.problem = errors.Join(r.problem, fmt.Errorf("mock: the answer to %s %s is over %d bytes", req.Method, req.URL.EscapedPath(), maxRecorded))
		return
	}
	m := mask{keep: r.queries, secrets: spellings(slices.Concat(r.secrets, secretsOf(req, r.queries, r.headers)))}
	e := exchange{At: span(asked.Sub(r.began)).round(), Took: span(took).round(), Method: req.Method, Path: m.target(req.URL.EscapedPath(), req.URL.RawQuery),
		Code: answer.StatusCode, Header: map[string]string{}}
	for _, name := range []string{"Content-Type", "Etag", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			e.Header[name] = m.text(value)
		}
	}
	if value := answer.Header.Get("Location"); value != "" {
		e.Header["Location"] = m.location(value)
	}
	e.keep(body, m)
	r.exchanges = append(r.exchanges, e)
}

func (s span) round() span { return span(time.Duration(s).Round(time.Millisecond)) }

// faulty reads as an error, or as nothing.
type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

// Save writes the recording to a file.
func (r *Recorder) Save(path string) error {
	if r == nil {
		return errors.New("mock: the Recorder is nil")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.problem != nil {
		return r.problem
	}
	slices.SortStableFunc(r.exchanges, func(a, b exchange) int { return cmp.Compare(a.At, b.At) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(recording{recordingVersion, r.exchanges}); err != nil {
		return fmt.Errorf("mock: recording: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("mock: recording: %w", err)
	}
	return nil
}

// keep sets the body, without secrets. A JSON body keeps its shape.
func (e *exchange) keep(body []byte, m mask) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if json.Valid(body) && d.Decode(&v) == nil {
		if text, err := json.Marshal(m.value(v)); err == nil {
			e.JSON = text
			return
		}
	}
	if utf8.Valid(body) {
		e.Text = m.text(string(body))
	} else {
		e.Base64 = []byte(m.plain(string(body)))
	}
}

// body returns the body that keep was given, without secrets.
func (e *exchange) body() string {
	var b bytes.Buffer
	switch {
	case e.JSON != nil && json.Compact(&b, e.JSON) == nil:
		return b.String()
	case e.Base64 != nil:
		return string(e.Base64)
	default:
		return e.Text
	}
}
