package mock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// Replay makes a [Server] answer like the service of a recording. The file is one that
// [Recorder.Save] wrote. For a GET the time decides: the answer is the one that the service last
// gave by then, counted from the first request. So a test may poll at other times than the
// recording did. Other requests are answered in the recorded order. A masked part of a request
// matches any text. Each answer takes as long as it took. A [Fault] applies as to any service.
//
// For [Service.Calls] and the assertions, the id of a request is the last segment of its path.
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
	requests []*recorded

	mu    sync.Mutex
	began time.Time
}

// recorded is a recorded request with its answers.
type recorded struct {
	method, path string
	query        url.Values
	exchanges    []exchange
	asked        int // so far, if it is no GET
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
	r := &replay{}
	known := map[string]*recorded{}
	last := span(0)
	for i, e := range file.Exchanges {
		if e.At < last || e.Took < 0 || e.Code < 200 || e.Code > 599 || e.Method == "" || !strings.HasPrefix(e.Path, "/") {
			return nil, fmt.Errorf("exchange %d: its times, code, method or path can't be", i+1)
		}
		last = e.At
		key := e.Method + " " + e.Path
		if known[key] == nil {
			path, query, _ := strings.Cut(e.Path, "?")
			known[key] = &recorded{method: e.Method, path: path}
			known[key].query, _ = url.ParseQuery(query)
			r.requests = append(r.requests, known[key])
		}
		known[key].exchanges = append(known[key].exchanges, e)
	}
	if len(r.requests) == 0 {
		return nil, errors.New("it is empty")
	}
	return r, nil
}

func (r *replay) read(req *http.Request) *request {
	path := req.URL.EscapedPath()
	out := &request{header: req.Header, method: req.Method, path: path}
	if req.URL.RawQuery != "" {
		out.path += "?" + req.URL.RawQuery
	}
	switch req.Method {
	case http.MethodGet:
		out.op = opStatus
		out.id, _ = url.PathUnescape(path[strings.LastIndexByte(path, '/')+1:])
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
	path, text, _ := strings.Cut(req.path, "?")
	query, _ := url.ParseQuery(text)
	known := r.find(req.method, path, query)
	if known == nil {
		asked := req.method + " " + (&mask{}).target(path, text)
		return &answer{code: http.StatusNotFound, body: fmt.Sprintf(`{"message":%q}`, "not recorded: "+asked)}
	}
	all, n := known.exchanges, known.asked
	if req.method == http.MethodGet {
		at := span(rep.call.Time.Sub(r.began))
		for n = 0; n+1 < len(all) && all[n+1].At <= at; n++ {
		}
	} else {
		known.asked++
	}
	e := all[min(n, len(all)-1)]
	a := &answer{code: e.Code, body: e.body(), header: http.Header{}, took: time.Duration(e.Took)}
	for name, value := range e.Header {
		a.header.Set(name, value)
	}
	return a
}

// find returns the recorded request that matches a request with the fewest masks, or nil.
func (r *replay) find(method, path string, query url.Values) (best *recorded) {
	fewest := 0
	for _, k := range r.requests {
		if masked, ok := k.fits(method, path, query); ok && (best == nil || masked < fewest) {
			best, fewest = k, masked
		}
	}
	return best
}

// fits reports whether k matches a request, and how much of it is masked.
func (k *recorded) fits(method, path string, query url.Values) (masked int, ok bool) {
	if k.method != method || !likePath(k.path, path) || len(k.query) != len(query) {
		return 0, false
	}
	masked = strings.Count(k.path, redact.Mask)
	for name, want := range k.query {
		if !slices.EqualFunc(want, query[name], like) {
			return 0, false
		}
		masked += strings.Count(strings.Join(want, ""), redact.Mask)
	}
	return masked, true
}

// likePath reports whether a path is what was recorded, in which each mask stands for any part of
// one segment.
func likePath(recorded, path string) bool {
	return slices.EqualFunc(strings.Split(recorded, "/"), strings.Split(path, "/"), like)
}

// like reports whether a text is what was recorded, in which each mask stands for any text.
func like(recorded, text string) bool {
	parts := strings.Split(recorded, redact.Mask)
	if len(parts) == 1 {
		return recorded == text
	}
	text, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		var found bool
		_, text, found = strings.Cut(text, part)
		ok = ok && found
	}
	return ok && strings.HasSuffix(text, parts[len(parts)-1])
}
