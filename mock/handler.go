package mock

import (
	"net/http"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A handler carries out requests, whether they came over HTTP or not.
type handler struct {
	*world
	registry *registry
}

// An operation is the kind of a request.
type operation uint8

const (
	opOther operation = iota
	opStatus
	opCreate
	opCancel
	opBatch // the status of many jobs
	opFind  // the list in which a client looks for the job that it has created
	opFetch // the result of a completed job
	opPush  // a webhook or an event that the service sends
)

// A request is a request of a client, over HTTP or not.
type request struct {
	op           operation
	id           string             // the id in a status or a cancel
	rooted       bool               // whether the id is a path, whose first slash may not belong to the job's id
	ids          []string           // the ids of a batch
	all          bool               // whether a batch names no ids, and asks about all jobs
	result       string             // what a fetch has in place of {result}; "" if it has the id
	name         func(*view) string // what the fetch of a job has there
	key          string             // the idempotency key of a create
	input        []byte             // the input of a create
	revision     int                // the revision of the job in a push
	rev          string             // the revision that the client of a status knows, if the request names one
	hold         time.Duration      // for how long the service may keep a status
	stage        int                // how often the job got another id
	header       http.Header
	method, path string
}

// A reply is the service's reaction to a request.
type reply struct {
	view    *view           // for a status; nil if the job does not exist
	views   []*view         // for a batch, one for each job that it names; nil for a job that does not exist
	answer  *answer         // if not nil, it replaces all other fields
	id      string          // the id of a created job
	known   bool            // whether the job exists
	left    transport.State // the state of the job after a cancel
	held    *held           // not nil for a status that the service may keep; handler.hold completes the reply
	trouble trouble.Trouble
	call    Call
}

// state returns the state of the job that the reply reports.
func (r *reply) state() transport.State {
	if r.view == nil || r.answer != nil || r.trouble.Unreadable() {
		return transport.Unknown
	}
	return r.view.step.state
}

// handle carries out a request.
func (h *handler) handle(req *request) *reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	switch req.op {
	case opBatch:
		return h.batchLocked(req, now)
	case opFind:
		return h.findLocked(req, now)
	case opFetch:
		return h.fetchLocked(req, now)
	}
	j := h.registry.jobs[req.id]
	if j == nil && req.rooted {
		if j = h.registry.jobs[strings.TrimPrefix(req.id, "/")]; j != nil {
			req.id = j.id
		}
	}
	r := &reply{id: req.id, known: j != nil}
	r.call = Call{Time: h.epoch.Add(now), ID: req.id, Method: req.method, Path: req.path, Header: req.header, op: req.op}
	r.trouble = h.meetLocked(req, now)
	if r.trouble.Answer != nil {
		r.answer = answerOf(&r.trouble)
		if j != nil && req.op == opStatus {
			j.polls++
		}
		return r
	}
	switch {
	case h.replayed:
	case req.op == opCreate:
		r.id, r.answer = h.registry.createLocked(req, now)
		r.call.ID = r.id
	case j == nil:
	case req.op == opCancel:
		r.left = j.cancel(h.seed, now)
		h.registry.wakeLocked(j)
	case req.op == opStatus && req.hold > 0 && !r.trouble.Silent:
		j.polls++
		r.held = h.arriveLocked(req, r, j, now)
	case req.op == opStatus:
		j.polls++
		v := h.registry.lookLocked(j, &r.trouble, now)
		r.view, r.answer = &v, v.step.answer
	}
	h.push.tellLocked(j)
	return r
}
