package tape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// A Player has the answers of a recording. It is not safe for concurrent use.
type Player struct {
	requests []*recorded
}

// recorded is a recorded request with its answers.
type recorded struct {
	method, path string
	query        url.Values
	exchanges    []Exchange
	asked        int // how often it was played so far, unless it is a GET
}

// NewPlayer returns the Player of a recording.
func NewPlayer(data []byte) (*Player, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var f file
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if f.Version != version {
		return nil, fmt.Errorf("its version is %d, and this package reads version %d", f.Version, version)
	}
	p := &Player{}
	known := map[string]*recorded{}
	last := Span(0)
	for i, e := range f.Exchanges {
		if e.At < last || e.Took < 0 || e.Code < 200 || e.Code > 599 || e.Method == "" || !strings.HasPrefix(e.Path, "/") {
			return nil, fmt.Errorf("exchange %d: its times, code, method or path can't be", i+1)
		}
		last = e.At
		key := e.Method + " " + e.Path
		if known[key] == nil {
			path, query, _ := strings.Cut(e.Path, "?")
			known[key] = &recorded{method: e.Method, path: path}
			known[key].query, _ = url.ParseQuery(query)
			p.requests = append(p.requests, known[key])
		}
		known[key].exchanges = append(known[key].exchanges, e)
	}
	if len(p.requests) == 0 {
		return nil, errors.New("it is empty")
	}
	return p, nil
}

// Play returns the recorded answer to a request, or nil if no such request was recorded. For a GET
// it is the answer that the service last gave by the time at, counted from the first request. For
// any other method the answers follow in the recorded order, and the last one repeats.
func (p *Player) Play(method, path, rawQuery string, at time.Duration) *Exchange {
	query, _ := url.ParseQuery(rawQuery)
	known := p.find(method, path, query)
	if known == nil {
		return nil
	}
	all, n := known.exchanges, known.asked
	if method == http.MethodGet {
		for n = 0; n+1 < len(all) && all[n+1].At <= Span(at); n++ {
		}
	} else {
		known.asked++
	}
	return &all[min(n, len(all)-1)]
}

// find returns the recorded request that matches a request with the fewest masks, or nil.
func (p *Player) find(method, path string, query url.Values) (best *recorded) {
	fewest := 0
	for _, k := range p.requests {
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

// likePath reports whether a path matches a recorded path. Each mask in the recorded path matches
// any part of one segment.
func likePath(recorded, path string) bool {
	return slices.EqualFunc(strings.Split(recorded, "/"), strings.Split(path, "/"), like)
}

// like reports whether a text matches a recorded text. Each mask in the recorded text matches any
// text.
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
