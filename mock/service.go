package mock

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Option sets one property of a service that [NewServer], [NewTransport] or [NewService] makes.
type Option func(*config)

type config struct {
	*Service
	listen   string
	memory   bool
	overHTTP string // the option that needs HTTP
	problems []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

// notNegative returns n. If n is negative, it records a problem of an option on the given line.
func (c *config) notNegative(line, option string, n int) int {
	if n < 0 {
		c.problem("%s: %s(%d): must not be negative", line, option, n)
	}
	return max(n, 0)
}

// WithClock sets the clock of the service and its jobs. The default is the real clock.
func WithClock(clk clock.Clock) Option { return func(c *config) { c.clock = clk } }

// WithSeed sets the seed of all draws. The default is 0.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithETags makes the HTTP service send an ETag with each status. It answers 304 to a client that
// has the status already.
func WithETags() Option { return func(c *config) { c.etags = true } }

// WithTimes makes a [Transport] report when a job was created, updated and finished. Over HTTP
// these times need a Dialect with places for them.
func WithTimes() Option { return func(c *config) { c.times = true } }

// WithDialect sets the Dialect of the HTTP service, at the root of its host. The default is the
// default dialect, in which the status code for a failed job is 500. A job of a dialect with Then
// keeps its id: it goes on under Then once it is no longer pending.
func WithDialect(d rest.Dialect) Option {
	line := caller()
	return func(c *config) {
		var err error
		if c.dialect, err = newFields(d); err != nil {
			c.problem("%s: dialect: %w", line, err)
		}
	}
}

// WithIDs sets the source of the ids of created jobs. The default counts, so that every run of a
// test has the same ids.
func WithIDs(next func() string) Option {
	return func(c *config) {
		if next != nil {
			c.nextID = next
		}
	}
}

// KeepCalls sets how many of the newest calls are kept; 0 is none. The default is all, which takes
// too much memory in a service that runs for long. An assertion that needs a dropped call fails.
func KeepCalls(n int) Option {
	line := caller()
	return func(c *config) { c.keep = c.notNegative(line, "KeepCalls", n) }
}

// KeepJobs sets how many of the newest jobs are kept. Older jobs are not found any more. The
// default, 0, is all, which takes too much memory in a service that runs for long.
func KeepJobs(n int) Option {
	line := caller()
	return func(c *config) { c.keepJobs = c.notNegative(line, "KeepJobs", n) }
}

// OnCall sets a function that is called with each request just before its answer is sent, one at a
// time. It must not call the service.
func OnCall(f func(Call)) Option { return func(c *config) { c.onCall = f } }

// Job adds a job with the given id and script, which exists from the start. The steps follow one
// another. The last one ends the job or lasts [Forever].
//
//	mock.Job("report-1",
//		mock.Pending(30*time.Second),
//		mock.RunningPolls(2).With(0.5, "half way"),
//		mock.Completed(nil))
//
// The first step begins when the service is made, and each other step when the one before it ends.
// A step of n polls ends with its last poll.
func Job(id string, steps ...Step) Option {
	return scripted(caller(), slices.Values([]string{id}), steps)
}

// Jobs adds many jobs with the same script. Draws differ from job to job.
func Jobs(ids iter.Seq[string], steps ...Step) Option { return scripted(caller(), ids, steps) }

func scripted(line string, ids iter.Seq[string], steps []Step) Option {
	return func(c *config) {
		problem := check(steps)
		if ids == nil {
			c.problem("%s: jobs: the ids are nil", line)
			return
		}
		for id := range ids {
			if c.registry.jobs[id] != nil {
				c.problem("%s: job %q has two scripts", line, id)
			}
			if problem != nil {
				c.problem("%s: job %q: %w", line, id, problem)
				return
			}
			c.registry.addLocked(&job{id: id, steps: steps})
		}
	}
}

// Kind sets the script of created jobs whose input has that kind, such as {"kind": "transcode"}.
func Kind(kind string, steps ...Step) Option {
	line := caller()
	return func(c *config) {
		if err := check(steps); err != nil {
			c.problem("%s: kind %q: %w", line, kind, err)
		}
		if c.kinds[kind] != nil {
			c.problem("%s: kind %q has two scripts", line, kind)
		}
		c.kinds[kind] = steps
	}
}

// Created sets the script of all other created jobs. By default a job is [Pending] for 10 seconds
// and then [Completed].
func Created(steps ...Step) Option {
	line := caller()
	return func(c *config) {
		if err := check(steps); err != nil {
			c.problem("%s: created jobs: %w", line, err)
		}
		c.script = func(Creation) []Step { return steps }
	}
}

// CreatedBy is [Created] with a script for each job. The function is called for one job at a time
// and must not call the service. An impossible script is answered with 500.
func CreatedBy(script func(Creation) []Step) Option {
	line := caller()
	return func(c *config) {
		if script == nil {
			c.problem("%s: created jobs: the function is nil", line)
		}
		c.script, c.scriptLine = script, line
	}
}

// Creation describes a job that is about to be created.
type Creation struct {
	// N is the number of the created job, counted from 1.
	N int
	// ID is the id of the new job.
	ID string
	// Kind is the kind that the input names. Input is the input itself, empty if there was none.
	Kind  string
	Input json.RawMessage
	// Random is drawn evenly between 0 and 1, from the seed and the ID.
	Random float64
}

// caller returns the line that called the function that called caller.
func caller() string {
	_, file, line, _ := runtime.Caller(2)
	return fmt.Sprintf("%s:%d", file, line)
}

// Service is a service of scripted jobs. It is an [http.Handler] and safe for concurrent use.
type Service struct {
	*world
	registry *registry
	journal  *journal
	desk     *desk
}

// world is what all parts of a Service stand on: its options, its clock and its lock.
type world struct {
	settings
	clock clock.Clock
	epoch time.Time
	push  *push // nil if nothing is told unasked
	mu    sync.Mutex
}

// settings are what the options say of a Service.
type settings struct {
	seed       uint64
	etags      bool
	times      bool
	replayed   bool // the dialect knows all answers
	dialect    dialect
	nextID     func() string
	keep       int // calls, all if negative
	keepJobs   int // all if 0
	maxBatch   int // no limit if 0
	onCall     func(Call)
	script     func(Creation) []Step
	scriptLine string
	kinds      map[string][]Step
	faults     []*mishap
}

// A registry is the jobs of a Service. It is guarded by world.mu.
type registry struct {
	*world
	jobs    map[string]*job
	order   []*job            // as they came
	keys    map[string]string // ids by idempotency key
	created int
}

// A desk carries out what is asked.
type desk struct {
	*world
	registry *registry
}

var errNotMade = errors.New("the service was not made by NewServer, NewTransport or NewService")

// made reports whether a function of this package made s.
func (s *Service) made() bool { return s != nil && s.world != nil }

// NewService returns a Service. If options are wrong, the error joins the problems of all of them.
func NewService(opts ...Option) (*Service, error) {
	c, err := newConfig(opts)
	return c.Service, err
}

func newConfig(opts []Option) (*config, error) {
	d := &world{clock: clock.New(), settings: settings{
		keep:   -1,
		script: func(Creation) []Step { return []Step{Pending(10 * time.Second), Completed(nil)} },
		kinds:  map[string][]Step{},
	}}
	g := &registry{world: d, jobs: map[string]*job{}, keys: map[string]string{}}
	s := &Service{world: d, registry: g, journal: &journal{world: d, registry: g}, desk: &desk{world: d, registry: g}}
	plain, _ := newFields(rest.Dialect{})
	plain.plain = true
	s.dialect = plain
	s.nextID = func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.registry.created) }
	c := &config{Service: s, listen: "127.0.0.1:0"}
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	if c, ok := s.clock.(*Clock); s.clock == nil || ok && c == nil {
		s.clock = clock.New()
	}
	s.epoch = s.clock.Now()
	s.push.begin(s)
	return c, errors.Join(c.problems...)
}

// addLocked makes a job known.
func (g *registry) addLocked(j *job) {
	g.jobs[j.id] = j
	g.order = append(g.order, j)
	g.push.watchLocked(j)
	if g.keepJobs > 0 && len(g.order) > g.keepJobs {
		old := g.order[0]
		g.order = g.order[1:]
		delete(g.jobs, old.id)
		delete(g.keys, old.key)
		g.push.forget(old.id)
	}
}

// now returns the age of the service.
func (d *world) now() time.Duration { return d.clock.Since(d.epoch) }

// An operation is what a request asks for.
type operation uint8

const (
	opOther operation = iota
	opStatus
	opCreate
	opCancel
	opBatch // many of opStatus
	opPush  // what the service tells unasked
)

// A request is what a client asks, over HTTP or not.
type request struct {
	op           operation
	id           string   // of a status or a cancel
	ids          []string // of a batch
	key          string   // of a create
	input        []byte   // of a create
	revision     int      // of a push
	stage        int      // how often the job got another id
	header       http.Header
	method, path string
}

// A reply is the service's reaction to a request.
type reply struct {
	view    *view   // of a status, nil if there is no such job
	views   []*view // of a batch, as many as it names jobs, nil if there is no such job
	answer  *answer // in place of all else, if not nil
	id      string  // of a create
	known   bool    // whether there is such a job
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
func (k *desk) handle(req *request) *reply {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if req.op == opBatch {
		return k.batchLocked(req, now)
	}
	j := k.registry.jobs[req.id]
	r := &reply{id: req.id, known: j != nil}
	r.call = Call{Time: k.epoch.Add(now), ID: req.id, Method: req.method, Path: req.path, Header: req.header, op: req.op}
	r.trouble = k.meetLocked(req, now)
	if r.trouble.Answer != nil {
		r.answer = answerOf(&r.trouble)
		if j != nil && req.op == opStatus {
			j.polls++
		}
		return r
	}
	switch {
	case k.replayed:
	case req.op == opCreate:
		r.id, r.answer = k.registry.createLocked(req, now)
		r.call.ID = r.id
	case j == nil:
	case req.op == opCancel:
		j.cancel(k.seed, now)
	case req.op == opStatus:
		j.polls++
		v := k.registry.lookLocked(j, &r.trouble, now)
		r.view, r.answer = &v, v.step.answer
	}
	k.push.tellLocked(j)
	return r
}

// lookLocked returns the answer of a job to one poll.
func (g *registry) lookLocked(j *job, t *trouble.Trouble, now time.Duration) view {
	v := j.poll(g.seed, now)
	switch {
	case t.Back:
		v = view{id: j.id, step: &j.steps[0], created: j.created, updated: j.created, progress: j.steps[0].progress}
	case t.Lag > 0:
		v = j.before(g.seed, max(now-t.Lag, j.created))
	}
	v.epoch = g.epoch
	g.push.tellLocked(j)
	return v
}

// maxWord bounds the kind and the idempotency key of a job, in bytes.
const maxWord = 256

// createLocked starts a job, or returns the job that was started under the same key.
func (g *registry) createLocked(req *request, now time.Duration) (id string, problem *answer) {
	if id, ok := g.keys[req.key]; ok {
		return id, nil
	}
	var input struct{ Kind string }
	_ = json.Unmarshal(req.input, &input) // a job of no kind
	for what, text := range map[string]string{"kind": input.Kind, "idempotency key": req.key} {
		if len(text) > maxWord {
			return "", &answer{code: http.StatusBadRequest, body: fmt.Sprintf(`{"meta":{"message":"the %s is over %d bytes"}}`, what, maxWord)}
		}
	}
	g.created++
	c := Creation{N: g.created, ID: g.nextID(), Kind: input.Kind, Input: req.input}
	c.Random = random(g.seed, c.ID, 1<<32)
	steps := g.kinds[c.Kind]
	if steps == nil {
		steps = g.script(c)
		if err := check(steps); err != nil {
			return "", &answer{code: http.StatusInternalServerError, body: fmt.Sprintf("%s: created job %d: %v", g.scriptLine, c.N, err)}
		}
	}
	if req.key != "" {
		g.keys[req.key] = c.ID
	}
	g.addLocked(&job{id: c.ID, kind: c.Kind, key: req.key, steps: steps, created: now, since: now})
	return c.ID, nil
}
