package mock

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
)

// words are the dialect's for each state.
var words = map[transport.State]string{
	transport.Pending:   "pending",
	transport.Running:   "running",
	transport.Completed: "completed",
	transport.Failed:    "error",
	transport.Canceled:  "canceled",
}

type envelope struct {
	Meta    meta `json:"meta"`
	Payload any  `json:"payload"`
}

type meta struct {
	Message string `json:"message"`
}

type created struct {
	JobID string `json:"jobID"`
}

type status struct {
	Status   string          `json:"status"`
	Progress float64         `json:"progress,omitempty"`
	Message  string          `json:"message,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
}

// ServeHTTP answers POST /, GET /status/{id} and DELETE /status/{id}.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := Call{Method: r.Method, Path: r.URL.EscapedPath(), Header: r.Header.Clone()}
	a := s.answer(&call, r)
	call.Code = a.code
	s.record(call)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.code)
	if a.code != http.StatusNotModified {
		_, _ = w.Write([]byte(a.body))
	}
}

func (s *Service) answer(call *Call, r *http.Request) *answer {
	segment, isStatus := strings.CutPrefix(call.Path, "/status/")
	id, err := url.PathUnescape(segment)
	isStatus = isStatus && err == nil && segment != "" && !strings.Contains(segment, "/")
	switch {
	case r.Method == http.MethodPost && call.Path == "/":
		id, err := s.create(r.Header.Get("Idempotency-Key"))
		if err != nil {
			return reply(http.StatusInternalServerError, envelope{meta{err.Error()}, nil})
		}
		call.ID = id
		return reply(http.StatusOK, envelope{meta{"Job created successfully"}, created{id}})
	case r.Method == http.MethodGet && isStatus:
		call.ID = id
		step, ok := s.poll(id)
		if !ok {
			return unknown(id)
		}
		return s.tagged(r, statusAnswer(step))
	case r.Method == http.MethodDelete && isStatus:
		call.ID = id
		if !s.cancel(id) {
			return unknown(id)
		}
		return reply(http.StatusOK, envelope{meta{"Job canceled"}, status{Status: "canceled"}})
	default:
		return &answer{code: http.StatusNotFound, body: `{"code":"Not found","message":"Page not found"}`}
	}
}

func statusAnswer(s Step) *answer {
	if s.answer != nil {
		return s.answer
	}
	code := http.StatusOK
	if s.state == transport.Failed {
		code = http.StatusInternalServerError
	}
	return reply(code, envelope{meta{"Job status"}, status{words[s.state], s.progress, s.message, s.result}})
}

// tagged adds an ETag, or answers that nothing has changed.
func (s *Service) tagged(r *http.Request, a *answer) *answer {
	if !s.etags || a.code != http.StatusOK {
		return a
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(a.body))
	tag := fmt.Sprintf(`"%x"`, h.Sum64())
	if r.Header.Get("If-None-Match") == tag {
		return &answer{code: http.StatusNotModified, header: http.Header{"Etag": {tag}}}
	}
	return &answer{code: a.code, header: http.Header{"Etag": {tag}}, body: a.body}
}

func unknown(id string) *answer {
	return reply(http.StatusNotFound, envelope{meta{"failed to find a job with the given job id: " + id}, nil})
}

func reply(code int, e envelope) *answer {
	body, err := json.Marshal(e)
	if err != nil {
		return &answer{code: http.StatusInternalServerError, body: `{"meta":{"message":"not JSON"},"payload":null}`}
	}
	return &answer{code: code, body: string(body)}
}
