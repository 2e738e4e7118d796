package mock

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/tape"
)

// Replay makes a [Server] answer like the service of a recording, which is a file of package
// record. A GET gets the newest answer that the real service had given at that time, counted from
// the first request. So a test may poll at other times than the recording. Other requests are
// answered in the recorded order. A masked part of a recorded request matches any text. Each answer
// takes as long as the recorded one. Every [Fault] applies too.
//
// For [Service.Calls] and the assertions, the id in a request is the last segment of its path.
func Replay(file string) Option {
	line := caller()
	return func(c *config) {
		data, err := os.ReadFile(file)
		var player *tape.Player
		if err == nil {
			player, err = tape.NewPlayer(data)
		}
		if err != nil {
			c.problem("%s: replay of %s: %w", line, file, err)
			return
		}
		c.dialect, c.overHTTP, c.replayed = &replay{player: player}, "Replay", true
	}
}

// replay is the dialect of a recording.
type replay struct {
	player *tape.Player

	mu    sync.Mutex
	began time.Time // when the first request came
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
	path, query, _ := strings.Cut(req.path, "?")
	e := r.player.Play(req.method, path, query, rep.call.Time.Sub(r.began))
	if e == nil {
		asked := req.method + " " + (&tape.Mask{}).Target(path, query)
		return &answer{code: http.StatusNotFound, body: fmt.Sprintf(`{"message":%q}`, "not recorded: "+asked)}
	}
	a := &answer{code: e.Code, body: e.Body(), header: http.Header{}, took: time.Duration(e.Took)}
	for name, value := range e.Header {
		a.header.Set(name, value)
	}
	return a
}
