package mock

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// maxRecorded bounds the body of an answer that is recorded.
const maxRecorded = 1 << 20

// Recorder carries requests to a service and keeps what it answers, so that a test can play it back with Replay. It is safe for
// concurrent use.
//
//	recorder := mock.NewRecorder(http.DefaultTransport)
//	t, err := rest.New("https://jobs.example.com", rest.WithRoundTripper(recorder))
//	// … wait for a job …
//	err = recorder.Save("testdata/report.json")
//
// Of a request it keeps the method and the path, of an answer the code, the body, when it came and how long it took, and the headers
// Content-Type, Etag, Retry-After and Location. What looks like a secret is taken out of paths and bodies, and so is all that the
// request's own Authorization, Cookie and X-Api-Key say: look through the file all the same before it is committed.
type Recorder struct {
	next    http.RoundTripper
	secrets []string

	mu        sync.Mutex
	began     time.Time
	exchanges []exchange
	problem   error
}

// recording is the file: the JSON of a version and of the exchanges in the order in which they began.
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

// span is a duration that is written as time.Duration prints it.
type span time.Duration

func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// NewRecorder returns a Recorder that sends requests on by next; nil is http.DefaultTransport. The secrets are taken out wherever
// they stand.
func NewRecorder(next http.RoundTripper, secrets ...string) *Recorder {
	return &Recorder{next: cmp.Or(next, http.DefaultTransport), secrets: secrets}
}

// RoundTrip sends a request on and keeps what is answered.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	clk := wait.Clock(req.Context())
	asked := clk.Now()
	answer, err := r.next.RoundTrip(req)
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
	if err != nil {
		return answer, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = asked
	}
	if len(body) > maxRecorded {
		r.problem = errors.Join(r.problem, fmt.Errorf("mock: the answer to %s %s is over %d bytes", req.Method, req.URL.EscapedPath(), maxRecorded))
		return answer, nil
	}
	secrets := slices.Concat(r.secrets, credentials(req.Header))
	e := exchange{At: span(asked.Sub(r.began)), Took: span(clk.Since(asked)).round(), Method: req.Method, Path: cleanPath(req.URL, secrets),
		Code: answer.StatusCode, Header: map[string]string{}}
	for _, name := range []string{"Content-Type", "Etag", "Retry-After", "Location"} {
		if value := answer.Header.Get(name); value != "" {
			e.Header[name] = redact.Text(value, secrets...)
		}
	}
	e.At = e.At.round()
	e.keep(body, secrets)
	r.exchanges = append(r.exchanges, e)
	return answer, nil
}

func (s span) round() span { return span(time.Duration(s).Round(time.Millisecond)) }

// faulty is a reader of an error, or of nothing.
type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

// Save writes what was recorded to a file.
func (r *Recorder) Save(path string) error {
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

// credentials returns the words of a request's headers that say who asks.
func credentials(h http.Header) (words []string) {
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key"} {
		for _, value := range h[name] {
			for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ';' || r == '=' }) {
				if len(word) >= 8 {
					words = append(words, word)
				}
			}
		}
	}
	return words
}

// cleanPath returns a path and its query without secrets.
func cleanPath(u *url.URL, secrets []string) string {
	path := u.EscapedPath()
	if u.RawQuery != "" {
		query := u.Query()
		for name := range query {
			if redact.IsSecretName(name) {
				query[name] = []string{redact.Mask}
			}
		}
		path += "?" + query.Encode()
	}
	for _, secret := range secrets {
		if secret != "" {
			path = strings.ReplaceAll(path, secret, redact.Mask)
		}
	}
	return path
}

// keep sets the body, without secrets. Of JSON the shape remains.
func (e *exchange) keep(body []byte, secrets []string) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if json.Valid(body) && d.Decode(&v) == nil {
		if text, err := json.Marshal(clean(v, secrets)); err == nil {
			e.JSON = text
			return
		}
	}
	if utf8.Valid(body) {
		e.Text = redact.Text(string(body), secrets...)
	} else {
		e.Base64 = body
	}
}

// body returns what keep was given, without secrets.
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

func clean(v any, secrets []string) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if v[key] = clean(value, secrets); redact.IsSecretName(key) {
				v[key] = redact.Mask
			}
		}
	case []any:
		for i, value := range v {
			v[i] = clean(value, secrets)
		}
	case string:
		return redact.Text(v, secrets...)
	}
	return v
}

// Replay makes a Server answer as a recorded service did. To a GET it says what the service said last by then, as long after the
// first request as it was in the recording, so a test may ask at other times than the recording did; other requests are answered in
// their order. Faults go on top. Each answer takes as long as it took. For Calls and assertions the id of a request is the last segment of its path.
func Replay(file string) Option {
	line := caller()
	return func(c *config) {
		data, err := os.ReadFile(file)
		var r *replay
		if err == nil {
			r, err = newReplay(data)
		}
		if err != nil {
			c.problem("%s: replay of %s: %w", line, file, err)
			return
		}
		c.dialect, c.overHTTP, c.replayed = r, "Replay", true
	}
}

// replay is the dialect of a recording.
type replay struct {
	exchanges map[string][]exchange // by method and path

	mu    sync.Mutex
	began time.Time
	asked map[string]int // other requests than GET
}

func newReplay(data []byte) (*replay, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var file recording
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if file.Version != recordingVersion {
		return nil, fmt.Errorf("its version is %d, and this package reads version %d", file.Version, recordingVersion)
	}
	r := &replay{exchanges: map[string][]exchange{}, asked: map[string]int{}}
	last := span(0)
	for i, e := range file.Exchanges {
		if e.At < last || e.Took < 0 || e.Code < 200 || e.Code > 599 || e.Method == "" || !strings.HasPrefix(e.Path, "/") {
			return nil, fmt.Errorf("exchange %d: its times, code, method or path can't be", i+1)
		}
		last = e.At
		key := e.Method + " " + e.Path
		r.exchanges[key] = append(r.exchanges[key], e)
	}
	if len(r.exchanges) == 0 {
		return nil, errors.New("it is empty")
	}
	return r, nil
}

func (r *replay) read(req *http.Request) *request {
	out := &request{header: req.Header, method: req.Method, path: cleanPath(req.URL, credentials(req.Header))}
	switch req.Method {
	case http.MethodGet:
		out.op = opStatus
		out.id, _ = url.PathUnescape(req.URL.EscapedPath()[strings.LastIndexByte(req.URL.EscapedPath(), '/')+1:])
	case http.MethodPost:
		out.op = opCreate
	case http.MethodDelete:
		out.op = opCancel
	}
	return out
}

func (r *replay) write(req *request, rep *reply) *answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.began.IsZero() {
		r.began = rep.call.Time
	}
	key := req.method + " " + req.path
	all := r.exchanges[key]
	if len(all) == 0 {
		return &answer{code: http.StatusNotFound, body: fmt.Sprintf(`{"message":%q}`, "not recorded: "+key)}
	}
	n := r.asked[key]
	if req.method == http.MethodGet {
		at := span(rep.call.Time.Sub(r.began))
		for n = 0; n+1 < len(all) && all[n+1].At <= at; n++ {
		}
	} else {
		r.asked[key]++
	}
	e := all[min(n, len(all)-1)]
	a := &answer{code: e.Code, body: e.body(), header: http.Header{}, took: time.Duration(e.Took)}
	for name, value := range e.Header {
		a.header.Set(name, value)
	}
	return a
}
